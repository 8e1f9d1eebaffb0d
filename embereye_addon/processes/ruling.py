"""From a zone of the settings to what decides about it: its beliefs, its place on the panel, how long things last."""

from embereye_addon.alarm import zone as alarm
from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.modes import Mode
from embereye_addon.settings.model import Camera, Detection, Site, Zone
from embereye_addon.settings.profiles import Rules, rules


def mode_of(ruled: Rules) -> Mode:
    """What an alarm of a zone depends on."""
    return Mode(
        ruled.mode,
        float(ruled.confirm_s),
        different_physics=ruled.different_physics,
        needs_growth=ruled.needs_growth,
    )


def beliefs_of(zone: Zone, cameras: tuple[Camera, ...] = ()) -> fusion.Beliefs:
    """A zone that has heard nothing yet, by day; `cameras` are those whose views are known."""
    ruled = rules(zone)
    views = {f"cam.{camera.id}": camera.view for camera in cameras if camera.view}
    return fusion.fresh(ruled.sensitivity, mode_of(ruled), views)


def place_of(zone: Zone) -> alarm.Zone:
    """A zone as the panel begins with it."""
    waits_s = (float(zone.ack_wait_s), float(zone.reset_wait_s))
    return alarm.Zone(zone.id, zone.name, float(rules(zone).clear_s), waits_s=waits_s)


def persist_s(detection: Detection, zone: Zone | None) -> tuple[float, float]:
    """How long flame and smoke must last in a zone, as it or else the whole site is set."""
    flame_s, smoke_s = detection.flame_persist_s, detection.smoke_persist_s
    if zone is None:
        return flame_s, smoke_s
    ruled = rules(zone)
    own = (ruled.flame_persist_s, ruled.smoke_persist_s)
    return flame_s if own[0] is None else own[0], smoke_s if own[1] is None else own[1]


def persistence(site: Site) -> dict[str, tuple[float, float]]:
    """The same for every camera, by its source id."""
    zones = {zone.id: zone for zone in site.zones}
    return {f"cam.{each.id}": persist_s(site.detection, zones.get(each.zone)) for each in site.cameras}
