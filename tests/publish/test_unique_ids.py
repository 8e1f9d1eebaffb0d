"""Every unique_id that was ever published stands in one file, which only grows."""

from pathlib import Path

from embereye_addon.publish.discovery import About, bundle, things_of
from embereye_addon.publish.source_entities import GASES, equivalent
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.publish.views import INDEXED
from embereye_addon.settings import model

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "unique_ids.txt"
ROLES = frozenset(("siren", *INDEXED, *map(equivalent, GASES)))


def published() -> set[str]:
    """The unique_ids of a site with one of everything, and the ids of its devices."""
    site = model.Site(
        zones=(model.Zone(id="hall", name="Hall"),),
        cameras=(model.Camera(id="dock-3", name="Dock", url="rtsp://x/1", zone="hall"),),
        devices=(model.Device(id="boiler", name="Boiler", zone="hall", siren=True),),
    )
    found = set()
    for thing in things_of(site, {"boiler": ROLES}):
        of = bundle(Topics(), thing, About("1"))
        found.update(of["device"]["identifiers"])
        found.update(component["unique_id"] for component in of["components"].values())
    return found


def test_no_unique_id_of_an_earlier_version_is_lost_golden(rewrite_golden: bool) -> None:
    """A user's automation, history and entity name hang on a unique_id that is there no more."""
    kept = set(GOLDEN.read_text(encoding="utf-8").split()) if GOLDEN.exists() else set()
    if rewrite_golden:
        kept |= published()
        GOLDEN.write_text("".join(f"{one}\n" for one in sorted(kept)), encoding="utf-8")
    assert kept - published() == set(), "these were published once: keep them"
    assert published() - kept == set(), "these are new: `make golden` adds them to the file"


def test_ids_of_things_are_their_ids_in_the_settings() -> None:
    """Another name of a camera makes another device."""
    assert {"embereye_site", "embereye_zone_hall", "embereye_camera_dock-3", "embereye_pf_boiler"} <= published()
    assert {str(subject) for subject in Subject} == {"site", "zone", "camera", "pf", "external"}
