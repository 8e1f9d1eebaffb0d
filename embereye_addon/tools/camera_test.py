"""camera-test: open one camera's stream, and say what it sends, what to change there, and what it shows."""

import argparse
import base64
import sys
import time

import msgspec

from embereye_addon.detect.masks import masks, private
from embereye_addon.detect.picture import jpeg
from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.model import Camera
from embereye_addon.settings.regions import parse
from embereye_addon.sources.camera.farm import Farm
from embereye_addon.sources.camera.probe import advice, described
from embereye_addon.sources.camera.rtsp import with_credentials
from embereye_addon.sources.camera.watched import Watched
from embereye_addon.tools.progress import Progress

GIVEN_MAX = 64 * 1024
WAIT_S = 20.0
"""A key-frame interval of ten seconds, twice."""
REFUSED_S = 5.0
"""A camera that is away or refuses is asked a second time, no more."""
STEP_S = 0.1

DESCRIPTION = """Open one camera's stream and say what it sends.

The camera is read from stdin, one JSON object with the keys of an entry of cameras: a password on the command line
could be read by every user of the machine. With --json the answer is one JSON object with the picture in it, its
privacy regions painted over.
"""


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera sends: `error` in words when it sends nothing; `jpeg` in base64, '' without a picture."""

    error: str = ""
    described: str = ""
    advice: tuple[str, ...] = ()
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    kbit_s: float = 0.0
    gop_s: float = 0.0
    jpeg: str = ""


def probed(camera: Camera, wait_s: float = WAIT_S) -> Tested:
    """Watch the stream until it is known, at most `wait_s`."""
    farm, progress = Farm(lambda _source, _look: None), Progress()
    source = f"cam.{camera.id}"
    try:
        farm.watch(source, with_credentials(camera.url, camera.username, camera.password), camera.transport)
        (watched,) = farm.watched()
        began_s = time.monotonic()
        while not _known(watched) and time.monotonic() - began_s < wait_s:
            if watched.stream.link.why and not watched.probe.codec and time.monotonic() - began_s > REFUSED_S:
                break
            time.sleep(STEP_S)
            progress.show(lambda: f"{camera.name}: waiting for pictures")
        return _told(farm, camera, watched)
    finally:
        progress.end()
        farm.stop()


def _known(watched: Watched) -> bool:
    return watched.probe.facts is not None and watched.newest is not None


def _told(farm: Farm, camera: Camera, watched: Watched) -> Tested:
    facts, newest = watched.probe.facts, farm.newest(watched.stream.source)
    if facts is None and newest is None:
        why = watched.stream.unusable or watched.stream.link.why
        return Tested(error=why or "it was opened, but no whole picture came")
    shown = ""
    if newest is not None:
        painted = private(newest.bgr, masks(tuple(map(parse, camera.regions))))
        shown = base64.b64encode(jpeg(painted)).decode()
    if facts is None:
        return Tested(jpeg=shown, error="pictures come, but too few to measure the stream")
    return Tested(
        described=described(facts),
        advice=advice(facts),
        codec=facts.codec,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        kbit_s=facts.kbit_s,
        gop_s=round(facts.gop_s, 2),
        jpeg=shown,
    )


def command(words: list[str]) -> int:
    """Test one camera; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon camera-test",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="the answer as one JSON object, with the picture")
    as_json = parser.parse_args(words).json
    try:
        camera = msgspec.json.decode(sys.stdin.buffer.read(GIVEN_MAX), type=Camera)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise SettingsFileError("the camera on stdin", (str(err),)) from None
    answer = probed(camera)
    if as_json:
        print(msgspec.json.encode(answer).decode(), flush=True)
    else:
        print("\n".join((answer.described or answer.error, *answer.advice)))
    return 1 if answer.error else 0
