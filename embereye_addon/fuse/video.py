"""From one camera's looks to evidence of flame and smoke. Pure: the model's log-likelihood ratio, and how it moves."""

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
CAP_NATS = 24.0
"""One camera that sees a moving fire reaches the highest alarm threshold (20) although all others are quiet (-2)."""


def evidence(
    source: str, llr_nats: tuple[float, float], strongest: dict[str, tuple[float, float, str]]
) -> tuple[Evidence, Evidence]:
    """Evidence of a camera's flame and smoke points from one look.

    `llr_nats` is the model's (flame, smoke) for the whole picture; `strongest` maps a label to the confidence
    (0..1), motion (grey levels) and place of its strongest box, where there is one.
    """
    flame = _one(f"{source}.flame", Kind.FLAME, llr_nats[0], strongest.get("flame"), FLICKER_GREY)
    smoke = _one(f"{source}.smoke", Kind.SMOKE, llr_nats[1], strongest.get("smoke"), DRIFT_GREY)
    return flame, smoke


def _one(point: str, kind: Kind, llr_nats: float, box: tuple[float, float, str] | None, moves_grey: float) -> Evidence:
    """Without a box the whole picture's claim has no place, so it supports nothing: at most 0 nats."""
    confidence, motion, where = box or (0.0, 0.0, "")
    ceiling = MAX_LOOK_NATS if box else 0.0
    return Evidence(
        point=point,
        kind=kind,
        llr_nats=round(min(ceiling, max(MIN_LOOK_NATS, llr_nats)), 3),
        value=round(100.0 * confidence, 1),
        unit="%",
        where=where,
        cap_nats=CAP_NATS if motion >= moves_grey else STILL_CAP_NATS,
    )
