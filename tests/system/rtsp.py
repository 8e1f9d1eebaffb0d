"""Cameras for the system tests: clips played by GStreamer's RTSP server in a process of its own."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import av
from av.video.stream import VideoStream

_PYTHON = "/usr/bin/python3"  # Debian's own, which has the GObject bindings
_SCRIPT = Path(__file__).with_name("gst_server.py")
_STOP_LIMIT_S = 10.0
_IS_THERE = """
import sys
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
sys.exit(not all(Gst.ElementFactory.find(name) for name in ("qtdemux", "h264parse", "rtph264pay")))
"""


def why_not() -> str | None:
    """The reason why GStreamer's server cannot run on this machine, None when it can."""
    try:
        subprocess.run([_PYTHON, "-c", _IS_THERE], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return (
            "no GStreamer RTSP server on this machine (Debian packages python3-gi, "
            "gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad)"
        )
    return None


def lengthen(clip: Path, into: Path, at_least_s: float) -> None:
    """Write the video of clip end to end into one mp4 of at least so many seconds, not encoding it again."""
    into.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(into), "w", format="mp4") as out, av.open(str(clip)) as first:
        video = out.add_stream_from_template(first.streams.video[0])
        shift, written_s = 0, 0.0
        while written_s < at_least_s:
            shift, written_s = _append(clip, out, video, shift)


def _append(clip: Path, out: av.container.OutputContainer, video: VideoStream, shift: int) -> tuple[int, float]:
    """Copy every packet `shift` ticks later; gives the next round's shift and the seconds written so far."""
    with av.open(str(clip)) as source:
        stream = source.streams.video[0]
        base = stream.time_base
        assert base is not None
        first, end = None, 0
        for packet in source.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            first = packet.dts if first is None else first  # below zero where there are B frames
            end = packet.dts + max(packet.duration or 0, 1)
            packet.dts += shift
            packet.pts += shift
            packet.stream = video
            out.mux(packet)
    if first is None:
        raise ValueError(f"{clip} holds no video")
    shift += end - first
    return shift, float(shift * base)


class GstRtsp:
    """Clips as cameras on 127.0.0.1: `streams` maps a path ("door") to an H.264 or H.265 mp4 file of any length.

    With `user` clients must prove themselves, by digest or (with `basic`) by basic authentication. `stop` and
    `start` may follow each other: the port stays. Every viewer gets the clip from its beginning, again and again
    for `play_s` seconds; then his stream ends.
    """

    def __init__(
        self,
        folder: Path,
        streams: Mapping[str, Path],
        user: str | None = None,
        password: str = "",
        *,
        basic: bool = False,
        play_s: float = 600.0,
    ) -> None:
        self.port = 0
        self.user = user
        self.password = password
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._how = [] if user is None else ["--user", user, "--password", password]
        self._how += ["--basic"] if basic else []
        for number, (path, clip) in enumerate(streams.items()):
            kind = ".h265.mp4" if _codec(clip) == "hevc" else ".mp4"
            long = folder / f"stream{number}{kind}"
            lengthen(clip, long, play_s)
            self._how.append(f"{path}={long}")

    def url(self, path: str, *, with_password: bool = True) -> str:
        """Where the stream is; user and password are in it unless `with_password` is false."""
        who = ""
        if with_password and self.user is not None:
            who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"rtsp://{who}127.0.0.1:{self.port}/{path}"

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start serving, on the same port as before if there was one; RuntimeError with its complaint if not."""
        if self.running:
            return
        with (self._folder / "gst.err").open("ab") as err:
            self._process = subprocess.Popen(
                [_PYTHON, str(_SCRIPT), "--port", str(self.port), *self._how],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()  # empty when the server ended instead of serving
        if not said.isdigit():
            self.stop()
            raise RuntimeError(f"the RTSP server did not start: {(self._folder / 'gst.err').read_text()[-800:]}")
        self.port = int(said)

    def stop(self) -> None:
        """End the server: its streams break off, as those of a camera which lost power do."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(_STOP_LIMIT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def _codec(clip: Path) -> str:
    with av.open(str(clip)) as source:
        return source.streams.video[0].codec_context.name
