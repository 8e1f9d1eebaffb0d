"""Who watches what: rendezvous hashing, so that a lost detector moves only its own cameras. Pure."""

import hashlib
from collections.abc import Collection


def owner(source: str, detectors: Collection[str]) -> str:
    """The detector that should watch this source; every detector that knows the same names agrees.

    `detectors` must not be empty.
    """
    return max(detectors, key=lambda name: hashlib.sha256(f"{source}\0{name}".encode()).digest())


def mine(me: str, sources: Collection[str], alive: Collection[str]) -> frozenset[str]:
    """The sources this detector should watch, counting itself among the living."""
    detectors = sorted({me, *alive})
    loads: dict[str, int] = dict.fromkeys(detectors, 0)
    share = -(-len(sources) // len(detectors))
    taken = set()
    for source in sorted(sources):
        free = [name for name in detectors if loads[name] < share]
        chosen = owner(source, free)
        loads[chosen] += 1
        if chosen == me:
            taken.add(source)
    return frozenset(taken)
