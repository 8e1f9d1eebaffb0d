"""The last minutes of what sources claimed."""

from pathlib import Path

import msgspec
import pytest

from embereye_addon.messages import Message, Reading, Sighting
from embereye_addon.processes import traffic
from embereye_addon.processes.traffic import Said, Traffic
from embereye_addon.tools import heard
from tests.processes.world import hot
from tests.web.samples import panel, reading, sighting


class Clock:
    """A clock that a test sets."""

    s = 1000.0


def told(clock: Clock) -> Traffic:
    """Two zones, by this clock."""
    return Traffic({"cam.north": "hall", "pf.boiler": "hall", "pf.roof": "dock"}, clock_s=lambda: clock.s)


def claimed(lines: bytes) -> list[Said]:
    """The lines as replay reads them."""
    return [msgspec.json.decode(line, type=Said) for line in lines.splitlines()]


def test_what_was_claimed_around_an_alarm_can_be_played(tmp_path: Path) -> None:
    """Other settings are tried on what really happened, not on what somebody thought of recording."""
    clock = Clock()
    ring = told(clock)
    for second in range(400):
        clock.s = 1000.0 + second
        for fact in (sighting(second), hot(), reading(), sighting(second, "cam.gone"), panel()):
            ring.take(fact)
    begin_s, end_s, lines = ring.around("hall", 1330.0)
    assert (begin_s, end_s) == (1210.0, 1390.0)
    said = claimed(lines)
    assert {one.say.source for one in said} == {"cam.north", "pf.boiler"}
    assert (said[0].t, said[-1].t) == (0.0, 180.0)
    file = tmp_path / "alarm-hall.jsonl"
    file.write_bytes(lines)
    pieces = list(heard.traffic(file))
    assert (len(pieces), pieces[-1].at_s) == (362, 180.0)
    assert ring.around("nowhere", 1300.0) == (1300.0, 1300.0, b"")


@pytest.mark.parametrize("fact", [sighting(), hot(), reading()])
def test_a_message_comes_back_as_it_was(fact: Message) -> None:
    """A recording that leaves something out gives other alarms than there were."""
    clock = Clock()
    ring = Traffic({fact.source: "hall"}, clock_s=lambda: clock.s)
    ring.take(fact)
    (one,) = claimed(ring.around("hall", clock.s)[2])
    assert one.say == fact


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with a thousand sources must not fill the page's process, nor an alarm the disk."""
    monkeypatch.setattr(traffic, "BYTES_MAX", 20_000)
    monkeypatch.setattr(traffic, "FILE_MAX", 3_000)
    clock = Clock()
    ring = told(clock)
    for number in range(1000):
        clock.s += 0.01
        ring.take(sighting(number))
    assert ring.held <= 20_000
    said = claimed(ring.around("hall", clock.s)[2])
    assert 3 < len(said) < 12
    assert isinstance(said[-1].say, Sighting)
    assert said[-1].say.seq == 999
    clock.s += 1000.0
    ring.take(reading())
    assert isinstance(claimed(ring.around("dock", clock.s)[2])[0].say, Reading)
    assert ring.held < 1000
