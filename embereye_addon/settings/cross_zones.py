"""What the rules of a zone cannot be together, and with the cameras and devices that are in it."""

from collections.abc import Mapping

from embereye_addon.settings.findings import Findings
from embereye_addon.settings.profiles import said

WAIT_MAX_S = 600
"""Both parts of an investigation delay together, as `alarm-semantics` bounds them."""

_Row = dict[str, object]


def rules(lists: Mapping[str, list[_Row]], found: Findings) -> None:
    """Every zone's limits in their order, its delays within ten minutes, and its coincidence possible."""
    for i, zone in enumerate(lists["zones"]):
        for pre, alarm in (("fixed_pre_c", "fixed_alarm_c"), ("rise_pre_k_min", "rise_alarm_k_min")):
            low, high = (_number(zone, key) for key in (pre, alarm))
            if low >= high:
                found.tell(f"zones[{i}].{pre}", "not_below", alarm_key=alarm, high=high, low=low)
        waits = [zone.get(key) for key in ("ack_wait_s", "reset_wait_s")]
        waits_s = sum(each for each in waits if isinstance(each, int))
        if waits_s > WAIT_MAX_S:
            found.tell(f"zones[{i}].reset_wait_s", "waits", other_key="ack_wait_s", most=WAIT_MAX_S, sum=waits_s)
        if _setting(zone, "mode") == "coincidence":
            _coincidence(i, zone, lists, found)


def _setting(zone: _Row, key: str) -> object:
    """What holds for a zone: its own value, else its profile's."""
    own = zone.get(key)
    return said(zone.get("profile"), key) if own is None else own


def _number(zone: _Row, key: str) -> float:
    value = _setting(zone, key)
    return float(value) if isinstance(value, int | float) else 0.0


def _coincidence(i: int, zone: _Row, lists: Mapping[str, list[_Row]], found: Findings) -> None:
    """A zone that can never hear two witnesses can never alarm by their coincidence."""
    here = [
        section
        for section in ("cameras", "devices")
        for row in lists[section]
        if row.get("zone") == zone.get("id") and row.get("enabled") is not False
    ]
    if "devices" in here:
        return
    if _setting(zone, "different_physics") or len(here) < 2:
        needed = "coincidence_device" if _setting(zone, "different_physics") else "coincidence_second"
        found.tell(f"zones[{i}].mode", needed)
