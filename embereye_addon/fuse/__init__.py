"""Evidence and what it adds up to: pure functions from (state, input, now) to (new state, result)."""
