"""Captures as files, and a host that keeps what it hears, for the tests of the tools."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from tests.fakes.pf_client import words_text

FRAMES = shipped_frames()


def frame_text(name: str = "empty_room") -> str:
    """A real frame as a packet without its line end."""
    return f"#frame1234:{words_text(FRAMES[name]).decode()}!"


def eeprom_text() -> str:
    """The real EEPROM as a packet without its line end."""
    return f"#EEPROM1234:{words_text(shipped_eeprom()).decode()}!"


def eeprom_file(folder: Path) -> str:
    """The real EEPROM as hex words."""
    file = folder / "eeprom.hex"
    file.write_text("\n".join(f"{word:04x}" for word in shipped_eeprom()))
    return str(file)


@dataclass(slots=True)
class Host:
    """A listening host; `rude` hangs up after that many bytes."""

    port: int = 0
    rude: int = 0
    heard: bytearray = field(default_factory=bytearray)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep a connection and everything that arrives on it."""
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while received := await reader.read(4096):
                self.heard += received
                if 0 < self.rude <= len(self.heard):
                    break
        writer.close()

    def say(self, command: bytes) -> None:
        """Send a command on every connection that is there."""
        for writer in self.writers:
            if not writer.is_closing():
                writer.write(command)


@contextlib.asynccontextmanager
async def listening(rude: int = 0) -> AsyncIterator[Host]:
    """A host on a free port."""
    host = Host(rude=rude)
    server = await asyncio.start_server(host.accept, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        for writer in host.writers:
            writer.close()
        await server.wait_closed()


async def until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(25):
        while not true():
            await asyncio.sleep(0.005)
