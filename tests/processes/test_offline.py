"""Recordings through the whole path: what a replay says is what the panel would have said."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embereye_addon.demo.scenes import render
from embereye_addon.detect.masks import masks
from embereye_addon.detect.model import Model
from embereye_addon.errors import ModelError
from embereye_addon.messages import ZoneState
from embereye_addon.processes.offline import Step, replayed
from embereye_addon.settings.model import Detection, Zone
from embereye_addon.settings.regions import parse
from embereye_addon.sources.camera.clip import clip
from embereye_addon.sources.camera.farm import Look
from tests.detect.test_shard import Broken
from tests.fakes.pictures import decoded

HALL = Zone(id="hall", name="Hall")


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model on the CPU."""
    return Model("CPU")


def scene(seconds: float, fps: float = 5.0) -> Iterator[Look]:
    """A rendered room in which a fire begins after a second and grows."""
    for step in range(int(seconds * fps)):
        yield decoded(np.asarray(render("flame", step / fps, 1, 1.0), np.uint8), step, step / fps)


def first(steps: list[Step], state: ZoneState) -> float | None:
    """When a state was reached (s)."""
    return next((step.t_s for step in steps if step.change and step.zone.state is state), None)


@pytest.mark.timeout(60)
def test_a_growing_fire_raises_the_alarm_and_says_why(model: Model) -> None:
    """The whole path, by the recording's own clock."""
    steps = list(replayed(scene(16.0), model, HALL))
    alarm_s = first(steps, ZoneState.ALARM)
    assert alarm_s is not None
    assert steps[-1].zone.state is ZoneState.ALARM
    change = next(step.change for step in steps if step.change and step.zone.state is ZoneState.ALARM)
    assert change.explanation.shares[0].point.startswith("cam.replay.")
    assert len(steps) == 80
    assert sum(step.told for step in steps) <= sum(step.seen is not None for step in steps)


@pytest.mark.timeout(60)
def test_settings_are_tried_on_a_recording(model: Model) -> None:
    """A mask or a longer persistence can be tried before it is applied."""
    away = masks((parse("exclude all: 0,0 1,0 1,1 0,1"),))
    assert first(list(replayed(scene(8.0), model, HALL, masks=away)), ZoneState.PRE_ALARM) is None
    slow = Detection(flame_persist_s=60.0, smoke_persist_s=60.0)
    assert first(list(replayed(scene(8.0), model, HALL, slow)), ZoneState.PRE_ALARM) is None


def test_a_failing_look_ends_the_replay(model: Model) -> None:
    """A replay that silently skipped pictures would promise what the detector does not keep."""
    with pytest.raises(ModelError, match="no picture"):
        list(replayed([Broken(next(scene(1.0)))], model, HALL))


@pytest.mark.skipif("EMBEREYE_CLIPS" not in os.environ, reason="minutes of decoding; set EMBEREYE_CLIPS=1 to run it")
@pytest.mark.timeout(600)
def test_recorded_fires_alarm_and_nuisances_do_not(model: Model, shared: Path) -> None:
    """The clips' own truth: alarm, at most a pre-alarm, nothing; the table is printed."""
    wrong = []
    for path in sorted((shared / "data" / "clips").glob("*.mp4")):
        truth = json.loads(path.with_suffix(".json").read_text())
        steps = list(replayed(clip(path), model, HALL))
        alarm_s, pre_s = first(steps, ZoneState.ALARM), first(steps, ZoneState.PRE_ALARM)
        most = max(step.want.explanation.sum_nats for step in steps)
        print(
            f"{path.stem:24} expected {truth['alarm_expected']!s:5} pre-alarm {pre_s} alarm {alarm_s} most {most:.1f}"
        )
        if (alarm_s is not None) is not bool(truth["alarm_expected"]):
            wrong.append(path.stem)
    assert wrong == []
