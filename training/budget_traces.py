"""Recorded evidence, the raw material of the budget study: what the product's own sources claim of clips and scenes.

A trace is rows of time (s), point, log-likelihood ratio (nats), cap (nats) and hard rules (bits); it is what a zone
hears, no more and no less.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from embereye_addon.detect.model import Model
from embereye_addon.fuse import video
from embereye_addon.fuse.habits import Episode
from embereye_addon.fuse.video import Claimed
from embereye_addon.messages import Evidence, Kind, Rule
from embereye_addon.processes.offline import replayed
from embereye_addon.processes.sightings import claimed
from embereye_addon.settings.model import Detection, Device, Zone
from embereye_addon.sources.camera.clip import clip
from embereye_addon.tools.heard import capture

POINTS = ("flame", "smoke", "thermal", "gas")
KINDS = (Kind.FLAME, Kind.SMOKE, Kind.HEAT, Kind.GAS)
UNITS = ("%", "%", "°C", "σ")
RULES = tuple(Rule)
SORTS = {True: "fire", False: "calm", None: "nuisance"}
"""A clip by whether an alarm is expected of it: a candle or a cigarette is neither a fire nor nothing."""
ZONE = Zone(id="study", name="Study")
Rows = NDArray[np.float64]
"""[n,5]: time (s), point, nats, cap (nats), rules as bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What one source claimed of one recording: its name and sort, when the fire began (s, NaN: none), how long it is.

    `rows` [n,5] float64: time (s), point, nats, cap (nats), rules as bits. `usual` are those that come instead once
    `episodes`, which it consists of, are usual.
    """

    name: str
    sort: str
    fire_s: float
    until_s: float
    rows: Rows
    usual: Rows | None = None
    episodes: tuple[Episode, ...] = ()


def row(at_s: float, evidence: Evidence) -> tuple[float, ...]:
    """One piece of evidence as it is kept."""
    bits = sum(1 << place for place, rule in enumerate(RULES) if rule in evidence.rules)
    return (at_s, float(KINDS.index(evidence.kind)), evidence.llr_nats, evidence.cap_nats, float(bits))


def evidence(source: str, kept: NDArray[np.float64]) -> Evidence:
    """The same as a message again, of any source."""
    place, bits = int(kept[1]), int(kept[4])
    rules = tuple(rule for at, rule in enumerate(RULES) if bits >> at & 1) if bits else ()
    point, kind, unit = f"{source}.{POINTS[place]}", KINDS[place], UNITS[place]
    nats, cap = float(kept[2]), float(kept[3])
    return Evidence(point=point, kind=kind, llr_nats=nats, value=0.0, unit=unit, cap_nats=cap, rules=rules)


@dataclass(frozen=True, slots=True)
class Clip:
    """What the detector claimed of a clip: flame and smoke at each look that would be told, at its time (s)."""

    name: str
    sort: str
    fire_s: float | None
    until_s: float
    looks: tuple[tuple[float, Claimed, Claimed], ...]


def of_clip(path: Path, model: Model) -> Clip:
    """A clip through the detector, at the rate at which it would tell."""
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    looks, until_s = [], 0.0
    lasting_s = (Detection().flame_persist_s, Detection().smoke_persist_s)
    for step in replayed(clip(path), model, ZONE):
        until_s = step.t_s
        if step.seen is not None and step.told:
            flame, smoke = (claimed(each, s) for each, s in zip(step.seen.claims, lasting_s, strict=True))
            looks.append((step.t_s, flame, smoke))
    starts = [truth.get(key) for key in ("fire_start_s", "smoke_start_s")]
    begun = [float(each) for each in starts if each is not None]
    return Clip(path.stem, SORTS[truth["alarm_expected"]], min(begun, default=None), until_s, tuple(looks))


def judged(seen: Clip) -> Trace:
    """A clip as evidence, by the rules of evidence as they are now."""
    looks = [(at_s, piece) for at_s, *both in seen.looks for piece in video.evidence("cam.study", *both)]
    fire_s = np.nan if seen.fire_s is None else seen.fire_s
    return Trace(seen.name, seen.sort, fire_s, seen.until_s, np.array([row(*each) for each in looks]))


def save_clips(clips: Iterable[Clip], path: Path) -> None:
    """Keep what was claimed of clips in one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(tuple(clips)))


def load_clips(path: Path) -> list[Trace]:
    """The clips of a file, as evidence."""
    return [judged(each) for each in msgspec.json.decode(path.read_bytes(), type=tuple[Clip, ...])]


def of_capture(path: Path) -> Trace:
    """The recorded PF device: people and a room, no fire."""
    device, rows, until_s = Device(id="pf", name="PF", zone="study"), [], 0.0
    for heard in capture(path, device, (ZONE,)):
        until_s = heard.at_s
        rows += [row(heard.at_s, piece) for piece in heard.evidence]
    return Trace("capture", "capture", np.nan, until_s, np.array(rows))


def save(traces: Iterable[Trace], path: Path) -> None:
    """Keep traces in one file."""
    arrays = {}
    for trace in traces:
        key = f"{trace.name}|{trace.sort}|{trace.fire_s}|{trace.until_s}"
        arrays[key] = trace.rows
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def load(path: Path) -> list[Trace]:
    """The traces of a file."""
    with np.load(path) as arrays:
        found = []
        for key in arrays.files:
            name, sort, fire_s, until_s = key.split("|")
            found.append(Trace(name, sort, float(fire_s), float(until_s), arrays[key]))
    return found
