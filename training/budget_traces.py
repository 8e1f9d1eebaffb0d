"""Recorded evidence, the raw material of the budget study: what the product's own sources claim of clips and scenes.

A trace is rows of time (s), point, log-likelihood ratio (nats), cap (nats) and hard rules (bits); it is what a zone
hears, no more and no less.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal_trial import DEVICE_S, watch
from embereye_addon.detect.model import Model
from embereye_addon.fuse.thermal import Look, raised
from embereye_addon.messages import Evidence, Kind, Rule
from embereye_addon.processes.offline import replayed
from embereye_addon.processes.sightings import evidence_of
from embereye_addon.settings.model import Detection, Device, Zone
from embereye_addon.sources.camera.clip import clip
from embereye_addon.tools.heard import capture
from training.heat_scenes import draw

POINTS = ("flame", "smoke", "thermal", "gas")
KINDS = (Kind.FLAME, Kind.SMOKE, Kind.HEAT, Kind.GAS)
UNITS = ("%", "%", "°C", "σ")
RULES = tuple(Rule)
SORTS = {True: "fire", False: "calm", None: "nuisance"}
"""A clip by whether an alarm is expected of it: a candle or a cigarette is neither a fire nor nothing."""
ZONE = Zone(id="study", name="Study")
QUIET_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What one source claimed of one recording: its name and sort, when the fire began (s, NaN: none), how long it is.

    `rows` [n,5] float64: time (s), point, nats, cap (nats), rules as bits.
    """

    name: str
    sort: str
    fire_s: float
    until_s: float
    rows: NDArray[np.float64]


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


def of_clip(path: Path, model: Model) -> Trace:
    """A clip through detector and evidence, at the rate at which a detector would tell it."""
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    rows, until_s = [], 0.0
    for step in replayed(clip(path), model, ZONE):
        until_s = step.t_s
        if step.seen is not None and step.told:
            both = evidence_of(step.seen, (Detection().flame_persist_s, Detection().smoke_persist_s))
            rows += [row(step.t_s, piece) for piece in both]
    starts = [truth.get(key) for key in ("fire_start_s", "smoke_start_s")]
    begun = [float(each) for each in starts if each is not None]
    sort = SORTS[truth["alarm_expected"]]
    return Trace(path.stem, sort, min(begun, default=np.nan), until_s, np.array(rows))


def of_capture(path: Path) -> Trace:
    """The recorded PF device: people and a room, no fire."""
    device, rows, until_s = Device(id="pf", name="PF", zone="study"), [], 0.0
    for heard in capture(path, device, (ZONE,)):
        until_s = heard.at_s
        rows += [row(heard.at_s, piece) for piece in heard.evidence]
    return Trace("capture", "capture", np.nan, until_s, np.array(rows))


def of_scene(seed: int) -> Trace:
    """A simulated scene before a PF device at its real frame interval."""
    drawn = draw(seed)
    looks = ((at_s, look) for at_s, _, look in watch(drawn.scene, DEVICE_S))
    rows = np.array([row(at_s, look.evidence) for at_s, look in told(looks)])
    fire_s = drawn.scene.from_s if drawn.fire else np.nan
    sort = f"{drawn.kind}, raised limits" if raised(drawn.scene.limits) else drawn.kind
    return Trace(f"{drawn.kind} {seed}", sort, fire_s, drawn.scene.until_s, rows)


def told(looks: Iterable[tuple[float, Look]]) -> Iterator[tuple[float, Look]]:
    """The looks that a gateway sends: every one with a hot spot, of the quiet ones one a second."""
    said_s = -QUIET_S
    for at_s, look in looks:
        if look.clusters or look.evidence.rules or at_s - said_s >= QUIET_S:
            said_s = at_s
            yield at_s, look


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
