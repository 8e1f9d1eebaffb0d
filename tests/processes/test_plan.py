"""What should run, and how often it may be started again."""

import hypothesis.strategies as st
import msgspec
from hypothesis import given

from embereye_addon.processes.plan import BACK_OFF_S, MOST_DETECTORS, Deaths, died, roles, sections_changed
from embereye_addon.settings.model import Camera, Detection, Mqtt, Site
from embereye_addon.topology import PROCESSES


def names(site: Site, cores: int) -> list[str]:
    """The names of what should run."""
    return [role.name for role in roles(site, cores)]


def test_every_process_of_the_table_runs() -> None:
    """One detector a core unless the settings say otherwise; each has a name of its own."""
    assert names(Site(), 2) == ["pf_gateway", "detector-0", "detector-1", "panel", "publisher", "web"]
    assert names(Site(detection=Detection(shards=3)), 1).count("detector-2") == 1
    always = [process for process in PROCESSES if not process.only_with]
    assert len(names(Site(), 64)) == len(always) - 1 + MOST_DETECTORS
    assert names(Site(), 0).count("detector-0") == 1


def test_only_what_changed_is_named() -> None:
    """A new password of the broker must not restart the cameras."""
    before = Site()
    assert sections_changed(before, before) == frozenset()
    assert sections_changed(before, msgspec.structs.replace(before, mqtt=Mqtt(host="h"))) == {"mqtt"}
    camera = Camera(id="a", name="a", url="rtsp://h/", zone="z")
    after = msgspec.structs.replace(before, name="New", cameras=(camera,))
    assert sections_changed(before, after) == {"name", "cameras"}


def test_the_pause_grows_and_many_deaths_are_a_fault() -> None:
    """1, 2, 4, 8, 15 s, then every 15 s with a standing fault, as the alarm semantics say."""
    deaths, now_s, pauses = Deaths(), 100.0, []
    for count in range(7):
        assert deaths.too_many == (count >= 5)
        deaths = died(deaths, 0.1, now_s)
        pauses.append(deaths.start_at_s - now_s)
        now_s = deaths.start_at_s
    assert tuple(pauses) == (*BACK_OFF_S, 15.0, 15.0)


@given(st.lists(st.floats(0.0, 100.0), max_size=30))
def test_a_minute_of_life_starts_anew(lives_s: list[float]) -> None:
    """A process that fails once a day is started at once each time."""
    deaths, now_s = Deaths(), 0.0
    for lived_s in lives_s:
        now_s += lived_s
        deaths = died(deaths, lived_s, now_s)
        assert 0.9 < deaths.start_at_s - now_s < 15.1
        if lived_s >= 60.0:
            assert deaths.in_row == 1
        assert deaths.last_s == now_s
