"""Day and night by the schedule, in local time."""

import time
from dataclasses import replace

import pytest

from embereye_addon.fuse.zone import THRESHOLDS_NATS
from embereye_addon.processes.nights import dark, judged
from embereye_addon.processes.ruling import beliefs_of
from embereye_addon.settings.model import Day, Site, Zone
from tests.fuse.samples import claim, heard


def at(hour: int, minute: int = 0) -> float:
    """UTC seconds of a local time of day."""
    return time.mktime((2026, 1, 15, hour, minute, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("begins", "ends", "nights", "days"),
    [
        ("06:30", "22:00", [(6, 29), (22, 0), (0, 0)], [(6, 30), (21, 59)]),
        ("20:00", "04:00", [(4, 0), (19, 59)], [(20, 0), (0, 0), (3, 59)]),
        ("", "22:00", [], [(23, 0)]),
        ("06:00", "", [], [(5, 0)]),
        ("06:00", "06:00", [], [(5, 0), (7, 0)]),
    ],
)
def test_the_schedule_turns_at_its_minutes(
    begins: str, ends: str, nights: list[tuple[int, int]], days: list[tuple[int, int]]
) -> None:
    """A day shift, a night shift, and a schedule that is not set."""
    day = Day(begins=begins, ends=ends)
    assert all(dark(day, at(*each)) for each in nights)
    assert not any(dark(day, at(*each)) for each in days)


def test_at_night_a_zone_is_judged_by_its_own_sensitivity_and_remembers_what_it_heard() -> None:
    """A zone that is busy by day may be more sensitive when nobody is there; one that says nothing stays as it is."""
    zones = (Zone(id="a", name="A", sensitivity="low", night_sensitivity="high"), Zone(id="b", name="B"))
    site = Site(zones=zones)
    beliefs = {zone.id: heard(beliefs_of(zone), (claim(),), start_s=0.0, every_s=1.0, looks=3) for zone in zones}
    night = judged(beliefs, site, night=True)
    assert (night["a"].pre_alarm_nats, night["a"].alarm_nats) == THRESHOLDS_NATS["high"]
    assert night["b"] == beliefs["b"]
    assert night["a"].parts == beliefs["a"].parts
    assert judged(night, site, night=False) == {key: replace(held) for key, held in beliefs.items()}
