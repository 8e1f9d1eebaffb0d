"""What zones want, as the tests of the alarm speak of it."""

from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Panel
from embereye_addon.alarm.zone import Change, Wanted, Zone
from embereye_addon.messages import Explanation, Share, ZoneState
from embereye_addon.messages import Kind as EvidenceKind

SHARE = Share(point="cam.a.flame", kind=EvidenceKind.FLAME, value=91.0, unit="%", nats=12.5, share=1.0, where="left")


def wanted(state: ZoneState, *, gone: bool | None = None, rule: str = "rule") -> Wanted:
    """What the evidence asks for; a zone that asks for nothing has no evidence left, unless said otherwise."""
    left = state is ZoneState.NORMAL if gone is None else gone
    why = Explanation(rule=rule, text=f"why {state}", sum_nats=12.5, threshold_nats=11.0, shares=(SHARE,))
    return Wanted(state, left, why)


QUIET = wanted(ZoneState.NORMAL)
LINGERS = wanted(ZoneState.NORMAL, gone=False)
PRE_ALARM = wanted(ZoneState.PRE_ALARM)
ALARM = wanted(ZoneState.ALARM)


def now(mono_s: float) -> Now:
    """Both clocks, the wall clock at its own offset."""
    return Now(mono_s, 1_700_000_000.0 + mono_s)


def site(*zones: str) -> Panel:
    """A panel with these zones, all normal."""
    return Panel({name: Zone(name, name.title(), 30.0) for name in zones})


ZONES = ("dock", "kitchen", "office")
ALL_QUIET = dict.fromkeys(ZONES, QUIET)


def judged(panel: Panel, zone: str, want: Wanted, mono_s: float) -> tuple[Panel, tuple[Change, ...]]:
    """The panel after a look, and the changes of state alone."""
    panel, told = panels.judge(panel, zone, want, now(mono_s))
    return panel, tuple(change for change in told if isinstance(change, Change))


def burning(*zones: str) -> Panel:
    """A site with these zones in alarm."""
    panel = site(*ZONES)
    for zone in zones:
        panel, _ = judged(panel, zone, ALARM, 1.0)
        panel, _ = judged(panel, zone, QUIET, 1.5)
    return panel


def states(panel: Panel) -> dict[str, ZoneState]:
    """Every zone's state."""
    return {name: zone.state for name, zone in panel.zones.items()}
