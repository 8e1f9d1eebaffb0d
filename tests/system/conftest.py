"""The outside parts which system tests start: brokers, cameras and one Home Assistant, all on 127.0.0.1 only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.system import homeassistant, rtsp
from tests.system import mosquitto as broker
from tests.system.homeassistant import HomeAssistant
from tests.system.mosquitto import Mosquitto
from tests.system.rtsp import GstRtsp


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start a broker: `mosquitto()`, `mosquitto("user", "password", tls=True, lazy_disk=True)`; see Mosquitto."""
    if reason := broker.why_not():
        pytest.skip(reason)
    with ExitStack() as running:

        def start(user: str | None = None, password: str = "", **options: bool) -> Mosquitto:
            folder = tmp_path / f"broker{len(list(tmp_path.glob('broker*')))}"
            started = Mosquitto(folder, user, password, **options)
            running.callback(started.kill)
            started.start()
            return started

        yield start


@pytest.fixture
def gst_rtsp(tmp_path: Path) -> Iterator[Callable[..., GstRtsp]]:
    """Start cameras: `gst_rtsp({"door": clip}, "user", "password", basic=False, play_s=600)`; see GstRtsp."""
    if reason := rtsp.why_not():
        pytest.skip(reason)
    with ExitStack() as running:

        def start(
            streams: dict[str, Path],
            user: str | None = None,
            password: str = "",
            *,
            basic: bool = False,
            play_s: float = 600.0,
        ) -> GstRtsp:
            folder = tmp_path / f"rtsp{len(list(tmp_path.glob('rtsp*')))}"
            started = GstRtsp(folder, streams, user, password, basic=basic, play_s=play_s)
            running.callback(started.stop)
            started.start()
            return started

        yield start


@pytest.fixture(scope="session")
def home_assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeAssistant]:
    """One Home Assistant for all tests, not started: each test does `await home_assistant.start(broker.port)`."""
    if reason := homeassistant.why_not():
        pytest.skip(reason)
    house = HomeAssistant(tmp_path_factory.mktemp("homeassistant"))
    yield house
    house.end()


@pytest.fixture(scope="session")
def moving_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a bright square that wanders: H.264, 320x240, 15 frames/s, a key frame every second."""
    path = tmp_path_factory.mktemp("clips") / "square.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=15, options={"preset": "ultrafast", "bf": "0"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.codec_context.gop_size = 15
        video.codec_context.time_base = Fraction(1, 15)
        for number in range(60):
            picture = np.full((240, 320, 3), 40, np.uint8)
            picture[100:140, number * 4 : number * 4 + 40] = 220
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode())
    return path
