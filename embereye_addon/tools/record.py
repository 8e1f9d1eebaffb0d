"""record: what all sources of a running node claim from now on, as a file for replay."""

import argparse
import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from embereye_addon.bus.nats import connect
from embereye_addon.errors import StorageError
from embereye_addon.messages import HotSpots, Reading, Sighting
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.traffic import Said
from embereye_addon.tools.progress import Progress

DESCRIPTION = """Record what cameras and PF devices claim (no pictures), until it is stopped or --seconds are over.

It listens beside a running EmberEye of the same data folder and changes nothing. Play the file with replay.
"""
BYTES_MAX = 4 << 30
"""A hundred cameras and devices fill this in about a day; a forgotten recording must not fill the disk."""


class Recording:
    """Writes a line a message; stops writing at `BYTES_MAX`, and says how many there were."""

    def __init__(self, file: BinaryIO) -> None:
        self.count = self.written = 0
        self._file = file
        self._began_s = time.monotonic()

    @property
    def full(self) -> bool:
        """Whether nothing more is written."""
        return self.written >= BYTES_MAX

    def take(self, fact: Sighting | HotSpots | Reading) -> None:
        """Write one message with its time."""
        if self.full:
            return
        line = msgspec.json.encode(Said(round(time.monotonic() - self._began_s, 3), fact)) + b"\n"
        self._file.write(line)
        self.count, self.written = self.count + 1, self.written + len(line)


async def recorded(folder: Folder, file: BinaryIO, seconds: float) -> int:
    """Record for so long, or until cancelled; gives the number of messages. `BusError` when no EmberEye runs there."""
    access = folder.bus()
    bus = await connect(access.url, access.token, f"{access.node}.record")
    recording, progress = Recording(file), Progress()
    try:
        await bus.hear(Sighting, recording.take)
        await bus.hear(HotSpots, recording.take)
        await bus.hear(Reading, recording.take)
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and not recording.full:
            await asyncio.sleep(min(0.2, max(0.0, end_s - time.monotonic())))
            progress.show(lambda: f"{recording.count} messages, {recording.written / 1e6:.1f} MB")
    finally:
        progress.end()
        await bus.close()
    return recording.count


def command(words: list[str]) -> int:
    """Record; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon record",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="FILE.jsonl")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for how long (default: until stopped)")
    parser.add_argument("--folder", type=Path, default=None, help="the node's data folder (default: ./data)")
    given = parser.parse_args(words)
    folder = Folder((given.folder or Path(os.environ.get("EMBEREYE_FOLDER", "data"))).resolve())
    count = 0
    try:
        with given.out.open("wb") as file, contextlib.suppress(KeyboardInterrupt):
            count = asyncio.run(recorded(folder, file, given.seconds))
    except OSError as err:
        raise StorageError(f"{given.out} cannot be written: {err.strerror}") from err
    print(f"{given.out}: {count} messages")
    return 0
