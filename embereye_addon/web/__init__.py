"""The page, its API and the metrics."""
