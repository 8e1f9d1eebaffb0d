"""Camera health: what is told, after how long, and that it ends."""

import cv2
import numpy as np
import pytest

from embereye_addon.detect import sight as health
from embereye_addon.detect.reduce import Small
from embereye_addon.detect.scene import Scene, look
from embereye_addon.detect.sight import Fault, Sight, judge
from tests.fakes import room_view


class Camera:
    """A camera's health, fed with pictures at a steady rate."""

    def __init__(self, hz: float = 2.0) -> None:
        self.hz, self.number = hz, 0
        self.scene: Scene | None = None
        self.sight: Sight | None = None
        self.faults: tuple[Fault, ...] = ()

    @property
    def now_s(self) -> float:
        """Seconds since the first picture."""
        return self.number / self.hz

    def see(self, small: Small) -> set[str]:
        """The codes of the faults after one picture."""
        self.scene, seen = look(self.scene, small, self.now_s)
        self.sight, self.faults = judge(self.sight, small, seen, self.now_s)
        self.number += 1
        return {code for code, _words in self.faults}

    def watch(self, shown: room_view.Shown, seconds: float, grain: float = 1.0) -> dict[str, float]:
        """Every fault told meanwhile, and after how many seconds."""
        begin_s, told = self.now_s, dict[str, float]()
        for _ in range(int(seconds * self.hz)):
            for code in self.see(room_view.picture(shown, self.number, grain)):
                told.setdefault(code, self.now_s - begin_s)
        return told


def _learned() -> Camera:
    camera = Camera()
    assert camera.watch(room_view.still(), 45.0) == {}
    return camera


def _blurred() -> room_view.Shown:
    y, u, v = room_view.still()
    return np.asarray(cv2.GaussianBlur(y, (0, 0), 4.0), np.float32), u, v


def _turned() -> room_view.Shown:
    y, u, v = (np.roll(plane, plane.shape[1] // 7, axis=1) for plane in room_view.still())
    return y, u, v


def _flat(y: float) -> room_view.Shown:
    half = np.full((120, 160), 128.0, np.float32)
    return np.full((240, 320), y, np.float32), half, half


@pytest.mark.parametrize(
    ("code", "shown", "figure"),
    [
        ("picture_black", _flat(17.0), "brightness 17"),
        ("picture_over_exposed", _flat(245.0), "100%"),
        ("picture_defocused", _blurred(), "sharpness"),
        ("lens_covered", _flat(70.0), "contrast"),
        ("view_moved", _turned(), "as it was"),
    ],
)
def test_a_camera_that_cannot_see_says_so_and_says_when_it_can_again(
    code: str, shown: room_view.Shown, figure: str
) -> None:
    """A blind camera is a fault with its figure, after its hold time and not before, and ends by itself."""
    camera = _learned()
    told = camera.watch(shown, 60.0)
    assert code in told
    assert told[code] >= health.HOLD_S[code]
    words = dict(camera.faults)
    assert list(words) == [code]
    assert figure in words[code]
    camera.watch(room_view.still(), 30.0)
    assert camera.faults == ()


def test_a_frozen_picture_is_told_in_thirty_seconds() -> None:
    """A stream that repeats its last picture looks healthy to everything else, and would hide a fire for ever."""
    camera = _learned()
    last = room_view.picture(room_view.still(), 1)
    told = [camera.see(last) for _ in range(80)]
    first = next(index for index, codes in enumerate(told) if codes)
    assert told[first] == {"picture_frozen"}
    assert health.FROZEN_S - 1.0 <= first / camera.hz <= 30.0
    assert "not changed" in dict(camera.faults)["picture_frozen"]
    assert camera.watch(room_view.still(), 12.0, grain=1.0).get("picture_frozen", 0.0) <= health.CLEAR_S + 1.0
    assert camera.faults == ()


def test_a_camera_frozen_from_the_start_is_told_too() -> None:
    """A recorder that sends one stored picture never shows what is usual."""
    camera = Camera(1.0)
    last = room_view.picture(room_view.still(), 1)
    codes = [camera.see(last) for _ in range(80)]
    assert codes[-1] == {"picture_frozen"}
    assert not any(codes[: int(health.FROZEN_EXACT_S) - 1])


def test_a_still_scene_at_a_low_bit_rate_is_not_frozen() -> None:
    """An encoder repeats a quiet picture exactly until the next key frame, up to ten seconds later."""
    camera = Camera()
    for number in range(400):
        assert camera.see(room_view.picture(room_view.still(), number // 20, 0.5)) == set()


@pytest.mark.parametrize(
    "shown",
    [room_view.infra_red(), room_view.veiled(np.zeros((240, 320), np.float32), light=0.45)],
    ids=["infra-red", "lamp off"],
)
def test_night_is_no_fault(shown: room_view.Shown) -> None:
    """At dusk every camera would otherwise be called moved or out of focus."""
    camera = _learned()
    assert camera.watch(shown, 90.0) == {}
    assert camera.watch(room_view.still(), 60.0) == {}


def test_somebody_who_walks_through_is_no_fault() -> None:
    """People in the picture are what cameras are for."""
    camera = _learned()
    for step in range(120):
        person = room_view.painted(room_view.still(), room_view.blob(3.0 * step, 130, 22, 70), (60.0, 120.0, 132.0))
        assert camera.see(room_view.picture(person, step)) == set()


def test_a_view_that_stays_moved_is_learned_after_an_hour() -> None:
    """Somebody turned the camera for good; the fault must not stand for years."""
    camera = Camera(0.5)
    camera.watch(room_view.still(), 60.0)
    told = camera.watch(_turned(), 200.0)
    assert "view_moved" in told
    camera.watch(_turned(), health.ACCEPT_S)
    assert camera.faults == ()


def test_another_size_begins_anew() -> None:
    """A stream that changes its resolution is the same camera, but its pictures cannot be compared."""
    camera = _learned()
    rng = np.random.default_rng(1)
    odd = Small(*(rng.integers(0, 255, shape, dtype=np.uint8) for shape in ((178, 134), (89, 67), (89, 67))))
    assert camera.see(odd) == set()
