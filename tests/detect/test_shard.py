"""A picture's way: glanced at at once, looked at in its turn, and what comes out."""

import math
import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo.scenes import render
from embereye_addon.detect.masks import Masks, masks
from embereye_addon.detect.model import Model
from embereye_addon.detect.pacing import QUIET_S
from embereye_addon.detect.shard import MAIN_OLD_S, Glance, Outlets, Seen, Shard
from embereye_addon.detect.waiting import Picture
from embereye_addon.errors import ModelError
from embereye_addon.settings.regions import parse
from tests.fakes.pictures import decoded

Bgr = NDArray[np.uint8]


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model on the CPU."""
    return Model("CPU")


class Camera:
    """Offers pictures to a shard by a clock of its own, and lets the model look at once."""

    def __init__(self, model: Model, looks_hz: float = 5.0, of: Masks | None = None) -> None:
        self.seen: list[Seen] = []
        self.failed: list[Exception] = []
        self.suspected: set[str] = set()
        self.main: Picture | None = None
        self.now_s = 0.0
        outlets = Outlets(
            self.seen.append,
            lambda _source, err: self.failed.append(err),
            lambda source, _now_s: self.suspected.add(source),
            lambda _source: self.main,
            lambda: self.now_s,
            math.inf,
        )
        self.shard = Shard(model, looks_hz, outlets, {"cam.a": of} if of else None)
        self.number = 0

    def offer(self, now_s: float, bgr: Bgr, source: str = "cam.a", *, look: bool = True) -> Glance:
        self.number, self.now_s = self.number + 1, now_s
        glance = self.shard.offer(source, decoded(bgr, self.number, now_s))
        if look:
            self.shard.look(0.0)
        return glance


def grey(level: int) -> Bgr:
    """A wall."""
    return np.full((96, 128, 3), level, np.uint8)


def burning(t_s: float = 8.0) -> Bgr:
    """A rendered room with a flame that is grown."""
    return np.asarray(render("flame", t_s, 1, 0.0), np.uint8)


def test_a_quiet_scene_is_looked_at_now_and_then(model: Model) -> None:
    """Every picture is glanced at, the model sees one in five seconds; nothing depends on the heuristics alone."""
    camera = Camera(model)
    glances = [camera.offer(0.2 * step, grey(60)) for step in range(200)]
    late = [glance.asked for glance in glances[100:]]
    assert 3 <= sum(late) <= round(20.0 / QUIET_S) + 1
    assert camera.shard.looks("cam.a") == len(camera.seen) == sum(glance.asked for glance in glances)
    assert glances[-1].quiet
    assert camera.suspected == set()


def test_cameras_do_not_share_their_memory(model: Model) -> None:
    """Each camera has its own period, and a forgotten one begins anew."""
    camera = Camera(model)
    assert camera.offer(0.0, grey(60), "cam.a").asked
    assert camera.offer(0.01, grey(200), "cam.b").asked
    assert not camera.offer(0.02, grey(60), "cam.a").asked
    camera.shard.forget("cam.a")
    camera.shard.forget("cam.c")
    assert camera.shard.looks("cam.a") == 0
    assert camera.offer(0.03, grey(60), "cam.a").asked


def test_a_fire_makes_a_camera_suspicious_and_is_followed(model: Model) -> None:
    """From the first look on it is looked at as often as set, and claims what the panel needs."""
    camera = Camera(model)
    for step in range(31):
        camera.offer(0.1 * step, burning(8.0 + 0.1 * step))
    assert camera.suspected == {"cam.a"}
    assert len(camera.seen) >= 12
    last = camera.seen[-1]
    flame, _ = last.claims
    assert flame.llr_nats > 0.0
    assert flame.detection is not None
    assert flame.motion > 0.0
    assert flame.held_s > 2.0
    assert last.tracks, "the place of the fire is told"
    assert last.picture.number == last.number, "and the very picture that was looked at"
    assert not last.late


def test_a_masked_fire_wakes_nobody(model: Model) -> None:
    """Candidates in an excluded part never ask for the model, and what burns there is not claimed."""
    camera = Camera(model, of=masks((parse("privacy all: 0,0 1,0 1,1 0,1"),)))
    glances = [camera.offer(0.1 * step, burning(8.0 + 0.1 * step)) for step in range(31)]
    assert sum(glance.candidates for glance in glances) == 0
    assert not any(glance.suspect for glance in glances)
    assert all(not seen.tracks for seen in camera.seen)
    camera = Camera(model, of=masks((parse("exclude all: 0,0 1,0 1,1 0,1"),)))
    assert sum(camera.offer(0.1 * step, burning(8.0 + 0.1 * step)).candidates for step in range(31)) == 0


def test_a_main_stream_serves_the_closer_look_only_when_it_shows_this_moment(model: Model) -> None:
    """An old picture or another view would put the box where nothing burns."""
    camera = Camera(model)
    large = np.asarray(np.kron(burning(), np.ones((3, 3, 1), np.uint8)))
    for main_s, shape, views in ((0.0, 1, None), (-MAIN_OLD_S - 0.1, 1, "own"), (0.0, 2, "own")):
        camera = Camera(model)
        camera.offer(0.0, burning())
        own = camera.seen[-1].views
        camera = Camera(model)
        camera.main = decoded(large[: large.shape[0] // shape // 2 * 2], 1, main_s)
        camera.offer(0.0, burning())
        assert camera.seen[-1].views >= 1
        if views == "own":
            assert camera.seen[-1].views == own


class Broken:
    """A picture whose pixels cannot be had any more."""

    def __init__(self, of: Picture) -> None:
        self._of = of
        self.number, self.at, self.received_mono_s, self.size = of.number, of.at, of.received_mono_s, of.size
        self.planes, self.crop = of.planes, of.crop

    def bgr(self, width: int = 0, height: int = 0) -> Bgr:
        raise ModelError(f"no picture of {width}x{height}")


def test_a_look_that_fails_is_told_and_the_next_one_is_made(model: Model) -> None:
    """One bad picture must neither end the model's thread nor pass for quiet."""
    camera = Camera(model)
    camera.shard.offer("cam.a", Broken(decoded(grey(60))))
    assert camera.shard.look(0.0)
    assert [str(err)[:10] for err in camera.failed] == ["no picture"]
    assert camera.seen == []
    camera.offer(QUIET_S + 1.0, grey(60))
    assert len(camera.seen) == 1


def test_what_waits_for_a_camera_that_left_is_not_looked_at(model: Model) -> None:
    """Nothing waits: no look."""
    camera = Camera(model)
    camera.offer(0.0, grey(60), look=False)
    assert camera.shard.waiting.depth == 1
    camera.shard.forget("cam.a")
    assert not camera.shard.look(0.0)


def test_the_model_looks_in_a_thread_of_its_own(model: Model) -> None:
    """Decoding goes on while the model looks, and the thread ends with the shard."""
    seen: list[Seen] = []
    came = threading.Event()

    def on_seen(one: Seen) -> None:
        seen.append(one)
        came.set()

    shard = Shard(model, 5.0, Outlets(on_seen, lambda _source, err: pytest.fail(str(err))))
    shard.start()
    try:
        assert shard.offer("cam.a", decoded(grey(60), 7, time.monotonic())).asked
        assert came.wait(9.0)
        assert (seen[0].number, shard.looks("cam.a")) == (7, 1)
    finally:
        shard.stop()
    assert "model" not in [thread.name for thread in threading.enumerate()]
    Shard(model, 5.0, Outlets(on_seen, lambda _source, _err: None)).stop()


def test_routine_rests_while_decoding_needs_the_core(model: Model) -> None:
    """Eighty quiet yards must not take the core that decoding needs; they are looked at when their turn comes."""
    seen: list[str] = []
    outlets = Outlets(
        lambda one: seen.append(one.source), lambda _source, err: pytest.fail(str(err)), share=lambda: 1e-4
    )
    shard = Shard(model, 5.0, outlets)
    for number, source in enumerate(("cam.a", "cam.b"), start=1):
        shard.offer(source, decoded(grey(60), number, time.monotonic()))
    assert shard.look(0.0)
    assert not shard.look(0.0)
    assert shard.waiting.depth == 1


def test_a_look_that_took_long_makes_no_long_rest(model: Model) -> None:
    """A machine that stood still for half a minute must not leave its cameras unlooked at for many more."""
    ticks = iter((0.0, 0.0, 30.0, 31.5, 31.5, 31.6))
    seen: list[str] = []
    outlets = Outlets(
        lambda one: seen.append(one.source),
        lambda _source, err: pytest.fail(str(err)),
        clock=lambda: next(ticks),
        deadline_s=math.inf,
        share=lambda: 0.1,
    )
    shard = Shard(model, 5.0, outlets)
    for number, source in enumerate(("cam.a", "cam.b"), start=1):
        shard.offer(source, decoded(grey(60), number, 0.0))
    assert shard.look(0.0)
    assert shard.look(0.0)
    assert seen == ["cam.a", "cam.b"]
