"""What should run on a node: the table of `topology`, made concrete. Pure."""

from dataclasses import dataclass

import msgspec

from embereye_addon.settings.model import Site
from embereye_addon.topology import PROCESSES, Process

MOST_DETECTORS = 8
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""`alarm-semantics`: 1, 2, 4, 8, 15 s, then every 15 s."""
ALLOCATOR = {"MALLOC_ARENA_MAX": "2"}
"""Environment of every process. glibc gives up to eight heaps a core to threads, and a detector has a thread a camera:
with two of them 16 cameras of 640x480 take 3.2 MiB each in place of 4.8.
"""
RESTARTS_IN_A_ROW = 5
"""So many deaths, none after as much as a minute of life, are a standing fault."""


@dataclass(frozen=True, slots=True)
class Role:
    """One process that should run: a row of the table and its number among its copies."""

    process: Process
    index: int

    @property
    def name(self) -> str:
        """`panel`, or `detector-1` where there are several."""
        return f"{self.process.name}-{self.index}" if self.process.count != 1 else self.process.name


def roles(site: Site, cores: int) -> tuple[Role, ...]:
    """Every process of a node, in starting order."""
    found: list[Role] = []
    for process in PROCESSES:
        if process.only_with and not getattr(site, process.only_with):
            continue
        copies = process.count or site.detection.shards or min(MOST_DETECTORS, max(1, cores))
        found.extend(Role(process, index) for index in range(copies))
    return tuple(found)


def sections_changed(before: Site, after: Site) -> frozenset[str]:
    """The settings sections that differ."""
    was, now = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    return frozenset(name for name in now if was[name] != now[name])


@dataclass(frozen=True, slots=True)
class Deaths:
    """When one process ended last (monotonic s), how often in a row, and when it may start again."""

    last_s: float = 0.0
    in_row: int = 0
    start_at_s: float = 0.0

    @property
    def too_many(self) -> bool:
        """Whether it is a fault by now."""
        return self.in_row >= RESTARTS_IN_A_ROW


def died(deaths: Deaths, lived_s: float, now_s: float) -> Deaths:
    """After one more end; a process that lived a minute starts the back-off anew."""
    in_row = 0 if lived_s >= 60.0 else deaths.in_row
    delay_s = BACK_OFF_S[min(in_row, len(BACK_OFF_S) - 1)]
    return Deaths(now_s, in_row + 1, now_s + delay_s)
