"""The page of the budget study: what was assumed, what came of it, against the budget, in tables and two pictures."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.fuse.habits import Episode
from training.budget_fires import LONG_S as LOOKED_S
from training.budget_fires import WATCHED_S, Later, Times
from training.budget_run import LATER
from training.budget_sites import BOTH, LONG_S, Place

PRE_ALARMS_YEAR, ALARMS_YEAR = 12.0, 1.0
"""The budget: at most one pre-alarm a zone-month and one alarm a zone-year, the hard rules included."""
COLOURS = ("#c60", "#06c", "#c06", "#393")


@dataclass(frozen=True, slots=True)
class Quiet:
    """A year in each of many zones of one sort: [zones, settings, 5] as `budget_run.Years.count` counts; why."""

    place: Place
    settings: tuple[str, ...]
    counts: NDArray[np.int64]
    why: Counter[tuple[str, str, str]]


def limits(count: int, years: float) -> tuple[float, float]:
    """95 % limits of a rate a year (Poisson, Byar's approximation)."""
    high = (count + 1) * (1 - 1 / (9 * (count + 1)) + 1.96 / (3 * math.sqrt(count + 1))) ** 3
    low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    return low / years, high / years


def rate(counts: NDArray[np.int64]) -> str:
    """A rate a zone-year over all zones, with limits (zones drawn anew; Poisson where nothing came), and the median."""
    total = int(counts.sum())
    rng = np.random.default_rng(5)
    means = rng.choice(counts, (1000, len(counts))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)) if total else limits(0, len(counts))
    return f"{total / len(counts):.2f} ({low:.2f} to {high:.2f})"


def kept(counts: NDArray[np.int64]) -> str:
    """The share of zones that keep each budget by themselves."""
    pre = 100.0 * float((counts[:, 0] <= PRE_ALARMS_YEAR).mean())
    alarms = 100.0 * float((counts[:, 1] <= ALARMS_YEAR).mean())
    return f"{pre:.0f} % / {alarms:.0f} %"


def verdict(counts: NDArray[np.int64]) -> str:
    """Whether a setting keeps the budget in the mean of all zones."""
    mean = counts.mean(axis=0)
    bounds = (("pre-alarms", mean[0], PRE_ALARMS_YEAR), ("alarms", mean[1], ALARMS_YEAR))
    broken = [name for name, value, most in bounds if value > most]
    return "**not kept**: " + " and ".join(broken) if broken else "kept"


def quiet_table(quiet: Quiet) -> list[str]:
    """One row a setting."""
    lines = [
        "| setting | pre-alarms a year | alarms a year | by a rule | after 4 weeks | zones that keep it | budget |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, name in enumerate(quiet.settings):
        mine = quiet.counts[:, number]
        ruled, later = f"{mine[:, 2].mean():.2f}", LATER * mine[:, 3:].mean(axis=0)
        both = f"{later[0]:.2f} / {later[1]:.2f}"
        cells = (rate(mine[:, 0]), rate(mine[:, 1]), ruled, both, kept(mine), verdict(mine))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def causes(quiet: Quiet, setting: str, of: str, most: int = 6) -> str:
    """What was going on at the pre-alarms or alarms of one setting, and how often a zone-year."""
    years = len(quiet.counts)
    found = [(name, count) for (each, sort, name), count in quiet.why.most_common() if (each, sort) == (setting, of)]
    words = "; ".join(f"{name} {count / years:.2f}" for name, count in found[:most])
    return f"- {of}, {setting}: {words or 'none'}"


def assumed(place: Place) -> list[str]:
    """The rates of one place, as they were assumed."""
    each = [f"{kind} {_often(per_day)}" for kind, per_day in {**place.heat, **place.shown}.items()]
    alike = (
        f"look-alikes {place.alike:g} a day for each camera, {LONG_S[0]:g} to {LONG_S[1]:g} s long,"
        f" {100 * BOTH:.0f} % of them seen by the other camera too"
    )
    return [f"- {place.name}: {'; '.join([*each, alike])}"]


def _often(per_day: float) -> str:
    return f"{per_day:g} a day" if per_day >= 0.5 else f"every {1 / per_day:.0f} days"


def seconds(value: float) -> str:
    """A time, or that there is none."""
    return f"{value:.0f} s" if math.isfinite(value) else "never"


def fire_table(rows: list[tuple[str, Times]]) -> list[str]:
    """One row a strength and who sees it."""
    lines = [
        "| fire | seen by | fires | alarm within 3 min | P50 | P95 | told of: P50 | P95 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in rows:
        alarms = (seconds(found.within(0.5)), seconds(found.within(0.95)))
        told = (seconds(found.within(0.5, told=True)), seconds(found.within(0.95, told=True)))
        cells = (f"{100 * found.share:.0f} %", *alarms, *told)
        lines.append(f"| {name} | {found.who} | {len(found.alarm_s)} | {' | '.join(cells)} |")
    return lines


def _frame(title: str, across: str, up: str) -> list[str]:
    return [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 400" font-family="sans-serif" font-size="13">',
        '<rect width="720" height="400" fill="#fff"/>',
        f'<text x="360" y="22" text-anchor="middle" font-size="15">{title}</text>',
        '<path d="M60 40V350H700" stroke="#333" fill="none"/>',
        f'<text x="380" y="390" text-anchor="middle">{across}</text>',
        f'<text x="18" y="195" text-anchor="middle" transform="rotate(-90 18 195)">{up}</text>',
    ]


def curves(title: str, found: list[Times]) -> str:
    """The share of fires that have alarmed, over the time since they began, as an SVG picture."""
    parts = _frame(title, "seconds since the fire began", "share of fires in alarm")
    for at_s in range(0, int(WATCHED_S) + 1, 20):
        parts.append(f'<text x="{_x(at_s)}" y="368" text-anchor="middle">{at_s}</text>')
    for part in range(0, 101, 20):
        parts.append(f'<text x="52" y="{_y(part / 100) + 4}" text-anchor="end">{part} %</text>')
        parts.append(f'<path d="M60 {_y(part / 100)}H700" stroke="#ddd"/>')
    for number, (one, colour) in enumerate(zip(found, COLOURS, strict=False)):
        ordered = np.sort(one.alarm_s[np.isfinite(one.alarm_s)])
        steps = [f"M{_x(0)} {_y(0)}"]
        steps += [f"H{_x(s):.1f}V{_y((place + 1) / len(one.alarm_s)):.1f}" for place, s in enumerate(ordered)]
        line = "".join([*steps, "H700"])
        parts.append(f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="690" y="{250 + 20 * number}" text-anchor="end" fill="{colour}">{one.who}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(at_s: float) -> float:
    return 60.0 + 640.0 * at_s / WATCHED_S


def _y(part: float) -> float:
    return 350.0 - 300.0 * part


def bars(title: str, quiet: Quiet) -> str:
    """Alarms a zone-year of each setting on a logarithmic scale, with their limits, as an SVG picture."""

    def x(a_year: float) -> float:
        return 220.0 + 110.0 * (math.log10(max(0.005, a_year)) + 2.3)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 440" font-family="sans-serif" font-size="13">',
        '<rect width="720" height="440" fill="#fff"/>',
        f'<text x="360" y="22" text-anchor="middle" font-size="15">{title}</text>',
        f'<path d="M{x(ALARMS_YEAR)} 40V400" stroke="#c00" stroke-dasharray="5 4"/>',
        f'<text x="{x(ALARMS_YEAR) + 4}" y="52" fill="#c00">budget of alarms</text>',
    ]
    parts += [f'<text x="{x(10.0**p)}" y="420" text-anchor="middle">{10.0**p:g}</text>' for p in range(-2, 3)]
    parts.append('<text x="460" y="436" text-anchor="middle">a zone-year, with 95 % limits</text>')
    for number, name in enumerate(quiet.settings):
        total, down = int(quiet.counts[:, number, 1].sum()), 66 + 22 * number
        years = len(quiet.counts)
        low, high = limits(total, years)
        parts.append(f'<text x="212" y="{down + 4}" text-anchor="end">{name}</text>')
        parts.append(f'<path d="M{x(low):.1f} {down}H{x(high):.1f}" stroke="#06c" stroke-width="3"/>')
        parts.append(f'<circle cx="{x(total / years):.1f}" cy="{down}" r="4" fill="#06c"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def section(found: list[tuple[str, Quiet]], burnt: list[tuple[str, Times]]) -> list[str]:
    """The part of the page that the command writes."""
    places = {quiet.place.name: quiet.place for _, quiet in found}
    lines = ["What happens in a zone-year without a fire, as it was assumed:", ""]
    lines += [line for place in places.values() for line in assumed(place)]
    for title, quiet in found:
        lines += ["", f"### {title}: {len(quiet.counts)} zones, a year in each", "", *quiet_table(quiet), ""]
        lines += [causes(quiet, "normal, single", of) for of in ("pre-alarms", "alarms")]
        lines += [causes(quiet, "high, single", "alarms")]
    lines += ["", "### Fires, at normal sensitivity in the mode single", "", *fire_table(burnt), ""]
    return [*lines, "![time to alarm](pictures/decision-time-to-alarm.svg)"]


def hidden(habit: Episode, found: list[Later]) -> list[str]:
    """How much later fires are told of at the place of something usual."""
    told = (
        f"The habit: of all heaters above the one that went on rising for the longest time ({habit.asks_s:.0f} s beyond"
        f" the first half minute; {habit.rise_k_min:.0f} K/min to {habit.peak_c:.0f} °C on {habit.area_px} pixels),"
        f" at the very place of the fire. Watched for {LOOKED_S / 60:.0f} min; fires that are an alarm without it."
    )
    return [
        "",
        "### Fires at the place of something that is usual, before a PF device alone",
        "",
        told,
        "",
        "| fire | fires | alarm later by: median | most | told of later by: median | most |",
        "|---|---|---|---|---|---|",
        *(f"| {one.sort} | {len(one.alarm_s)} | {_later(one.alarm_s)} | {_later(one.told_s)} |" for one in found),
    ]


def _later(times: NDArray[np.float64]) -> str:
    if not len(times):
        return "none | none"
    return f"{seconds(float(np.quantile(times, 0.5, method='higher')))} | {seconds(float(times.max()))}"
