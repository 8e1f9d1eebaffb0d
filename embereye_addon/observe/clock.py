"""The one door to the wall clock."""

import time


def utc_s() -> float:
    """Seconds since 1970 in UTC; for people, the journal and latency figures, never for a decision."""
    return time.time()
