"""Bus traffic through the deciding parts with a clock of its own: what the panel process does, without the process.

A line of `input.jsonl` is a message (`say`), an order (`order`), a restart (`restart`) or the `end`, with its time `t`
(s); `times` and `every_s` repeat it. The first line is the `site`.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from embereye_addon.alarm import orders
from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Kept, Note, Panel
from embereye_addon.alarm.zone import Change, Wanted, Zone
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.messages import Acknowledge, HotSpots, Reading, Reset, Resound, Sighting, Silence

EPOCH = 1_700_000_000.0
TICK_S = 0.5


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One zone of a scenario, with the sources in it."""

    sources: tuple[str, ...]
    sensitivity: str = "normal"
    clear_s: float = 30.0


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line: zones by their id."""

    site: dict[str, Place]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every other line."""

    t: float
    say: Sighting | HotSpots | Reading | None = None
    order: Acknowledge | Silence | Resound | Reset | None = None
    restart: bool = False
    end: bool = False
    times: Annotated[int, Meta(ge=1)] = 1
    every_s: float = 1.0


class Replay:
    """A site that lives through a scenario; `told` is what the world would have seen, one row a change or answer."""

    def __init__(self, site: Site) -> None:
        self.zone_of = {source: name for name, place in site.site.items() for source in place.sources}
        self.told: list[dict[str, Any]] = []
        self._site = site.site
        self._panel = self._fresh()
        self._beliefs = self._unheard()

    def _fresh(self) -> Panel:
        return Panel({name: Zone(name, name.title(), place.clear_s) for name, place in self._site.items()})

    def _unheard(self) -> dict[str, Beliefs]:
        return {name: fusion.fresh(place.sensitivity) for name, place in self._site.items()}

    def _wanted(self, zone: str, now: Now) -> Wanted:
        want = fusion.want(self._beliefs[zone], now.mono_s)
        return Wanted(want.state, want.gone, want.explanation)

    def _tell(self, changes: tuple[Change | Note, ...], now: Now) -> None:
        for change in changes:
            assert isinstance(change, Change)  # no scenario holds a walk test yet
            message = panels.changed(change, "panel", 0, now.at)
            self.told.append(
                {
                    "t": now.mono_s,
                    "zone": message.zone,
                    "was": message.was,
                    "now": message.now,
                    "id": message.id,
                    "cause": message.cause,
                    "by": message.by,
                    "text": message.explanation.text,
                    "points": [share.point for share in message.explanation.shares],
                }
            )

    def decide(self, zone: str, now: Now) -> None:
        """Look at one zone's evidence."""
        self._panel, changes = panels.judge(self._panel, zone, self._wanted(zone, now), now)
        self._tell(changes, now)

    def tick(self, now: Now) -> None:
        """Time passes."""
        for zone in self._site:
            self.decide(zone, now)

    def hear(self, fact: Sighting | HotSpots | Reading, now: Now) -> None:
        """Take the evidence of one message and decide at once."""
        zone = self.zone_of[fact.source]
        for piece in fact.evidence:
            self._beliefs[zone] = fusion.hear(self._beliefs[zone], piece, now.mono_s)
        self.decide(zone, now)

    def obey(self, order: Acknowledge | Silence | Resound | Reset, now: Now) -> None:
        """Carry out an order and note its answer."""
        wanted = {zone: self._wanted(zone, now) for zone in self._site}
        self._panel, changes, done = orders.command(self._panel, order, wanted, now)
        self._tell(changes, now)
        self.told.append({"t": now.mono_s, "order": type(order).__name__, "ok": done.ok, "why": done.why})

    def restart(self, now: Now) -> None:
        """A power cut: the panel is restored from disk, what was heard is gone."""
        kept = msgspec.msgpack.decode(msgspec.msgpack.encode(panels.keep(self._panel)), type=Kept)
        self._panel, self._beliefs = panels.restore(self._fresh(), kept, now), self._unheard()
        states = {name: zone.state for name, zone in self._panel.zones.items()}
        self.told.append({"t": now.mono_s, "restored": states})

    def live(self, line: Line, now: Now) -> None:
        """One line happens."""
        if line.say is not None:
            self.hear(line.say, now)
        if line.order is not None:
            self.obey(line.order, now)
        if line.restart:
            self.restart(now)


def _in_time(lines: list[Line]) -> Iterator[tuple[float, Line]]:
    """Every line as often as it says, in the order of time."""
    each = [(round(line.t + number * line.every_s, 3), line) for line in lines for number in range(line.times)]
    yield from sorted(each, key=lambda one: one[0])


def replay(text: str) -> list[dict[str, Any]]:
    """What `input.jsonl` leads to."""
    first, *rest = text.splitlines()
    site = Replay(msgspec.json.decode(first, type=Site))
    ticked_s = 0.0
    for t, line in _in_time([msgspec.json.decode(row, type=Line) for row in rest]):
        while ticked_s + TICK_S <= t:
            ticked_s += TICK_S
            site.tick(Now(ticked_s, EPOCH + ticked_s))
        site.live(line, Now(t, EPOCH + t))
    return site.told
