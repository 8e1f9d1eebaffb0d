"""A PF device that speaks real bytes: packet writers, and a TCP client that answers commands as hardware does."""

import asyncio
from typing import Self

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint16]


def words_text(words: Words) -> bytes:
    """Upper-case hex, four digits a word."""
    return words.astype(">u2").tobytes().hex().upper().encode()


def frame(words: Words, tag: str = "1234") -> bytes:
    """A thermal frame as the device sends it."""
    return b"#frame" + tag.encode() + b":" + words_text(words) + b"!\r\n"


def inputs(text: str = "ADC1=269,ADC2=1296,ADC3:=1,DIO=0", tag: str = "1234") -> bytes:
    """The packet with the inputs."""
    return f"#Sensor{tag}:{text}!\r\n".encode()


def eeprom(words: Words, tag: str = "1234") -> bytes:
    """A calibration dump."""
    return b"#EEPROM" + tag.encode() + b":" + words_text(words) + b"!\r\n"


class PfClient:
    """A device on a real socket. It streams only when told to; `heard` has every command it read."""

    def __init__(self, port: int, *, tag: str = "1234", dump: Words | None = None) -> None:
        self.tag = tag
        self.heard: list[bytes] = []
        self._port = port
        self._dump = dump
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._reading = asyncio.create_task(self._read(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """Close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while command := await reader.read(256):
                self.heard.append(command)
                if command == b"EEPROM1" and self._dump is not None:
                    await self.send(eeprom(self._dump, self.tag))
        except ConnectionResetError:
            pass
        self.closed.set()

    async def send(self, raw: bytes) -> None:
        """Send any bytes."""
        assert self._writer is not None
        self._writer.write(raw)
        await self._writer.drain()
