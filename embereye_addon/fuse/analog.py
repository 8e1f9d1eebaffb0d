"""From a PF device's gas, smoke and flame inputs to evidence. Pure."""

from types import MappingProxyType

from embereye_addon.messages import Evidence, Kind, Rule

ALARM_SIGMA = 12.0
"""A gas or smoke input this far above its learned baseline is above its own alarm level."""
NOTICE_SIGMA = 4.0
ALARM_RISE_PCT = 8.0
"""… and by at least this much of its range, so that a very quiet input is not a hair trigger."""
CAP_NATS = 7.5
"""One resistive gas input alone never reaches a pre-alarm (8 nats at least) by adding up; its hard rule may."""

KINDS = MappingProxyType({"smoke": Kind.SMOKE, "gas": Kind.GAS, "flame": Kind.FLAME})


def judge(
    point: str, role: str, change_sigma: float, change_pct: float, *, usable: bool, hard: bool = True
) -> tuple[Evidence, ...]:
    """Evidence of one analog input: `change_sigma` and `change_pct` (of range) above its learned baseline.

    `usable` is False while warming up, stuck or out of range: then there is none. Role `none` gives none. `hard` says
    whether the zone's rule for inputs is in force.
    """
    kind = KINDS.get(role)
    if kind is None or not usable:
        return ()
    above = change_sigma >= ALARM_SIGMA and change_pct >= ALARM_RISE_PCT
    llr = min(2.0, (change_sigma - NOTICE_SIGMA) / 4.0) if change_sigma > NOTICE_SIGMA else -0.1
    rule = Rule.FLAME_INPUT if kind is Kind.FLAME else Rule.GAS_INPUT
    return (
        Evidence(
            point=point,
            kind=kind,
            llr_nats=round(llr, 3),
            value=round(change_sigma, 2),
            unit="σ",
            cap_nats=CAP_NATS,
            rules=(rule,) if above and hard else (),
        ),
    )


def judge_digital(point: str, *, on: bool, hard: bool = True) -> tuple[Evidence, ...]:
    """Evidence of a digital flame input: on is its own alarm level. `hard`: the zone's rule for inputs is in force."""
    return (
        Evidence(
            point=point,
            kind=Kind.FLAME,
            llr_nats=2.0 if on else -0.1,
            value=float(on),
            unit="on/off",
            cap_nats=CAP_NATS,
            rules=(Rule.FLAME_INPUT,) if on and hard else (),
        ),
    )
