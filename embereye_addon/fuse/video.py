"""From what a camera claims to evidence of flame and smoke. Pure: a log-likelihood ratio and a cap for each.

The ratio is the model's, smoothed. The cap says how far it may add up, by what the thing does: what stands still or has
only begun raises nothing, what burns but is contained (a candle, a lighter, a stove) raises nothing by itself at the
default sensitivity and a pre-alarm at high, and what grows, spreads, breaks into tongues, is large or comes with smoke
may raise the alarm.
"""

from dataclasses import dataclass

from embereye_addon.fuse.sequential import CONTAINED_NATS
from embereye_addon.messages import Evidence, Kind

MAX_LOOK_NATS = 3.0
"""One look's most. The calibration saw hundreds of pictures, so it cannot vouch for odds beyond about 1 : 20 a look."""
MIN_LOOK_NATS = -1.0
FLICKER_GREY = 3.0
"""Mean change between looks (grey levels) inside a box that a real flame exceeds and a lamp or a poster does not."""
DRIFT_GREY = 1.0
"""The same for smoke, which moves more gently; sensor noise averaged over a box stays below it."""
STILL_CAP_NATS = 5.0
"""What looks like fire but does not move neither makes nor holds a pre-alarm on its own, at any sensitivity."""
YOUNG_CAP_NATS = 7.5
"""What has not lasted yet: below every pre-alarm threshold (8 at high sensitivity)."""
CONTAINED_CAP_NATS = CONTAINED_NATS
"""A flame that burns but does not spread: what is kept of it; it counts for less (`sequential`)."""
CAP_NATS = 24.0
"""One camera that sees a moving fire reaches the highest alarm threshold (20) although all others are quiet (-2)."""

PIECES = 4.0
"""From this many separate bright pieces (median over seconds) a flame is turbulent: a fed one is a single body."""
RAGGED = 2.8
"""From this outline, against a disc's of the same area, it is turbulent too; a candle in a draught stays near 2.2."""
LARGE_AREA = 0.10
"""Share of the picture that a flame's bright core covers; no camera is mounted where a candle's would be so large."""
GROWTH = 2.5
"""Times larger than at first, while what burnt at first still burns."""
SMOKE_AREA = 0.05
"""Share of the picture from which smoke is no longer a wisp from a cigarette or an iron."""
CLEAR_NATS = 2.0
"""A steady ratio from which smoke is plain where no flame is seen."""
CLEAR_BESIDE_NATS = MAX_LOOK_NATS
"""The same beside a flame: as much as one look may say. No picture that the calibration saw shows a fire and is known
to be free of smoke, so beside a flame the ratio is the model's guess, and light on a wall may be taken for smoke."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a camera claims of one label after a look.

    `llr_nats` is smoothed over half a second, `steady_nats` over two; `confidence` 0..1, `motion` (grey levels) and
    `where` are of its best box, `held_s` how long it has been followed, of the `persist_s` asked for. The figures are
    medians over seconds and hold once `settled`: `area` (share of the picture), `pieces`, `ragged` (1 is a disc) and
    `growth` (times the first size).
    """

    llr_nats: float
    persist_s: float
    steady_nats: float = 0.0
    confidence: float = 0.0
    where: str = ""
    motion: float = 0.0
    held_s: float = 0.0
    settled: bool = False
    area: float = 0.0
    pieces: float = 1.0
    ragged: float = 1.0
    growth: float = 1.0


def evidence(source: str, flame: Claimed, smoke: Claimed) -> tuple[Evidence, Evidence]:
    """Evidence of a camera's flame and smoke points after one look."""
    burns = flame.confidence > 0.0 and flame.llr_nats > 0.0
    plain = _plain_smoke(smoke, CLEAR_BESIDE_NATS if burns else CLEAR_NATS)
    smoky = _lasts(smoke, DRIFT_GREY) and plain
    return (
        _one(f"{source}.flame", Kind.FLAME, flame, _cap(flame, FLICKER_GREY, free=smoky or _spreads(flame))),
        _one(f"{source}.smoke", Kind.SMOKE, smoke, _cap(smoke, DRIFT_GREY, free=plain)),
    )


def _one(point: str, kind: Kind, claimed: Claimed, cap_nats: float) -> Evidence:
    """Without a box the whole picture's claim has no place, so it supports nothing: at most 0 nats."""
    ceiling = MAX_LOOK_NATS if claimed.confidence > 0.0 else 0.0
    return Evidence(
        point=point,
        kind=kind,
        llr_nats=round(min(ceiling, max(MIN_LOOK_NATS, claimed.llr_nats)), 3),
        value=round(100.0 * claimed.confidence, 1),
        unit="%",
        where=claimed.where,
        cap_nats=cap_nats,
    )


def _lasts(claimed: Claimed, moves_grey: float) -> bool:
    return claimed.motion >= moves_grey and claimed.held_s >= claimed.persist_s


def _cap(claimed: Claimed, moves_grey: float, *, free: bool) -> float:
    """The most that this claim may add up to."""
    if claimed.motion < moves_grey:
        return STILL_CAP_NATS
    if claimed.held_s < claimed.persist_s:
        return YOUNG_CAP_NATS
    return CAP_NATS if free else CONTAINED_CAP_NATS


def _spreads(flame: Claimed) -> bool:
    """Whether a flame is no contained one."""
    turbulent = flame.pieces >= PIECES or flame.ragged >= RAGGED
    return flame.settled and (turbulent or flame.area >= LARGE_AREA or flame.growth >= GROWTH)


def _plain_smoke(smoke: Claimed, clear_nats: float) -> bool:
    """Whether smoke is more than a wisp, and plain to see."""
    return smoke.settled and smoke.steady_nats >= clear_nats and (smoke.area >= SMOKE_AREA or smoke.growth >= GROWTH)


def nothing(source: str) -> tuple[Evidence, Evidence]:
    """The points of a camera whose pictures came but needed no look of the model: they claim nothing either way."""
    still = Claimed(0.0, 0.0)
    return evidence(source, still, still)
