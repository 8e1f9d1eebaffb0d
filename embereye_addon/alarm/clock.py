"""The two clocks of a decision."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Now:
    """Monotonic seconds decide, UTC seconds are for people."""

    mono_s: float
    at: float
