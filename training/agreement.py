"""`python -m training.agreement`: how much sooner a fire is an alarm when flame and heat agree in place.

A flame is rendered as the demo's camera sees it and simulated, at the same place and of the same height, as a thermal
array sees it. Both go through the product's own path: detector, model and evidence; conversion, judgement and evidence;
one zone at normal sensitivity. The table goes to docs/agreement.md.
"""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from embereye_addon.alarm import zone as alarm
from embereye_addon.alarm.clock import Now
from embereye_addon.demo import thermal_trial
from embereye_addon.demo.room import FOCAL_PX, HEIGHT, WIDTH, project, room
from embereye_addon.demo.scenes import FLAME_TALL_M, render, tall
from embereye_addon.demo.thermal_scenes import Expected, Scene
from embereye_addon.demo.thermal_things import PIXEL_M, Patch, Place, flame
from embereye_addon.detect.model import Model
from embereye_addon.fuse import agreement, zone
from embereye_addon.fuse.sequential import Part
from embereye_addon.messages import SAME_PLACE, Evidence, Kind, ZoneState
from embereye_addon.processes.offline import SOURCE, replayed
from embereye_addon.processes.ruling import persist_s
from embereye_addon.processes.sightings import evidence_of
from embereye_addon.settings.model import Detection, Zone
from embereye_addon.settings.registration import Pair, Registration
from embereye_addon.sources.camera.farm import Look

PAGE = Path(__file__).resolve().parents[1] / "docs" / "agreement.md"
FPS = 5.0
START_S = 12.0
UNTIL_S = 24.0
CELL_PX = FOCAL_PX * PIXEL_M
"""A cell of the array is so many pixels of the camera wide: both look along the same axis."""
GROWS_S = 30.0
AWAY_M = (5.0, 15.0, 25.0)
PERIODS_S = (0.5, thermal_trial.DEVICE_S)
SEEDS = (1, 2, 3)

Timed = tuple[float, Evidence]


@dataclass(frozen=True, slots=True)
class Outcome:
    """When a zone first went to pre-alarm and to alarm, seconds after the fire began."""

    pre_s: float | None
    alarm_s: float | None


def camera(seed: int, model: Model) -> list[Timed]:
    """What the camera claims of a flame that begins at `START_S`."""
    steps = replayed(pictures(seed), model, Zone(id="replay", name="Replay"))
    told = [(step.t_s, step.seen) for step in steps if step.told]
    return [(t_s, piece) for t_s, seen in told if seen for piece in evidence_of(seen, persist_s(Detection(), None))]


def pictures(seed: int) -> Iterator[Look]:
    """Rendered pictures of the flame, as a decoder gives them."""
    for number in range(int((START_S + UNTIL_S) * FPS)):
        bgr = np.asarray(render("flame", number / FPS, seed, START_S, GROWS_S), np.uint8)
        planes = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), np.uint8)
        yield Look(av.VideoFrame.from_ndarray(planes, format="yuv420p"), number, number / FPS, number / FPS)


def array(seed: int, period_s: float, away_m: float) -> list[Timed]:
    """What a thermal array so far away claims of the same flame."""
    x, y, _ = project(room(seed).fire)
    foot = Place(12.0 + (y - HEIGHT / 2) / CELL_PX, 16.0 + (x - WIDTH / 2) / CELL_PX, away_m)

    def patches(at_s: float) -> Iterator[Patch]:
        if at_s > START_S:
            yield from flame(foot, FLAME_TALL_M * tall(at_s - START_S, GROWS_S), at_s)

    scene = Scene(f"flame {seed}", Expected.ALARM, patches, START_S + UNTIL_S)
    return [(at_s, judged.evidence) for at_s, _, judged in thermal_trial.watch(scene, period_s)]


def tied() -> agreement.Tie:
    """The four corners of the camera's picture, as the array sees them."""
    pairs = tuple(
        Pair(x, y, 15.5 + (x - 0.5) * WIDTH / CELL_PX, 11.5 + (y - 0.5) * HEIGHT / CELL_PX)
        for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    )
    device = thermal_trial.POINT.rpartition(".")[0]
    return agreement.tie(device, Registration(SOURCE.removeprefix("cam."), pairs))


def in_order(pieces: Iterable[Timed]) -> list[Timed]:
    """What was claimed, in the order of time."""
    return sorted(pieces, key=lambda timed: timed[0])


def outcome(pieces: Iterable[Timed], *ties: agreement.Tie) -> Outcome:
    """What a zone makes of it; an alarm is a pre-alarm too."""
    beliefs, state = zone.fresh("normal"), alarm.Zone("trial", "Trial", 30.0)
    first_s: dict[ZoneState, float] = {}
    for at_s, piece in in_order(pieces):
        beliefs = agreement.hear(ties, beliefs, piece, at_s)
        want = zone.want(beliefs, at_s)
        state, change = alarm.step(state, alarm.Wanted(want.state, want.gone, want.explanation), Now(at_s, at_s))
        if change is not None:
            first_s.setdefault(state.state, at_s - START_S)
    alarm_s = first_s.get(ZoneState.ALARM)
    return Outcome(first_s.get(ZoneState.PRE_ALARM, alarm_s), alarm_s)


def touching(pieces: Iterable[Timed], tie: agreement.Tie) -> tuple[int, int]:
    """Of the array's looks with a hot spot while the camera shows a flame: how many touch its box, and how many."""
    parts: dict[str, Part] = {}
    touched = both = 0
    for at_s, piece in in_order(pieces):
        parts[piece.point] = Part(1.0, at_s, piece)
        if piece.kind is Kind.HEAT and piece.where and (seen := parts.get(f"{SOURCE}.flame")) and seen.evidence.where:
            found = agreement.agreed((tie,), {**parts, piece.point: Part(1.0, at_s, _claiming(piece))}, piece, at_s)
            both += seen.evidence.llr_nats > 0.0
            touched += found is not None and found.point.endswith(SAME_PLACE)
    return touched, both


def _claiming(piece: Evidence) -> Evidence:
    """The same hot spot, as a claim that does not stay as it is."""
    return Evidence(
        point=piece.point, kind=piece.kind, llr_nats=1.0, value=0.0, unit="", where=piece.where, cap_nats=24.0
    )


def rows(model: Model) -> Iterator[str]:
    """The lines of the table, and a line on how often they touch."""
    seen = {seed: camera(seed, model) for seed in SEEDS}
    tie, touched, both = tied(), 0, 0
    for away_m in AWAY_M:
        for period_s in PERIODS_S:
            felt = {seed: array(seed, period_s, away_m) for seed in SEEDS}
            ways = (
                [outcome(seen[seed]) for seed in SEEDS],
                [outcome(felt[seed]) for seed in SEEDS],
                [outcome(seen[seed] + felt[seed]) for seed in SEEDS],
                [outcome(seen[seed] + felt[seed], tie) for seed in SEEDS],
            )
            for seed in SEEDS:
                counts = touching(seen[seed] + felt[seed], tie)
                touched, both = touched + counts[0], both + counts[1]
            cells = [said(one.pre_s for one in way) + " / " + said(one.alarm_s for one in way) for way in ways]
            yield f"| {away_m:.0f} m | {period_s:g} s | " + " | ".join(cells) + " |"
    yield f"\nOf {both} looks of the array with a hot spot while the camera showed a flame, {touched} touched its box."


def said(times: Iterable[float | None]) -> str:
    """The median of the rooms' times."""
    known = [each for each in times if each is not None]
    return f"{statistics.median(known):.1f}" if len(known) == len(SEEDS) else "none"


HEAD = f"""# Agreement in place

How soon a fire is a pre-alarm / an alarm, in seconds after it began: a rendered flame of
{FLAME_TALL_M * tall(0.0):.1f} m that grows to {FLAME_TALL_M} m in {GROWS_S:.0f} s, 5 m before a camera, and the same
flame
simulated before a thermal array at several distances and frame intervals. Medians of {len(SEEDS)} rooms, a zone of
normal sensitivity, hard rules in force. "Tied" is with `seen_by` set. `python -m training.agreement` writes this page.

| array at | a frame every | camera alone | array alone | both | both, tied |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Run, and write the page."""
    lines = [line for line in rows(Model("CPU")) if print(line, flush=True) is None]
    kept = PAGE.read_text(encoding="utf-8").partition("\n## ") if PAGE.exists() else ("", "", "")
    PAGE.write_text(HEAD + "\n".join(lines) + "\n" + kept[1] + kept[2], encoding="utf-8")


if __name__ == "__main__":
    main()
