"""A simulated PF device: dials the host over TCP and speaks the bytes of the real one, manners included.

It streams only after a bare PERIOD_ON, ignores commands with a line end, answers EEPROM1 in its next cycle, and
a command that arrives while it transmits is lost and damages the packet, as on the half-duplex line of the real one.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import Fire, ThermalArray, ThermalScene, look, person_walking, shipped_eeprom

_log = logging.getLogger(__name__)

# Timing of the real device, as measured: one cycle, and the places in it, in seconds after the first frame byte.
CYCLE_S = 4.085
FIRST_FRAME_S = 3.6
SENSOR_S = 0.6
EEPROM_S = 1.11
EEPROM_CYCLE_S = 4.887
WIRE_BYTES_S = 11520.0  # 115200 baud, 8N1
SEGMENT_BYTES = (1300, 701, 1349)
REFRESH_S = 0.5  # the two subpages are measured this far apart at 2 Hz; faster devices refresh with every frame

# Below this period a packet is written at once instead of at the pace of the line.
PACED_FROM_S = 1.0

_CONNECT_S = 5.0
_WRITE_S = 10.0
_CLOSE_S = 1.0
_LONGEST_PAUSE_S = 10.0


@dataclass(slots=True, eq=False)
class PfDevice:
    """One PF device; `run` until cancelled. All times follow the real device, scaled to `period_s`.

    tag: of the packet headers. serial: announced after connecting if given. sensor_id: 12 hex digits.
    clock_s: monotonic seconds, the time the scene lives in. on_frame: called after each frame with the clock at
    the moment the picture was taken. half_duplex: whether a serial line sets its pace and its manners; without one
    packets go out at once, and every command is heard, also with a line end. None: from 1 s a frame on, and strict
    about line ends all the same.
    """

    host: str
    port: int
    tag: str = "1234"
    serial: str | None = None
    sensor_id: str = "021C5626618B"
    period_s: float = 0.5
    scene: ThermalScene = field(default_factory=person_walking)
    seed: int = 0
    on_frame: Callable[[float], None] | None = None
    clock_s: Callable[[], float] = time.monotonic
    half_duplex: bool | None = None
    frames_sent: int = field(default=0, init=False)
    commands_lost: int = field(default=0, init=False)
    commands_ignored: int = field(default=0, init=False)
    connections: int = field(default=0, init=False)
    connected: bool = field(default=False, init=False)
    _array: ThermalArray = field(init=False)
    _eeprom: NDArray[np.uint16] = field(init=False)
    _exposed: tuple[float, NDArray[np.float64] | None] = field(default=(0.0, None), init=False)
    _random: random.Random = field(init=False)
    _began_s: float = field(init=False)
    _streaming: asyncio.Event = field(init=False)
    _eeprom_asked: bool = field(default=False, init=False)
    _transmitting: bool = field(default=False, init=False)
    _disturbed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._eeprom = shipped_eeprom(self.sensor_id)
        self._array = ThermalArray(self._eeprom, seed=self.seed)
        self._random = random.Random(self.seed)
        self._began_s = self.clock_s()
        self._streaming = asyncio.Event()

    @property
    def scene_s(self) -> float:
        """Seconds in the scene since the device was made."""
        return self.clock_s() - self._began_s

    def stage_fire(self) -> float:
        """Start a fire in the picture now, a new one if there was one; the clock at its start."""
        at_s = self.scene_s
        self.scene = replace(self.scene, fire=Fire(start_s=at_s))
        return at_s + self._began_s

    def end_fire(self) -> None:
        """Put the fire out now; without a burning one nothing happens."""
        fire = self.scene.fire
        if fire is not None and fire.end_s is None:
            self.scene = replace(self.scene, fire=replace(fire, end_s=self.scene_s))

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
                    self.serial or self.tag,
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
        self._streaming.clear()
        self._eeprom_asked = self._transmitting = self._disturbed = False
        _log.info("simulated PF device %s connected to %s:%s", self.serial or self.tag, self.host, self.port)
        tasks = {asyncio.create_task(self._listen(reader, writer)), asyncio.create_task(self._stream(writer))}
        try:
            if self.serial is not None:
                await self._write(writer, f"#serialno:{self.serial}!\r\n".encode())
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.connected = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await _close(writer)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey commands until the host closes; each must come bare and in a read of its own."""
        while received := await reader.read(256):
            if self.half_duplex is False:
                received = received.strip()
            if self._transmitting:
                self._disturbed = True
                self.commands_lost += 1
            elif received == b"PERIOD_ON":
                self._streaming.set()
            elif received == b"PERIOD_OFF":
                self._streaming.clear()
            elif received == b"EEPROM1":
                self._eeprom_asked = True
                if not self._streaming.is_set():
                    await self._send_eeprom(writer)
            else:
                self.commands_ignored += 1

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        """Cycles of frame, Sensor and, if it was asked for before, EEPROM; as long as streaming is on."""
        loop = asyncio.get_running_loop()
        scale = self.period_s / CYCLE_S
        while True:
            if not self._streaming.is_set():
                await self._streaming.wait()
                await asyncio.sleep(FIRST_FRAME_S * scale)
            start_s = loop.time()
            eeprom_due = self._eeprom_asked
            await self._send_frame(writer)
            await _sleep_until(start_s + SENSOR_S * scale)
            await self._write(writer, self._sensor_packet())
            if eeprom_due:
                await _sleep_until(start_s + EEPROM_S * scale)
                await self._send_eeprom(writer)
            await _sleep_until(start_s + (EEPROM_CYCLE_S if eeprom_due else CYCLE_S) * scale)

    async def _send_frame(self, writer: asyncio.StreamWriter) -> None:
        """Take a picture and transmit it."""
        taken_s = self.clock_s()
        words = self._array.frame(*self._exposures(taken_s - self._began_s))
        await self._transmit(writer, f"#frame{self.tag}:{_hex(words)}!\r\n".encode())
        self.frames_sent += 1
        if self.on_frame is not None:
            self.on_frame(taken_s)

    def _exposures(self, at_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the newer and the older subpage see; the older one is the last frame's picture if that is recent."""
        seen_k4 = look(self.scene.radiance_k4(at_s))
        last_s, last_k4 = self._exposed
        if last_k4 is None or not 0 <= at_s - last_s <= 1.2 * REFRESH_S:
            last_k4 = look(self.scene.radiance_k4(at_s - min(REFRESH_S, self.period_s)))
        self._exposed = (at_s, seen_k4)
        return seen_k4, last_k4

    async def _send_eeprom(self, writer: asyncio.StreamWriter) -> None:
        """Answer EEPROM1."""
        self._eeprom_asked = False
        await self._transmit(writer, f"#EEPROM{self.tag}:{_hex(self._eeprom)}!\r\n".encode())

    def _sensor_packet(self) -> bytes:
        """The analog inputs, with rest values and noise as measured; the gas input follows the smoke."""
        gas = self._adc(274.7 + 1900.0 * self.scene.smoke(self.scene_s), 6.5)
        flame = self._adc(1310.0, 8.1)
        open_input = self._random.randint(0, 17)
        return f"#Sensor{self.tag}:ADC1={gas},ADC2={flame},ADC3:={open_input},DIO=0!\r\n".encode()

    def _adc(self, mean: float, sigma: float) -> int:
        """One reading of a 12-bit input."""
        return min(4095, max(0, round(self._random.gauss(mean, sigma))))

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


def _hex(words: NDArray[np.uint16]) -> str:
    """Four upper-case digits a word, high byte first."""
    return words.astype(">u2").tobytes().hex().upper()


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
