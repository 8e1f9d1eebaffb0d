"""The last minutes of what every source claimed, so that an alarm's own can be kept and other settings tried on it."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from embereye_addon.messages import HotSpots, Message, Reading, Sighting

BEFORE_S = 120.0
AFTER_S = 60.0
SLACK_S = 10.0
"""An alarm is delivered a little later than it was decided."""
BYTES_MAX = 16 << 20
"""Of all sources; with more than a hundred at once it holds less than the whole time."""
FILE_MAX = 2 << 20
"""Of one alarm; what is farthest from its end is left out."""


class Said(msgspec.Struct, frozen=True):
    """One line of recorded bus traffic: seconds since the recording began, and the message."""

    t: float
    say: Sighting | HotSpots | Reading


@dataclass(slots=True)
class Traffic:
    """Messages as JSON with the time of their arrival; what is of no zone is left out. `zone_of` is by source."""

    zone_of: Mapping[str, str] = field(default_factory=dict)
    before_s: float = BEFORE_S
    after_s: float = AFTER_S
    clock_s: Callable[[], float] = time.monotonic
    held: int = 0
    _lines: deque[tuple[float, str, bytes]] = field(default_factory=deque)

    def take(self, fact: Message) -> None:
        """Note one message, if it is a claim."""
        zone = self.zone_of.get(fact.source) if isinstance(fact, Sighting | HotSpots | Reading) else None
        if zone is None:
            return
        now_s, line = self.clock_s(), msgspec.json.encode(fact)
        self._lines.append((now_s, zone, line))
        self.held += len(line)
        oldest_s = now_s - self.before_s - self.after_s - SLACK_S
        while self._lines and (self._lines[0][0] < oldest_s or self.held > BYTES_MAX):
            self.held -= len(self._lines.popleft()[2])

    def around(self, zone: str, at_s: float) -> tuple[float, float, bytes]:
        """When it begins and ends (of the same clock as `at_s`), and a zone's messages, a line each; b'' for none."""
        kept = deque[tuple[float, bytes]]()
        size = 0
        for said_s, of, line in self._lines:
            if of == zone and at_s - self.before_s <= said_s <= at_s + self.after_s:
                kept.append((said_s, line))
                size += len(line)
                while size > FILE_MAX:
                    size -= len(kept.popleft()[1])
        if not kept:
            return at_s, at_s, b""
        first_s = kept[0][0]
        lines = (b'{"t":%.3f,"say":%b}\n' % (said_s - first_s, line) for said_s, line in kept)
        return first_s, kept[-1][0], b"".join(lines)
