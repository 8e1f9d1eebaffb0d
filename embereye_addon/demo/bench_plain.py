"""The vision bench's yardsticks: what one would write first, a reader for each camera and the model on each picture.

`cv2`: cv2.VideoCapture. `pipe`: an ffmpeg process a camera that writes raw BGR into a pipe. The model is the same, but
nothing chooses which pictures it sees. Order, input and output are those of `bench_shard`.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import msgspec
import numpy as np

from embereye_addon.demo.bench_rig import cpu_s
from embereye_addon.demo.bench_shard import PAGE_MIB, rss_mib
from embereye_addon.demo.bench_streams import tell
from embereye_addon.demo.scenes import Picture
from embereye_addon.detect.model import Model
from embereye_addon.detect.tensors import input_size


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """Which streams are read how: `cv2`, or by this `ffmpeg` program."""

    urls: dict[str, str]
    width: int
    height: int
    ffmpeg: str = ""


@dataclass(slots=True)
class Reader:
    """One camera: its pictures, each looked at by the model; what was counted."""

    source: str
    url: str
    pictures: int = 0
    fires: list[tuple[str, float]] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = None

    def by_cv2(self) -> Iterator[Picture]:
        """Pictures as OpenCV gives them."""
        capture = cv2.VideoCapture(self.url, cv2.CAP_FFMPEG)
        while True:
            good, picture = capture.read()
            if not good:
                return
            yield np.asarray(picture, np.uint8)

    def by_pipe(self, order: Plain) -> Iterator[Picture]:
        """Pictures out of a pipe."""
        words = [order.ffmpeg, "-nostdin", "-loglevel", "quiet", "-rtsp_transport", "tcp", "-i", self.url]
        words += ["-f", "rawvideo", "-pix_fmt", "bgr24", "-an", "pipe:1"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603 - the program that the user named
        assert self.process.stdout is not None
        size = order.width * order.height * 3
        while len(raw := self.process.stdout.read(size)) == size:
            yield np.frombuffer(raw, np.uint8).reshape(order.height, order.width, 3)

    def run(self, pictures: Iterator[Picture], look: Callable[[Picture], float]) -> None:
        """Look at every picture there is."""
        for picture in pictures:
            began_s = time.monotonic()
            if look(picture) > 0.0:
                self.fires.append((self.source, began_s))
            self.took_ms.append(1000.0 * (time.monotonic() - began_s))
            self.pictures += 1

    def end(self) -> None:
        """End the process behind the pipe."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(5.0)


def found(readers: list[Reader]) -> dict[str, object]:
    """What was counted, with the CPU and memory of this process and its children."""
    pids = [reader.process.pid for reader in readers if reader.process is not None]
    memory = sum(_rss_mib(pid) for pid in pids)
    taken = [reader.took_ms.copy() for reader in readers]
    return {
        "mono_s": time.monotonic(),
        "cpu_s": time.process_time() + sum(cpu_s(pid) for pid in pids),
        "cpu_by": {},
        "rss_mib": round(rss_mib() + memory, 1),
        "cameras": {reader.source: {"decoded": reader.pictures, "looked": reader.pictures} for reader in readers},
        "offered_ms": [],
        "looked_ms": [round(ms, 2) for each in taken for ms in each],
        "fires": [fire for reader in readers for fire in reader.fires],
        "faults": [],
    }


def _rss_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB
    return 0.0


def watch(order: Plain) -> None:
    """Read until told to end."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    model, lock = Model("CPU"), threading.Lock()
    size = input_size(order.width, order.height)

    def look(picture: Picture) -> float:
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        with lock:
            return max(model.look(small).llr_nats)

    tell({"ready": True, "empty_mib": round(rss_mib(), 1)})
    readers = [Reader(source, url) for source, url in order.urls.items()]
    for reader in readers:
        pictures = reader.by_pipe(order) if order.ffmpeg else reader.by_cv2()
        threading.Thread(target=reader.run, args=(pictures, look), daemon=True).start()
    while sys.stdin.readline().strip() == "mark":
        tell(found(readers))
    for reader in readers:
        reader.end()
    os._exit(0)  # readers that wait inside FFmpeg cannot be ended


if __name__ == "__main__":
    watch(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plain))
