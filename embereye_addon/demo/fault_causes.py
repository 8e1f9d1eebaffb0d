"""What goes wrong in the world, staged: cameras that cannot see, PF devices that ail, and a node to be damaged."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import embereye_addon
from embereye_addon.demo.clips import EncodedClip, Take, encode
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.scenes import Picture
from embereye_addon.demo.thermal import Housing
from embereye_addon.processes.plan import Role
from embereye_addon.processes.supervisor import Supervisor

FPS = 5.0
SLOW_FPS = 0.8
LOOP_S = 10.0
DAMAGED_FROM, DAMAGED_TO = 200, 260


def _noisy(picture: Picture, index: int, sigma: float = 1.5) -> Picture:
    """The sensor's own noise, which no optics and no darkness takes away."""
    noise = np.random.default_rng(index).standard_normal(picture.shape[:2], np.float32) * np.float32(sigma)
    return np.asarray(np.clip(picture + noise[..., None], 0, 255), np.uint8)


def _black(picture: Picture, index: int) -> Picture:
    return _noisy(np.zeros_like(picture), index)


def _over_exposed(picture: Picture, _index: int) -> Picture:
    return np.asarray(np.clip(picture.astype(np.float32) * 2.0 + 190.0, 0, 255), np.uint8)


def _defocused(picture: Picture, index: int) -> Picture:
    return _noisy(np.asarray(cv2.GaussianBlur(picture, (0, 0), 7.0), np.uint8), index)


def _covered(picture: Picture, index: int) -> Picture:
    return _noisy(np.full_like(picture, 70), index)


def _moved(picture: Picture, _index: int) -> Picture:
    """Turned by so much that the right part of the room is at the left, and a wall comes in."""
    turned = np.roll(picture[::-1], picture.shape[1] // 2, axis=1)
    return np.ascontiguousarray(turned)


CHANGES: dict[str, Callable[[Picture, int], Picture]] = {
    "black": _black,
    "over-exposed": _over_exposed,
    "defocused": _defocused,
    "covered": _covered,
    "moved": _moved,
}
"""By name what is done to each picture of a quiet room."""


def clips(seconds: float = LOOP_S) -> dict[str, EncodedClip]:
    """The quiet room, and what a camera sends of it when it cannot see: black, frozen, moved ... (seconds of CPU)."""
    room = list(Take("quiet", 2.0, seconds, 0.0, 1, 1e9, FPS).pictures())
    made = {"quiet": encode(iter(room), FPS), "frozen": encode(iter(room[:1]), FPS)}  # one coded picture, repeated
    made["slow"] = encode(iter(room[:: round(FPS / SLOW_FPS)]), SLOW_FPS)
    for name, change in CHANGES.items():
        made[name] = encode(_changed(room, change), FPS)
    return made


def _changed(room: list[Picture], change: Callable[[Picture, int], Picture]) -> Iterator[Picture]:
    for index, picture in enumerate(room):
        yield change(picture, index)


class AilingPf(PfDevice):
    """A PF device that can be made to ail: `ail` is silent, damaged, frozen, weak (its supply), open (an input)."""

    ail = ""
    _before = b""

    def frame_packet(self) -> bytes:
        """As the real one, unless it ails."""
        if self.ail == "silent":
            return b""
        if self.ail == "frozen" and self._before:
            return self._before
        packet = self._before = super().frame_packet()
        if self.ail == "damaged":
            packet = packet[:DAMAGED_FROM] + b"?" * (DAMAGED_TO - DAMAGED_FROM) + packet[DAMAGED_TO:]
        return packet

    def inputs_packet(self) -> bytes:
        """As the real one, unless it ails."""
        if self.ail == "silent":
            return b""
        packet = super().inputs_packet()
        return _opened(packet) if self.ail == "open" else packet

    def _housing(self, at_s: float) -> Housing:
        usual = super()._housing(at_s)
        return replace(usual, supply_v=2.85) if self.ail == "weak" else usual


def _opened(packet: bytes) -> bytes:
    """The same packet with nothing at the input ADC2."""
    head, _, rest = packet.partition(b"ADC2=")
    return head + b"ADC2=0" + rest[rest.index(b",") :]


class Rigged(Supervisor):
    """A supervisor whose detector and gateway run from a copy of the program, and whose panel's clock a file moves."""

    @property
    def copy(self) -> Path:
        """Where the copy lies, to be damaged."""
        return self.folder.path / "copy" / "embereye_addon"

    @property
    def shift(self) -> Path:
        """The file with the seconds that the panel's wall clock is moved by."""
        return self.folder.path / "clock_shift"

    def prepare(self) -> None:
        """Make the copy and the file, too."""
        super().prepare()
        own = Path(embereye_addon.__file__).parent
        shutil.copytree(own, self.copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "static"))
        self.shift.write_text("0")

    def command(self, role: Role) -> tuple[str, ...]:
        """The command line of one process."""
        usual = super().command(role)
        if role.name == "panel":
            return (sys.executable, "-m", "embereye_addon.demo.shifted_clock", str(self.folder.path), str(self.shift))
        if role.process.name not in ("detector", "pf_gateway"):
            return usual
        python, *rest = usual
        return ("env", f"PYTHONPATH={self.copy.parent}", python, "-P", *rest)
