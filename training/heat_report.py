"""How the fitted heat evidence does on scenes it has not seen: reliability, alarms in time, false alarms an hour."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from embereye_addon.demo.thermal_trial import DEVICE_S, Outcome, told
from embereye_addon.fuse import heat_table, thermal
from embereye_addon.messages import ZoneState
from training.heat_fit import Matrix, Rows, balanced, silence
from training.heat_looks import PERIODS_S, Looks

EDGES_NATS = (-0.31, -0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 4.99, 5.01)
DRAWS = 400
NAMES = {0.5: "2 Hz", DEVICE_S: f"{DEVICE_S} s"}


@dataclass(frozen=True, slots=True)
class Bin:
    """Hot spots of about the same claim: the mean claim, what was true of them with 95 % limits (nats), scenes."""

    claimed_nats: float
    true_nats: float
    low_nats: float
    high_nats: float
    fires: int
    others: int


def claims(found: Rows) -> Matrix:
    """What the product claims of each hot spot now (nats)."""
    tables = (heat_table.USUAL, heat_table.RAISED)
    pairs = zip(found.signs, found.raised, strict=True)
    weighed = np.array([thermal.weigh(thermal.Signs(*signs), tables[int(raised)]) for signs, raised in pairs])
    clipped: Matrix = np.clip(weighed, thermal.QUIET_NATS, thermal.MOST_NATS)
    return clipped


def _logit(fire: Matrix, other: Matrix) -> Matrix:
    """The log ratio of two weights, held off infinity by half a thousandth each."""
    ratio: Matrix = np.log((fire + 5e-4) / (other + 5e-4))
    return ratio


def reliability(found: Rows) -> list[Bin]:
    """Claimed against true log-likelihood ratios; the limits come from drawing the scenes anew."""
    claimed, weight, rng = claims(found), balanced(found), np.random.default_rng(1)
    scenes, number = np.unique(found.scene, return_inverse=True)
    fires = np.zeros(len(scenes), dtype=bool)
    fires[number] = found.fire
    times = np.zeros((DRAWS, len(scenes)))
    for kind in (fires, ~fires):
        picks = np.flatnonzero(kind)
        for row in times:
            row[picks] = np.bincount(rng.integers(len(picks), size=len(picks)), minlength=len(picks))
    bins = []
    for low, high in pairwise(EDGES_NATS):
        inside = (claimed >= low) & (claimed < high)
        if not inside.any():
            continue
        of = [
            np.bincount(number[inside & side], weight[inside & side], len(scenes)) for side in (found.fire, ~found.fire)
        ]
        drawn = np.sort(_logit(times @ of[0], times @ of[1]))
        mean = float(np.average(claimed[inside], weights=weight[inside]))
        true = float(_logit(of[0].sum(), of[1].sum()))
        limits = (float(drawn[round(0.025 * DRAWS)]), float(drawn[round(0.975 * DRAWS) - 1]))
        bins.append(Bin(mean, true, *limits, int((of[0] > 0).sum()), int((of[1] > 0).sum())))
    return bins


def share(hits: int, of: int) -> str:
    """A share with its 95 % limits (Wilson)."""
    if not of:
        return "none drawn"
    z2, part = 1.96**2, hits / of
    middle = (part + z2 / (2 * of)) / (1 + z2 / of)
    half = 1.96 * math.sqrt(part * (1 - part) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return f"{hits} of {of} ({100 * max(0.0, middle - half):.0f} to {100 * min(1.0, middle + half):.0f} %)"


def rate(count: int, hours: float) -> str:
    """Events an hour with their 95 % limits (Poisson, Byar's approximation)."""
    high = (count + 1) * (1 - 1 / (9 * (count + 1)) + 1.96 / (3 * math.sqrt(count + 1))) ** 3
    low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    return f"{count} ({low / hours:.2f} to {high / hours:.2f} an hour)"


@dataclass(frozen=True, slots=True)
class Case:
    """One scene at one frame interval and what came of it."""

    looks: Looks
    outcome: Outcome

    @property
    def in_time(self) -> bool:
        """Whether a fire was an alarm by its latest time, and not before it was one."""
        by_s = self.looks.drawn.story.by_s
        return self.outcome.alarm_s is not None and by_s is not None and 0.0 <= self.outcome.alarm_s <= by_s


def cases(every: Sequence[Looks]) -> list[Case]:
    """What a zone at normal sensitivity makes of every scene."""
    return [Case(looks, told(looks.drawn.scene, looks.judged())) for looks in every]


def _fires(found: list[Case]) -> list[str]:
    """The rows of the fires."""
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        story = case.looks.drawn.story
        kinds[case.looks.drawn.kind if story.large else "small ones of all kinds"].append(case)
        if story.large:
            kinds["**all but small**"].append(case)
    lines = []
    for kind in sorted(kinds, key=lambda name: (name.startswith("small"), name.startswith("**"), name)):
        cells = []
        for period_s in PERIODS_S:
            here = [case for case in kinds[kind] if case.looks.period_s == period_s]
            seen = sum(case.outcome.state is not ZoneState.NORMAL for case in here)
            cells += [share(sum(case.in_time for case in here), len(here)), f"{seen} of {len(here)}"]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return lines


def _others(found: list[Case]) -> list[str]:
    """The rows of the scenes without a fire."""
    kinds: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        kinds[case.looks.drawn.kind].append(case)
        kinds["**all**"].append(case)
    lines = []
    for kind in sorted(kinds, key=lambda name: (name.startswith("**"), name)):
        cells = []
        for period_s in PERIODS_S:
            here = [case for case in kinds[kind] if case.looks.period_s == period_s]
            hours = sum(case.looks.drawn.scene.until_s for case in here) / 3600.0
            alarms = sum(case.outcome.alarm_s is not None for case in here)
            ruled = sum(case.outcome.alarm_s is not None and "test" not in case.outcome.rule for case in here)
            pre_alarms = sum(case.outcome.state is ZoneState.PRE_ALARM for case in here)
            many = kind.startswith("**")
            cells += [
                rate(alarms, hours) if many else str(alarms),
                rate(pre_alarms, hours) if many else str(pre_alarms),
            ]
            cells[-2] += f" in {hours:.1f} h" + f", {ruled} by a hard rule" * bool(ruled)
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return lines


def section(fitted: int, held: Rows, found: list[Case]) -> str:
    """The part of `docs/thermal-scenarios.md` that tells of the calibration."""
    heads = " | ".join(f"{what}, {NAMES[p]}" for p in PERIODS_S for what in ("alarm in time", "seen at all"))
    quiet = " | ".join(f"{what}, {NAMES[p]}" for p in PERIODS_S for what in ("alarms", "pre-alarms"))
    fires = [case for case in found if case.looks.drawn.fire]
    others = [case for case in found if not case.looks.drawn.fire]
    burning, calm = (count // len(PERIODS_S) for count in held.scenes)
    told_of = (
        f"Fitted on {fitted // len(PERIODS_S)} scenes, half of them fires; measured on {burning} fires and {calm}"
        f" other scenes that played no part in it, each at two frame intervals. A look without a hot spot is worth"
        f" {silence(held):.2f} nats by this measure; {thermal.QUIET_NATS} are claimed."
    )
    lines = [
        told_of,
        "",
        "![claimed and true evidence](pictures/heat-reliability.svg)",
        "",
        "| claimed, nats | true, nats | 95 % limits | fires | other scenes |",
        "|---|---|---|---|---|",
        *(
            f"| {one.claimed_nats:.2f} | {one.true_nats:.2f} | {one.low_nats:.2f} to {one.high_nats:.2f} |"
            f" {one.fires} | {one.others} |"
            if one.others
            else f"| {one.claimed_nats:.2f} | cannot be told | | {one.fires} | 0 |"
            for one in reliability(held)
        ),
        "",
        f"| fire | {heads} |",
        "|---|---|---|---|---|",
        *_fires(fires),
        "",
        f"| no fire | {quiet} |",
        "|---|---|---|---|---|",
        *_others(others),
    ]
    return "\n".join(lines) + "\n"


def plot(bins: list[Bin]) -> str:
    """Claimed against true evidence as an SVG picture."""

    def x(nats: float) -> float:
        return 60.0 + 70.0 * (nats + 1.0)

    def y(nats: float) -> float:
        return 400.0 - 40.0 * (min(8.0, max(-1.0, nats)) + 1.0)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 520 450" font-family="sans-serif" font-size="13">',
        '<rect width="520" height="450" fill="#fff"/>',
        f'<path d="M{x(-1)} {y(-1)}L{x(5.4)} {y(5.4)}" stroke="#999" stroke-dasharray="5 4"/>',
        f'<path d="M{x(-1)} {y(8)}V{y(-1)}H{x(5.4)}" stroke="#333" fill="none"/>',
        f'<text x="{x(2.2)}" y="440" text-anchor="middle">claimed, nats</text>',
        f'<text x="18" y="{y(3.5)}" text-anchor="middle" transform="rotate(-90 18 {y(3.5)})">true, nats</text>',
    ]
    parts += [f'<text x="{x(n)}" y="418" text-anchor="middle">{n}</text>' for n in range(-1, 6)]
    parts += [f'<text x="50" y="{y(n) + 4}" text-anchor="end">{n}</text>' for n in range(-1, 9)]
    for one in (one for one in bins if one.others):
        here = x(one.claimed_nats)
        parts.append(
            f'<path d="M{here:.1f} {y(one.low_nats):.1f}V{y(one.high_nats):.1f}" stroke="#c33" stroke-width="2"/>'
        )
        parts.append(f'<circle cx="{here:.1f}" cy="{y(one.true_nats):.1f}" r="4" fill="#c33"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"
