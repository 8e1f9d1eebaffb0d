"""What is kept of past alarms, offered as recordings: the evidence around each, and its films."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from embereye_addon.errors import StorageError
from embereye_addon.evidence import Evidence, KeptAlarm, KeptFile

ALARMS_MAX: Final = 20
"""The newest; older ones can be downloaded from the past alarms, and sent."""
KINDS: Final = {"traffic": "traffic", "film": "video"}


@dataclass(frozen=True, slots=True)
class AlarmRecording:
    """One file of an alarm as a recording: its kind (video, traffic), where it lies, and whose picture it is ('')."""

    name: str
    kind: str
    path: Path
    octets: int
    at: float
    camera: str


class AlarmRecordings:
    """Reads the index of the newest alarms each time; every method waits for the disk."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def listed(self) -> dict[str, AlarmRecording]:
        """By name, the newest first; without what cannot be read."""
        found: dict[str, AlarmRecording] = {}
        try:
            for alarm in self._evidence.listed(ALARMS_MAX):
                for file in alarm.files:
                    if file.what in KINDS and (one := self._of(alarm, file)) is not None:
                        found.setdefault(one.name, one)
        except (StorageError, OSError):  # a file that is pruned meanwhile
            pass
        return found

    def _of(self, alarm: KeptAlarm, file: KeptFile) -> AlarmRecording | None:
        path = self._evidence.path(alarm.id, file.name)
        if path is None:
            return None
        at = min(max(alarm.at, 0.0), 4e9)
        name = f"{time.strftime('%Y-%m-%d %H.%M.%S', time.gmtime(at))} {file.name}"
        source, _, ident = file.source.partition(".")
        return AlarmRecording(
            name, KINDS[file.what], path, path.stat().st_size, file.at, ident if source == "cam" else ""
        )
