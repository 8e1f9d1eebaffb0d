"""The settings of what belongs together: alarms of one incident, and the pictures of a camera and a PF device."""

from typing import Final

from embereye_addon.settings.findings import Key, Section
from embereye_addon.settings.kinds import reference, seen_by, several, whole
from embereye_addon.settings.model import Incidents

SEEN_BY_MAX: Final = 4
"""Cameras that one device is tied to."""
NEIGHBOURS_MAX: Final = 16

INCIDENTS: Final = Section(
    "incidents",
    "Incidents",
    Incidents,
    (
        Key("merge_s", 120, whole(10, 3600, "s"), "Together within", "Alarms of zones that are one incident."),
        Key("grew_s", 30, whole(5, 3600, "s"), "Told again", "At most so often, unless it becomes graver."),
    ),
)
NEIGHBOURS: Final = Key(
    "neighbours",
    [],
    several(reference("zones"), 0, NEIGHBOURS_MAX),
    "Neighbours",
    "Zones that a fire reaches from here; empty: alarms come together by time alone.",
)
SEEN_BY: Final = Key(
    "seen_by",
    [],
    several(seen_by(), 0, SEEN_BY_MAX),
    "Seen by",
    "Four places in a camera's picture and in the thermal one; the page sets them by clicking.",
)
