"""How much room the disk of a folder has: one question to the kernel, no search of the folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOK_S: Final = 5.0
"""How often it is asked."""
AGAIN: Final = 1.1
"""Room is enough again from this share of the limit on, so that the fault does not come and go."""
MIB: Final = 1 << 20


@dataclass(slots=True)
class Room:
    """The room of one folder's disk against its limit (MiB). `look` for a thread: a network's disk may take long."""

    path: Path
    least_mib: int
    free_mib: float | None = None
    scarce: bool = False

    def look(self) -> None:
        """Ask anew. A disk that does not answer is not called scarce; writing to it says what is wrong."""
        try:
            found = os.statvfs(self.path)
        except OSError:
            self.free_mib, self.scarce = None, False
            return
        self.free_mib = found.f_bavail * found.f_frsize / MIB
        self.scarce = self.free_mib < self.least_mib * (AGAIN if self.scarce else 1.0)

    @property
    def words(self) -> str:
        """What is wrong, for people; an empty text while there is room."""
        if not self.scarce or self.free_mib is None:
            return ""
        return (
            f"the disk of {self.path} has {self.free_mib:.0f} MiB left, less than the {self.least_mib} MiB of"
            " disk.least_free_mib: thermal history and clips are given up, alarms are still kept; make room"
        )[:400]
