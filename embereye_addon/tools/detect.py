"""detect: what the model says of picture files, a line each."""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from embereye_addon.detect.model import Model
from embereye_addon.detect.picture import fitted, read
from embereye_addon.errors import ModelError, ProtocolError, StorageError
from embereye_addon.tools.naming import shown
from embereye_addon.tools.progress import Progress

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
LABELS = {"flame": "fire", "smoke": "smoke"}

DESCRIPTION = """Say of each picture how likely it shows fire or smoke, and where.

A PATH is a picture (JPEG, PNG, BMP, WebP, TIFF) or a folder, which is searched with all that is below it.
With --json there is one line of JSON a picture:
  {"path", "fire": p, "smoke": p, "items": [{"label": "fire"|"smoke", "confidence", "box": [left, top, right, bottom]}]}
p is the calibrated probability (0..1) for somebody who held fire and no fire for equally likely before looking;
a box is in fractions of the picture from the top left. A file that is no picture gives {"path", "error"}.
"""
EPILOG = "exit codes: 0 every picture was looked at; 1 some could not be; 2 a mistake in the command, nothing looked at"


class Found(msgspec.Struct, frozen=True):
    """One box: fire or smoke, its confidence (0..1), and left, top, right, bottom as fractions."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


class Said(msgspec.Struct, frozen=True, rename={"found": "items"}):
    """One picture: the probabilities of fire and of smoke, and the boxes, strongest first."""

    path: str
    fire: float
    smoke: float
    found: tuple[Found, ...]


class Refused(msgspec.Struct, frozen=True):
    """One file that could not be looked at, and why, in words."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    paths: tuple[Path, ...]
    json: bool
    least: float
    device: str


def command(words: list[str]) -> int:
    """Look at every picture; gives the exit code. `ModelError` when there is no model."""
    wanted = _arguments(words)
    pictures = tuple(pictures_of(wanted.paths))
    if not pictures:
        print(f"There is no picture in {', '.join(map(shown, wanted.paths))}", file=sys.stderr)
        return 2
    model = Model(wanted.device)
    progress, refused = Progress(), 0
    for number, path in enumerate(pictures):
        progress.show(partial("{} of {} pictures".format, number, len(pictures)))
        said = look(model, path, wanted.least)
        refused += isinstance(said, Refused)
        print(msgspec.json.encode(said).decode() if wanted.json else plain(said), flush=True)
    progress.end()
    return 1 if refused else 0


def pictures_of(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Every file that is named, and every picture in the folders that are, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in ENDINGS and each.is_file())
        else:
            yield path


def look(model: Model, path: Path, least: float = 0.0) -> Said | Refused:
    """What the model says of one file; boxes below the confidence `least` are left out."""
    try:
        looked = model.look(fitted(read(path)))
    except (StorageError, ProtocolError, ModelError) as err:
        return Refused(shown(path), shown(err))
    fire, smoke = (round(1.0 / (1.0 + math.exp(-nats)), 5) for nats in looked.llr_nats)
    found = (
        Found(
            LABELS[box.label],
            round(box.confidence, 5),
            (round(box.left, 4), round(box.top, 4), round(box.right, 4), round(box.bottom, 4)),
        )
        for box in looked.detections
        if box.confidence >= least
    )
    return Said(shown(path), fire, smoke, tuple(found))


def plain(said: Said | Refused) -> str:
    """The same for people."""
    if isinstance(said, Refused):
        return f"{said.path}: {said.error}"
    boxes = "".join(f"; {each.label} {each.confidence:.0%} at {_corners(each.box)}" for each in said.found)
    return f"{said.path}: fire {said.fire:.0%}, smoke {said.smoke:.0%}{boxes}"


def _corners(box: tuple[float, float, float, float]) -> str:
    return ",".join(f"{side:.2f}" for side in box)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return share


def _arguments(words: list[str]) -> Wanted:
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon detect",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, or a folder of pictures")
    parser.add_argument("--json", action="store_true", help="a line of JSON a picture")
    parser.add_argument("--least", type=_share, default=0.0, help="leave out boxes of less confidence (default: none)")
    parser.add_argument("--device", choices=("CPU", "GPU", "NPU", "AUTO"), default="CPU", help="what the model runs on")
    given = parser.parse_args(words)
    return Wanted(tuple(given.paths), given.json, given.least, given.device)
