"""Staged causes: coded pictures of a camera that cannot see become their fault, and PF devices ail as they should."""

import copy
from collections.abc import Iterator

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.demo import fault_causes
from embereye_addon.demo.bench_faults import CAMERAS, plan
from embereye_addon.demo.clips import EncodedClip
from embereye_addon.demo.fault_causes import AilingPf, clips
from embereye_addon.detect.reduce import reduced
from embereye_addon.detect.scene import Scene, look
from embereye_addon.detect.sight import Sight, judge
from embereye_addon.frame import Planes

LIMIT_S = 30.0
BUS_S = 4.0
"""What health reports, the panel and the publisher add, as the bench measures it."""


def decoded(clip: EncodedClip) -> Iterator[Planes]:
    """The clip's pictures, again and again, as a camera's decoder gives them out."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    while True:
        for packet in clip.packets:
            for frame in context.decode(av.Packet(packet.payload)):
                y, u, v = (plane_of(plane) for plane in frame.planes)
                yield Planes(y, u, v)


def plane_of(plane: av.video.plane.VideoPlane) -> NDArray[np.uint8]:
    """One plane without the padding of its rows."""
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].copy()


class Camera:
    """What is known of one camera, and its faults over time."""

    def __init__(self) -> None:
        self.scene: Scene | None = None
        self.sight: Sight | None = None
        self.number = 0

    def watch(self, clip: EncodedClip, seconds: float) -> list[set[str]]:
        """The codes after each picture."""
        pictures, told = decoded(clip), []
        for _ in range(int(seconds * fault_causes.FPS)):
            small, now_s = reduced(next(pictures)), self.number / fault_causes.FPS
            self.scene, seen = look(self.scene, small, now_s)
            self.sight, faults = judge(self.sight, small, seen, now_s)
            told.append({code for code, _ in faults})
            self.number += 1
        return told


@pytest.fixture(scope="module")
def made() -> dict[str, EncodedClip]:
    """The clips, short."""
    return clips(4.0)


@pytest.fixture(scope="module")
def known(made: dict[str, EncodedClip]) -> Camera:
    """A camera whose view is known, and which has no fault."""
    camera = Camera()
    assert not any(camera.watch(made["quiet"], 40.0))
    return camera


@pytest.mark.timeout(120)  # rendering is seconds of CPU, which a busy machine stretches
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("black", "picture_black"),
        ("over-exposed", "picture_over_exposed"),
        ("frozen", "picture_frozen"),
        ("defocused", "picture_defocused"),
        ("covered", "lens_covered"),
        ("moved", "view_moved"),
    ],
)
def test_a_camera_that_cannot_see_is_told_in_time_and_mended_too(
    made: dict[str, EncodedClip], known: Camera, name: str, code: str
) -> None:
    """In the time of its pictures: told early enough for the way to MQTT, and gone as soon as it sees again."""
    camera = copy.deepcopy(known)
    told = camera.watch(made[name], LIMIT_S - BUS_S)
    assert told[-1] == {code}
    assert all(codes <= {code} for codes in told)
    after = camera.watch(made["quiet"], 20.0)
    assert after[-1] == set()


def test_a_pf_device_ails_in_its_bytes() -> None:
    """The bench would measure nothing if a damaged packet were a good one, or an ailing device spoke on."""
    device = AilingPf("127.0.0.1", 9, tag="1234")
    good = device.frame_packet()
    assert good.startswith(b"#frame1234:")
    device.ail = "frozen"
    assert device.frame_packet() == good
    device.ail = "damaged"
    assert b"?" in device.frame_packet()
    device.ail = "open"
    assert b"ADC2=0," in device.inputs_packet()
    device.ail = "weak"
    assert device._housing(0.0).supply_v == pytest.approx(2.85)
    device.ail = "silent"
    assert device.frame_packet() + device.inputs_packet() == b""
    device.ail = ""
    assert device.frame_packet() != good
    assert b"ADC2=0," not in device.inputs_packet()


def test_every_thing_of_the_bench_has_a_zone_of_its_own(made: dict[str, EncodedClip]) -> None:
    """Two causes in one zone would be told as one."""
    planned = plan(made)
    assert set(planned.zones) == {*planned.cameras, *planned.devices}
    assert set(CAMERAS) <= set(made)
