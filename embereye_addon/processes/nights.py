"""Day and night: what the schedule says of a moment, and what a zone is judged by then."""

import time

from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.settings.model import Day, Site
from embereye_addon.settings.profiles import rules


def dark(day: Day, at_utc_s: float) -> bool:
    """Whether it is night by the schedule, in this machine's local time; without a schedule it never is."""
    if not day.begins or not day.ends or day.begins == day.ends:
        return False
    clock = time.strftime("%H:%M", time.localtime(at_utc_s))
    by_day = day.begins <= clock < day.ends
    return not by_day if day.begins < day.ends else day.ends <= clock < day.begins


def judged(beliefs: dict[str, Beliefs], site: Site, *, night: bool) -> dict[str, Beliefs]:
    """The beliefs of every zone at the sensitivity of the hour; what was heard stays."""
    settled = {zone.id: rules(zone) for zone in site.zones}
    return {
        zone_id: fusion.at(
            held, (settled[zone_id].night_sensitivity if night else None) or settled[zone_id].sensitivity
        )
        for zone_id, held in beliefs.items()
    }
