"""The line of simulated PF devices: it dials the host and carries what one says, or several behind a bus gateway.

It has the manners of the real line. Streaming begins with a bare PERIOD_ON, commands with a line end are ignored, and a
command that arrives during a transmission is lost and damages the packet. Commands carry no address: every device of
the line hears each. A bus gateway lets its devices speak one after the other, then leaves the line quiet.
"""

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass, field
from typing import Protocol

from embereye_addon.observe.tasks import stopped

_log = logging.getLogger(__name__)

# Timing of the real device, as measured: one cycle, and the places in it, in seconds after the first frame byte.
CYCLE_S = 4.085
FIRST_FRAME_S = 3.6
SENSOR_S = 0.6
EEPROM_S = 1.11
EEPROM_CYCLE_S = 4.887
WIRE_BYTES_S = 11520.0  # 115200 baud, 8N1
SEGMENT_BYTES = (1300, 701, 1349)
NEXT_DEVICE_S = 0.05  # after the inputs of one device of a bus gateway the next one begins
QUIET_S = 1.5  # a bus gateway leaves at least so much of a cycle to the host

# Below this period a packet is written at once instead of at the pace of the line.
PACED_FROM_S = 1.0

_CONNECT_S = 5.0
_WRITE_S = 10.0
_CLOSE_S = 1.0
_LONGEST_PAUSE_S = 10.0


class Speaker(Protocol):
    """A device of the line."""

    def frame_packet(self) -> bytes:
        """Take a picture now."""

    def inputs_packet(self) -> bytes:
        """Read the inputs now."""

    def eeprom_packet(self) -> bytes:
        """The calibration dump."""

    def frame_sent(self) -> None:
        """The picture is out."""

    def order(self, *, siren: bool) -> None:
        """The siren shall sound or be silent."""


@dataclass(slots=True, eq=False)
class PfLine:
    """One TCP connection; `run` until cancelled. All times follow the real device, scaled to `period_s`.

    serial: announced after connecting if given, and the answer to DEVICE_ID, which `name` is else.
    half_duplex: whether a serial line sets the pace and the manners; without one packets go out at once, and every
    command is heard, also with a line end. None: from 1 s a frame on, and strict about line ends all the same.
    """

    host: str
    port: int
    speakers: tuple[Speaker, ...]
    name: str
    serial: str | None = None
    period_s: float = 0.5
    half_duplex: bool | None = None
    seed: int = 0
    commands_lost: int = field(default=0, init=False)
    commands_ignored: int = field(default=0, init=False)
    connections: int = field(default=0, init=False)
    connected: bool = field(default=False, init=False)
    _random: random.Random = field(init=False)
    _wanted: asyncio.Event = field(init=False)  # a cycle is, because of either
    _streaming: bool = field(default=False, init=False)
    _requested: bool = field(default=False, init=False)
    _eeprom_asked: bool = field(default=False, init=False)
    _transmitting: bool = field(default=False, init=False)
    _disturbed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._wanted = asyncio.Event()

    @property
    def cycle_s(self) -> float:
        """One cycle without a dump: that of the real device, longer where many have to speak in it."""
        scale = self.period_s / CYCLE_S
        return max(CYCLE_S, len(self.speakers) * (SENSOR_S + NEXT_DEVICE_S) + QUIET_S) * scale

    async def run(self) -> None:
        """Dial the host again and again, with growing pauses, until cancelled."""
        failures = 0
        while True:
            before = self.connections
            try:
                await self._connect_and_talk()
            except (OSError, TimeoutError) as error:
                _log.log(
                    logging.DEBUG if failures else logging.WARNING,
                    "simulated PF device %s lost %s:%s: %s",
                    self.name,
                    self.host,
                    self.port,
                    str(error) or type(error).__name__,
                )
            failures = 0 if self.connections > before else failures + 1
            pause_s = min(_LONGEST_PAUSE_S, 0.5 * 2.0 ** min(failures, 5))
            await asyncio.sleep(pause_s * self._random.uniform(0.8, 1.2))

    async def _connect_and_talk(self) -> None:
        """One connection from dialling to its end; OSError or TimeoutError where the host is away."""
        async with asyncio.timeout(_CONNECT_S):
            reader, writer = await asyncio.open_connection(self.host, self.port)
        self.connections += 1
        self.connected = True
        self._wanted.clear()
        self._streaming = self._requested = self._eeprom_asked = self._transmitting = self._disturbed = False
        _log.info("simulated PF device %s connected to %s:%s", self.name, self.host, self.port)
        tasks = {asyncio.create_task(self._listen(reader, writer)), asyncio.create_task(self._speak(writer))}
        try:
            if self.serial is not None:
                await self._write(writer, f"#serialno:{self.serial}!\r\n".encode())
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.connected = False
            await stopped(tasks)
            await _close(writer)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey commands until the host closes; each must come bare and in a read of its own."""
        while received := await reader.read(256):
            if self.half_duplex is False:
                received = received.strip()
            if self._transmitting:
                self._disturbed = True
                self.commands_lost += 1
            else:
                await self._obey(received, writer)

    async def _obey(self, command: bytes, writer: asyncio.StreamWriter) -> None:
        match command:
            case b"PERIOD_ON" | b"PERIOD_OFF":
                self._want(streaming=command == b"PERIOD_ON")
            case b"REQUEST1":
                self._requested = True
                self._wanted.set()
            case b"EEPROM1":
                self._eeprom_asked = True
                if not self._wanted.is_set():
                    await self._send_eeproms(writer)
            case b"DEVICE_ID":
                await self._write(writer, f"#DEVICE_ID:{self.serial or self.name}!\r\n".encode())
            case b"ALARM_ON" | b"ACK_ON":
                for speaker in self.speakers:
                    speaker.order(siren=command == b"ALARM_ON")
            case _:
                self.commands_ignored += 1

    def _want(self, *, streaming: bool) -> None:
        self._streaming = streaming
        if streaming or self._requested:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        """Cycles as long as streaming is on; one more for a request."""
        loop = asyncio.get_running_loop()
        scale = self.period_s / CYCLE_S
        resting = True
        while True:
            await self._wanted.wait()
            if resting and self._streaming:
                await asyncio.sleep(FIRST_FRAME_S * scale)
            resting = not self._streaming
            start_s, dumps = loop.time(), self._eeprom_asked
            self._requested = self._eeprom_asked = False
            for number, speaker in enumerate(self.speakers):
                await asyncio.sleep(NEXT_DEVICE_S * scale * (number > 0))
                await self._take_turn(speaker, writer, dump=dumps)
            if self._streaming:
                longer_s = (EEPROM_CYCLE_S - CYCLE_S) * scale * len(self.speakers) * dumps
                await _sleep_until(start_s + self.cycle_s + longer_s)
            self._want(streaming=self._streaming)

    async def _take_turn(self, speaker: Speaker, writer: asyncio.StreamWriter, *, dump: bool) -> None:
        """One device: its frame, its inputs and, if it was asked for before, its EEPROM."""
        start_s, scale = asyncio.get_running_loop().time(), self.period_s / CYCLE_S
        await self._transmit(writer, speaker.frame_packet())
        speaker.frame_sent()
        await _sleep_until(start_s + SENSOR_S * scale)
        await self._write(writer, speaker.inputs_packet())
        if dump:
            await _sleep_until(start_s + EEPROM_S * scale)
            await self._transmit(writer, speaker.eeprom_packet())

    async def _send_eeproms(self, writer: asyncio.StreamWriter) -> None:
        """Answer EEPROM1 at once."""
        self._eeprom_asked = False
        for speaker in self.speakers:
            await self._transmit(writer, speaker.eeprom_packet())

    async def _transmit(self, writer: asyncio.StreamWriter, packet: bytes) -> None:
        """Write a long packet in the segments of the real device, each when the line would have delivered it."""
        if not (self.period_s >= PACED_FROM_S if self.half_duplex is None else self.half_duplex):
            await self._write(writer, packet)
            return
        bytes_s = WIRE_BYTES_S * max(1.0, CYCLE_S / self.period_s)
        self._transmitting, self._disturbed = True, False
        try:
            for size in SEGMENT_BYTES:
                segment, packet = packet[:size], packet[size:]
                await asyncio.sleep(len(segment) / bytes_s)
                if self._disturbed:
                    self._disturbed = False
                    segment = bytes(self._random.randrange(128, 256) for _ in range(8)) + segment[8:]
                await self._write(writer, segment)
        finally:
            self._transmitting = False

    async def _write(self, writer: asyncio.StreamWriter, packet: bytes) -> None:
        """Write and wait until the host takes it; TimeoutError if it does not."""
        writer.write(packet)
        async with asyncio.timeout(_WRITE_S):
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close politely, and cut the line where the host takes no more bytes."""
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await writer.wait_closed()
    writer.transport.abort()


async def _sleep_until(due_s: float) -> None:
    """Sleep until the loop's clock shows `due_s`; yields once if that is past."""
    await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
