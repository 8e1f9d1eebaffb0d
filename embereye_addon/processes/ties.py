"""Which PF devices are tied to which cameras, by the settings."""

from embereye_addon.fuse.agreement import Tie, tie
from embereye_addon.settings.model import Site
from embereye_addon.settings.registration import parse


def ties_of(site: Site) -> tuple[Tie, ...]:
    """The ties that count in a zone's sum: of a device and a camera of one zone, both enabled."""
    zone_of = {camera.id: camera.zone for camera in site.cameras if camera.enabled}
    tied = ((device, parse(line)) for device in site.devices if device.enabled for line in device.seen_by)
    return tuple(tie(f"pf.{device.id}", seen) for device, seen in tied if zone_of.get(seen.camera) == device.zone)
