"""The settings of the journal and of what is kept of alarms."""

from typing import Final

from embereye_addon.settings.findings import Key, Section
from embereye_addon.settings.kinds import flag, media, whole
from embereye_addon.settings.model import Journal

JOURNAL: Final = Section(
    "journal",
    "Journal",
    Journal,
    (
        Key("keep_days", 365, whole(7, 36500, "days"), "Keep", "Rows and pre-alarms' pictures; alarms stay longer."),
        Key("alarm_days", 3650, whole(7, 36500, "days"), "Keep alarms", "Rows, pictures and clips of alarms."),
        Key("max_mib", 2048, whole(64, 1048576, "MiB"), "Disk", "For all of it; the oldest goes first, alarms last."),
        Key("clips", True, flag(), "Clips", "Keep 10 s before and after an alarm as video, without private parts."),
        Key(
            "media",
            "true",
            media(),
            "Media folder",
            "Copy pictures and clips of alarms to Home Assistant's media folder, nowhere, or to a folder.",
        ),
    ),
)
