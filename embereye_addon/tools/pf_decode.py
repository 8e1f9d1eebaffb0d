"""pf-decode: frames of a PF device and the EEPROM of its sensor become temperatures in an .npz file."""

import argparse
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embereye_addon.errors import ProtocolError, StorageError
from embereye_addon.sources.pf.eeprom import COLUMNS, EEPROM_WORDS, ROWS, Calibration, calibrate
from embereye_addon.sources.pf.mlx90640 import Conversion, convert, looks_radiometric
from embereye_addon.sources.pf.packets import EepromPacket, FramePacket, Reason, Rejected, parse
from embereye_addon.tools.captures import lines, opened, packets
from embereye_addon.tools.progress import Progress

LINES_NAMED = 12
_MAX_WORDS = 100_000  # of a file that is no EEPROM at all
_UNKNOWN = np.full((ROWS, COLUMNS), np.nan, dtype=np.float32)
_WORDS = {
    Reason.FRAME_LENGTH: "not 834 words of 4 hex digits",
    Reason.NOT_HEX: "a byte that is no hex digit",
    Reason.BAD_TEXT: "an unreadable header",
    Reason.NO_COLON: "no colon after its header",
    Reason.EEPROM_LENGTH: f"not {EEPROM_WORDS} words of 4 hex digits",
}

DESCRIPTION = """Turn the frames of a PF device into temperatures.

The frames stand in a text file, a packet a line, as a device sends it (#frame1234:...!) or as captured:
time TAB direction TAB packet, bytes that are not printable written as \\xNN. Other packets are passed over.
The EEPROM of the very same sensor is 832 hex words, or an #EEPROM...! packet, also one within a capture.

The .npz has a row for each frame packet of the device, n of them:
  line   int [n]                line of the file, counted from 1
  temps  float32 [n, 24, 32]    degrees Celsius; NaN for the pixels the EEPROM marks as bad
  vdd    float64 [n]            supply of the sensor, volt
  ta     float64 [n]            temperature of the chip, degrees Celsius
  ok     bool [n]               False for a corrupt frame, whose temps, vdd and ta are NaN
"""
EPILOG = "exit codes: 0 written; 1 written, but every frame is corrupt; 2 a mistake, nothing written"


@dataclass(frozen=True, slots=True)
class View:
    """How frames are converted; the defaults are those of the sensor in open air."""

    emissivity: float = 0.95
    reflected_c: float | None = None
    control_register: int | None = None


@dataclass(slots=True)
class Decoded:
    """Rows of the result, one a frame packet; `refused` says why for the lines of corrupt frames."""

    line: list[int] = field(default_factory=list)
    temps: list[NDArray[np.float32]] = field(default_factory=list)
    vdd: list[float] = field(default_factory=list)
    ta: list[float] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def add(self, number: int, found: Conversion | str) -> None:
        """One more row."""
        self.line.append(number)
        if isinstance(found, str):
            self.refused[len(self.line) - 1] = found
            self.temps.append(_UNKNOWN)
            self.vdd.append(float("nan"))
            self.ta.append(float("nan"))
        else:
            self.temps.append(found.to_c)
            self.vdd.append(found.supply_v)
            self.ta.append(found.ambient_c)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What is written, by name."""
        ok = np.ones(len(self.line), dtype=np.bool_)
        ok[list(self.refused)] = False
        return {
            "line": np.array(self.line, dtype=np.int64),
            "temps": np.array(self.temps, dtype=np.float32).reshape(-1, ROWS, COLUMNS),
            "vdd": np.array(self.vdd, dtype=np.float64),
            "ta": np.array(self.ta, dtype=np.float64),
            "ok": ok,
        }


def read_eeprom(path: Path) -> Calibration:
    """The calibration in a file of hex words or with an #EEPROM packet; StorageError or ProtocolError in words."""
    words = _packet_words(path)
    if words is None:
        words = _plain_words(path)
    calibration = calibrate(words)
    if isinstance(calibration, str):
        raise ProtocolError(f"The EEPROM in {path} is refused: {calibration}")
    return calibration


def _packet_words(path: Path) -> NDArray[np.uint16] | None:
    """The words of the first good #EEPROM packet, None where the file has none at all."""
    damaged = ""
    with opened(path) as file:
        for line in lines(file):
            for body, ended in packets(line):
                if not body.startswith(b"EEPROM"):
                    continue
                packet = parse(body) if ended else None
                if isinstance(packet, EepromPacket):
                    return packet.words
                why = _WORDS.get(packet.reason) if isinstance(packet, Rejected) else "its end, the !, is missing"
                damaged = damaged or f"the #EEPROM packet in {path}, line {line.number}, is damaged: {why}"
    if damaged:
        raise ProtocolError(damaged)
    return None


def _plain_words(path: Path) -> NDArray[np.uint16]:
    """Hex words between white space; exactly 832."""
    words: list[int] = []
    with opened(path) as file:
        for line in lines(file):
            for word in line.raw.removeprefix(b"\xef\xbb\xbf").split():
                digits = word.decode("latin-1").removeprefix("0x")
                if len(digits) != 4 or not set(digits) <= set("0123456789abcdefABCDEF"):
                    shown = ascii(digits[:20]).strip("'")
                    raise ProtocolError(f"{path}, line {line.number}: {shown} is not a word of 4 hex digits")
                words.append(int(digits, 16))
            if len(words) > _MAX_WORDS:
                break
    if len(words) != EEPROM_WORDS:
        raise ProtocolError(f"{path} holds {len(words)} words; an EEPROM has {EEPROM_WORDS}")
    return np.array(words, dtype=np.uint16)


def frames(path: Path, progress: Progress) -> Iterator[tuple[int, FramePacket | str]]:
    """Line and packet of every frame of the device, or what is wrong with it. StorageError for an unreadable file."""
    with opened(path) as file:
        size = max(1, os.fstat(file.fileno()).st_size)
        for line in lines(file):
            for body, ended in packets(line):
                if body.startswith(b"frame"):
                    yield line.number, _frame(body) if ended else "its end, the !, is missing"
            progress.show(partial("line {}, {:.0f} %".format, line.number, min(100.0, 100.0 * file.tell() / size)))


def _frame(body: bytes) -> FramePacket | str:
    packet = parse(body)
    if isinstance(packet, FramePacket):
        return packet
    return _WORDS.get(packet.reason, packet.reason) if isinstance(packet, Rejected) else "no frame"


def decode(path: Path, calibration: Calibration, view: View, progress: Progress) -> Decoded:
    """Convert every frame of a file. ProtocolError where it holds none, StorageError where it cannot be read."""
    found = Decoded()
    for number, packet in frames(path, progress):
        found.add(number, packet if isinstance(packet, str) else _converted(calibration, packet, view))
    if not found.line:
        raise ProtocolError(
            f"{path} holds no frame of a device: no line with #frame...! (lines marked H>D do not count)"
        )
    return found


def _converted(calibration: Calibration, packet: FramePacket, view: View) -> Conversion | str:
    """One frame as temperatures, bad pixels left unknown."""
    found = convert(
        calibration, packet.words, view.emissivity, view.reflected_c, view.control_register, replace_bad=False
    )
    if isinstance(found, Conversion) and not looks_radiometric(calibration, packet.words, view.control_register):
        return "what was measured beside the pixels cannot be true; is it another sensor's EEPROM, or a simulator?"
    return found


def write(found: Decoded, path: Path) -> None:
    """Write the result under exactly this name, whole or not at all; StorageError in words."""
    whole = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole.open("wb") as file:
            np.savez_compressed(file, **found.arrays())  # type: ignore[arg-type]
        whole.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            whole.unlink()
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def summary(found: Decoded, sensor_id: str) -> str:
    """One line: how many frames, which were corrupt, what they show."""
    count, bad = len(found.line), len(found.refused)
    text = f"{count} frame{'s' * (count > 1)} of sensor {sensor_id}: {count - bad} decoded, {bad} corrupt"
    if bad:
        named = ", ".join(str(found.line[row]) for row in list(found.refused)[:LINES_NAMED])
        text += f" (line{'s' * (bad > 1)} {named}{', ...' * (bad > LINES_NAMED)})"
    known = [low_high for temps in found.temps if (low_high := _extremes(temps)) is not None]
    if known:
        text += f"; {min(low for low, _ in known):.1f} to {max(high for _, high in known):.1f} °C"
    return text


def _extremes(temps: NDArray[np.float32]) -> tuple[float, float] | None:
    finite = temps[np.isfinite(temps)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _emissivity(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("above 0 and at most 1")
    return value


def _celsius(text: str) -> float:
    value = float(text)
    if not -273.15 < value < 3000:
        raise argparse.ArgumentTypeError("a temperature in degrees Celsius")
    return value


def _register(text: str) -> int:
    value = int(text, 16)
    if not 0 <= value <= 0xFFFF:
        raise argparse.ArgumentTypeError("four hex digits, such as 1901")
    return value


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon pf-decode",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    file = {"type": Path, "required": True, "metavar": "FILE"}
    parser.add_argument("--eeprom", help="the sensor's calibration", **file)  # type: ignore[arg-type]
    parser.add_argument("--frames", help="the capture", **file)  # type: ignore[arg-type]
    parser.add_argument("--out", help="the .npz to write; replaced if it is there", **file)  # type: ignore[arg-type]
    parser.add_argument("--emissivity", type=_emissivity, default=0.95, help="of what is looked at (default 0.95)")
    parser.add_argument(
        "--reflected", type=_celsius, default=None, metavar="C", help="what is reflected, °C (default: chip minus 8 K)"
    )
    parser.add_argument(
        "--control", type=_register, default=None, metavar="HEX", help="control register (default: the EEPROM's)"
    )
    given = parser.parse_args(words)
    if given.out.resolve() in (given.frames.resolve(), given.eeprom.resolve()):
        parser.error("--out would overwrite what is read")
    return given


def command(words: list[str]) -> int:
    """Decode; returns the exit code."""
    given = arguments(words)
    began_s, progress = time.monotonic(), Progress()
    try:
        calibration = read_eeprom(given.eeprom)
        view = View(given.emissivity, given.reflected, given.control)
        found = decode(given.frames, calibration, view, progress)
    finally:
        progress.end()
    write(found, given.out)
    for why, count in Counter(found.refused.values()).most_common(LINES_NAMED):
        print(f"{count} corrupt: {why}", file=sys.stderr)
    print(f"{summary(found, calibration.sensor_id)}; {given.out} written in {time.monotonic() - began_s:.1f} s")
    return 1 if len(found.refused) == len(found.line) else 0
