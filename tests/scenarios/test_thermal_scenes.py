"""What a thermal array makes of fires and of things that are none, from the scene to the zone's state."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from embereye_addon.demo.thermal_scenes import SCENES, Broken, Expected, Scene
from embereye_addon.demo.thermal_trial import DEVICE_S, KEPT_FROM, Outcome, Panel, met, page, row, run
from embereye_addon.demo.thermal_unseen import UNSEEN
from embereye_addon.fuse import thermal
from embereye_addon.messages import ZoneState
from embereye_addon.sources.pf.mlx90640 import calibrate, convert

PAGE = Path(__file__).resolve().parents[2] / "docs" / "thermal-scenarios.md"


@cache
def came(name: str) -> tuple[Scene, Outcome, Outcome]:
    """A scene and its outcomes at its own frame interval and at the real device's; each is run once."""
    scene = next(scene for scene in (*SCENES, *UNSEEN) if scene.name == name)
    return scene, run(scene), run(scene, DEVICE_S)


@pytest.mark.parametrize("name", [scene.name for scene in (*SCENES, *UNSEEN)])
@pytest.mark.timeout(60)
def test_a_scene_ends_as_it_must(name: str) -> None:
    """A fire must be an alarm in time, and a kettle must not; what cannot be met is said, and only that."""
    scene, outcome, slow = came(name)
    assert met(scene, outcome) is not bool(scene.open_fast), outcome
    assert met(scene, slow) or scene.open_slow, slow


@pytest.mark.timeout(240)
def test_golden_table(rewrite_golden: bool) -> None:
    """The page says what comes of each scene; times may differ between machines, states may not."""
    known, unseen = ([came(scene.name) for scene in scenes] for scenes in (SCENES, UNSEEN))
    text = PAGE.read_text(encoding="utf-8")
    if rewrite_golden:
        text = page(known, unseen, text)
        PAGE.write_text(text, encoding="utf-8")
    lines = text.partition(KEPT_FROM)[0].splitlines()
    told = [line.split(" | ") for line in lines if line.startswith("| ") and not line.startswith("| scene |")]
    now = [row(*one).split(" | ") for one in (*known, *unseen)]
    assert [(*line[:3], *states(line)) for line in told] == [(*line[:3], *states(line)) for line in now]


def states(cells: list[str]) -> tuple[str, ...]:
    """The states of a row without their times and rules, and whether they are as expected."""
    return cells[3].partition(" at ")[0], cells[4].partition(" at ")[0], cells[-1]


@pytest.mark.parametrize("name", [scene.name for scene in SCENES])
@pytest.mark.timeout(60)
def test_no_pixel_of_a_scene_is_taken_for_a_failing_one(name: str) -> None:
    """A fire that flickers is left out as a noisy pixel; only a pixel that really is one may be."""
    scene, outcome, slow = came(name)
    broken = scene.broken
    noisy = {32 * broken.row + broken.column} if broken and broken.noise_counts else set()
    assert outcome.failing == noisy
    assert slow.failing <= noisy


def test_a_flame_on_a_pixel_that_is_left_out_is_an_alarm_in_time() -> None:
    """A pixel that fails must not hide a fire: its neighbours see the flame as well."""
    dead = next(scene for scene in SCENES if scene.broken and not scene.broken.noise_counts)
    noisy = replace(dead, broken=Broken(dead.broken.row, dead.broken.column, 400.0))  # type: ignore[union-attr]
    outcome = run(noisy)
    assert outcome.failing == {32 * 12 + 15}
    assert met(noisy, outcome), outcome


def test_the_library_is_whole() -> None:
    """At least twenty stories, each with its own name, and every alarm with the latest time it may take."""
    assert len(SCENES) >= 20
    assert len(UNSEEN) >= 12
    assert len({scene.name for scene in (*SCENES, *UNSEEN)}) == len(SCENES) + len(UNSEEN)
    for scene in (*SCENES, *UNSEEN):
        assert (scene.by_s is not None) == (scene.expected in (Expected.ALARM, Expected.PRE_ALARM))


def test_a_miss_is_told_as_one() -> None:
    """A page that called a missed fire a success would be worse than none."""
    fire = next(scene for scene in SCENES if scene.expected is Expected.ALARM)
    late = Outcome(ZoneState.ALARM, "rate_of_rise", 1.0, 1.0e6, 90.0)
    early = Outcome(ZoneState.ALARM, "rate_of_rise", -2.0, -1.0, 90.0)
    quiet = Outcome(ZoneState.NORMAL, "none", None, None, 22.0)
    for outcome in (late, early, quiet):
        assert not met(fire, outcome)
        assert row(fire, outcome, outcome).endswith("| **no**, unexplained |")


def test_the_real_capture_holds_no_alarm(shared: Path) -> None:
    """Twenty minutes of a real room, with a person in it and the array moved about, are nothing."""
    folder = shared / "data" / "pf"
    cal = calibrate(np.array([int(word, 16) for word in (folder / "eeprom.hex").read_text().split()], dtype=np.uint16))
    assert not isinstance(cal, str)
    heat, panel, judged = thermal.Heat(), Panel(), 0
    for line in (folder / "capture.txt").read_text(encoding="latin-1").splitlines():
        clock, _, packet = line.split("\t")
        digits = packet.removeprefix("#frame1234:").removesuffix("!")
        if packet == digits or len(digits) != 834 * 4 or not set(digits) <= set("0123456789ABCDEF"):
            continue
        hours, minutes, seconds = clock.split(":")
        at_s = 3600.0 * int(hours) + 60.0 * int(minutes) + float(seconds)
        seen = convert(cal, np.frombuffer(bytes.fromhex(digits), dtype=">u2").astype(np.uint16))
        assert not isinstance(seen, str)
        heat, look = thermal.look(heat, seen.to_c, seen.replaced, "pf.a.thermal", thermal.Limits(), at_s)
        panel.hear(look, at_s)
        assert (look.clusters, look.evidence.rules) == ((), ())
        judged += 1
    assert judged >= 187
    assert panel.highest() is ZoneState.NORMAL
