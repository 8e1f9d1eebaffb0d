"""What wakes the model, what does not, and what stops waking it."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from embereye_addon.demo import scenes
from embereye_addon.detect.candidates import MOST, Candidate, Memory, find
from embereye_addon.detect.reduce import Small, reduced
from embereye_addon.detect.scene import Scene, SceneLook, look
from embereye_addon.frame import Planes
from tests.fakes import room_view

FLAME = (225.0, 85.0, 168.0)


class Watcher:
    """A camera's whole state, fed with pictures."""

    def __init__(self, fps: float = 12.5) -> None:
        self.fps, self.number = fps, 0
        self.scene: Scene | None = None
        self.memory: Memory | None = None

    def see(self, small: Small) -> tuple[SceneLook, tuple[Candidate, ...]]:
        now_s = self.number / self.fps
        self.number += 1
        self.scene, seen = look(self.scene, small, now_s)
        self.memory, found = find(self.memory, small, seen, now_s, self.fps)
        return seen, found

    def show(self, planes: room_view.Shown) -> tuple[SceneLook, tuple[Candidate, ...]]:
        return self.see(room_view.picture(planes, self.number))


def _overlaps(one: Candidate, box: scenes.Box) -> bool:
    return min(one.right, box.right) > max(one.left, box.left) and min(one.bottom, box.bottom) > max(one.top, box.top)


@pytest.mark.parametrize(("name", "within_s"), [("flame", 1.5), ("smoke", 6.0)])
def test_a_rendered_fire_is_found_where_it_is(name: str, within_s: float) -> None:
    """The model must be woken within a second or so of the first flame, a few of the first smoke, and look there."""
    watcher, first_s = Watcher(10.0), None
    for number in range(60 + int(10 * within_s)):
        at_s = number / 10.0
        _seen, found = watcher.see(room_view.small(scenes.render(name, at_s, start_s=6.0)))
        boxes = scenes.boxes(name, at_s, start_s=6.0)
        hits = [one for one in found if one.label == name and boxes and _overlaps(one, boxes[0])]
        if hits and first_s is None:
            first_s = at_s - 6.0
            assert all(0.0 < one.strength <= 1.0 for one in hits)
    assert first_s is not None


def test_a_room_at_rest_has_no_candidates() -> None:
    """A candidate in every picture of a quiet room would be a look of the model each."""
    watcher, told = Watcher(10.0), 0
    for number in range(200):
        seen, found = watcher.show(room_view.still())
        told += bool(found)
        assert number < 60 or seen.quiet
    assert told == 0


def _lamp(on: bool) -> room_view.Shown:
    return room_view.painted(room_view.still(), room_view.blob(100, 60, 8, 8) * float(on), (235.0, 95.0, 160.0))


def test_a_lamp_stops_waking_the_model_and_a_fire_on_it_does_not() -> None:
    """A warm lamp that hangs there for minutes is no news; a fire that begins on it is."""
    watcher, rng = Watcher(8.0), np.random.default_rng(4)
    for _ in range(64):
        watcher.show(_lamp(on=False))
    told = [bool(watcher.show(_lamp(on=True))[1]) for _ in range(1200)]
    assert not any(told[-400:])
    found: tuple[Candidate, ...] = ()
    for _ in range(24):
        fire = room_view.blob(100 + rng.uniform(-2, 2), 52, 8, 14 * rng.uniform(0.5, 1.0)) * rng.uniform(0.5, 1.0)
        _seen, found = watcher.show(room_view.painted(_lamp(on=True), np.asarray(fire, np.float32), FLAME))
    assert any(one.label == "flame" and one.left < 100 / 320 < one.right for one in found)


def test_a_television_is_learned_within_minutes() -> None:
    """A screen flickers in all colours for hours; after some minutes it must rest, and a fire beside it must not."""
    watcher, rng = Watcher(6.0), np.random.default_rng(5)
    screen = (room_view.blob(250, 60, 22, 14) > 0.5).astype(np.float32)
    told = []
    for _ in range(6 * 480):
        show = (float(rng.uniform(60, 200)), float(rng.uniform(100, 150)), float(rng.uniform(110, 160)))
        told.append(bool(watcher.show(room_view.painted(room_view.still(), screen, show))[1]))
    assert np.mean(told[100:300]) > 0.5
    assert np.mean(told[-300:]) < 0.15
    found: tuple[Candidate, ...] = ()
    for _ in range(18):
        fire = room_view.blob(100, 140, 10, 18 * rng.uniform(0.5, 1.0)) * rng.uniform(0.5, 1.0)
        _seen, found = watcher.show(room_view.painted(room_view.still(), np.asarray(fire, np.float32), FLAME))
    assert any(one.label == "flame" for one in found)


def test_a_passing_vest_is_weaker_than_a_flame_that_stays() -> None:
    """People in orange are looked at after flames, not before them."""
    strongest = []
    for passes in (True, False):
        watcher, rng, best = Watcher(), np.random.default_rng(6), []
        for number in range(130):
            step = max(0, number - 75)
            x = 40.0 + 3.5 * step if passes else 160.0
            size = 1.0 if passes else rng.uniform(0.5, 1.0)
            cover = room_view.blob(x, 120, 10, 16 * size) * (size if step else 0.0)
            _seen, found = watcher.show(room_view.painted(room_view.still(), np.asarray(cover, np.float32), FLAME))
            best.append(max((one.strength for one in found if one.label == "flame"), default=0.0))
        strongest.append(float(np.median(best[95:])))
    assert strongest[0] < 0.75 * strongest[1]


def test_a_fast_camera_keeps_its_candidates_between_two_scorings() -> None:
    """At 25 pictures a second tiles are not scored for each: the model must be asked for whichever comes in between."""
    watcher, rng, held = Watcher(25.0), np.random.default_rng(11), []
    for number in range(240):
        cover = room_view.blob(160, 140, 8, 16 * rng.uniform(0.5, 1.0)) * float(number > 150)
        _seen, found = watcher.show(room_view.painted(room_view.still(), np.asarray(cover, np.float32), FLAME))
        held.append(any(one.label == "flame" for one in found))
    assert not any(held[125:150])
    assert all(held[200:])


def test_a_white_flame_is_found_in_infra_red() -> None:
    """At night there is no colour; a fire is the brightest thing and never rests."""
    watcher, rng = Watcher(), np.random.default_rng(7)
    found: tuple[Candidate, ...] = ()
    for number in range(110):
        cover = room_view.blob(160, 140, 7, 16 * rng.uniform(0.5, 1.0)) * float(number > 80)
        shown = room_view.painted(room_view.infra_red(), np.asarray(cover, np.float32), (250.0, 128.0, 128.0))
        seen, found = watcher.show(shown)
        assert not seen.lighting.colour
    assert any(one.label == "flame" and one.left < 0.5 < one.right for one in found)


def test_below_four_pictures_a_second_flicker_is_unknown_not_none() -> None:
    """A camera of two pictures a second must still wake the model, though flicker cannot be measured."""
    watcher, rng = Watcher(2.0), np.random.default_rng(8)
    found: tuple[Candidate, ...] = ()
    for number in range(30):
        cover = room_view.blob(160, 140, 8, 16 * rng.uniform(0.6, 1.0)) * float(number > 24)
        _seen, found = watcher.show(room_view.painted(room_view.still(), np.asarray(cover, np.float32), FLAME))
    assert any(one.label == "flame" for one in found)


def test_a_picture_full_of_changes_gives_a_bounded_number() -> None:
    """A camera that is shaken must not hand the model a hundred boxes."""
    watcher, rng = Watcher(), np.random.default_rng(9)
    for _ in range(40):
        planes = [cv2.resize(rng.integers(0, 255, (30, 40), dtype=np.uint8), size) for size in ((320, 240), (160, 120))]
        _seen, found = watcher.see(Small(*(np.asarray(plane, np.uint8) for plane in (planes[0], planes[1], planes[1]))))
        assert sum(one.label == "flame" for one in found) <= MOST
        assert sum(one.label == "smoke" for one in found) <= MOST


def test_another_size_begins_anew() -> None:
    """A stream that changes its resolution goes on to be watched."""
    watcher, rng = Watcher(), np.random.default_rng(10)
    watcher.show(room_view.still())
    seen, found = watcher.see(
        Small(*(rng.integers(0, 255, shape, dtype=np.uint8) for shape in ((180, 320), (90, 160), (90, 160))))
    )
    assert seen.motion.shape == (23, 40)
    assert found == ()


def _decoded(clip: Path) -> list[tuple[float, Small]]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"skip_loop_filter": "all"}
        pictures = []
        for frame in container.decode(stream):
            planes = [
                np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
                for plane in frame.planes
            ]
            pictures.append((float(frame.time or 0.0), reduced(Planes(planes[0], planes[1], planes[2]))))
    return pictures


@pytest.mark.parametrize("name", ["dollhouse_furg", "workshop_cctv", "candle_bowl", "paper_fire_floor"])
def test_recorded_fires_wake_the_model(shared: Path, name: str) -> None:
    """Real flames, through a real decoder without its loop filter, must be found within two seconds."""
    clip = shared / "data" / "clips" / f"{name}.mp4"
    truth = json.loads(clip.with_suffix(".json").read_text())
    begin_s = float(truth["fire_start_s"])
    watcher = Watcher(float(truth["fps"]))
    first_s = None
    for at_s, small in _decoded(clip):
        _seen, found = watcher.see(small)
        if at_s >= begin_s and first_s is None and any(one.label == "flame" for one in found):
            first_s = at_s - begin_s
    assert first_s is not None
    assert first_s < 2.0
