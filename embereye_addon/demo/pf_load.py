"""Many PF devices in one cheap process: packets rendered before, sent over real TCP at times that are kept to.

Run as a process of its own by the bench. Every device has an address of the loopback and a chip of its own; it answers
EEPROM1, streams from the first start command on and never waits: where the host does not read, the device drops its
own newer frame, as a real one would, and counts it. In each loop of its frames one shows a warm thing for one frame.
"""

import argparse
import contextlib
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from embereye_addon.demo.thermal import ThermalArray, ThermalScene, look, radiance_k4, shipped_eeprom

LOOP = 50
"""Frames rendered; every device plays the same ones from a place of its own."""
WARM_AT = 25
"""The frame of the loop that shows the warm thing."""
WARM_K = 14.5
"""Enough above its surroundings to be told at once, too little for any rule or pre-alarm."""
INPUTS_EVERY = 10
"""One packet of inputs after so many frames."""
LISTEN_S = 0.05
DIAL_S = 0.003
BUFFER_BYTES = 64 * 1024
"""What a device's own line holds back at most, about 20 frames."""


class Phase(msgspec.Struct, frozen=True):
    """For `seconds`, the first `devices` of this process send `hz` frames a second each; 0 Hz is a pause."""

    name: str
    seconds: float
    hz: float
    devices: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a load process is told: where, which devices, and its phases, begun at a monotonic second."""

    host: str
    port: int
    first: int
    count: int
    start_mono_s: float
    phases: tuple[Phase, ...]


class Sent(msgspec.Struct, kw_only=True):
    """What a load process did in one phase; `warm` has (device, monotonic s of sending) of each warm frame."""

    name: str
    frames: int = 0
    inputs: int = 0
    held_back: int = 0
    late_ms: float = 0.0
    cpu_s: float = 0.0
    began_mono_s: float = 0.0
    ended_mono_s: float = 0.0
    warm: list[tuple[str, float]] = []


def device_id(index: int) -> str:
    """The id of one device of the load, in the settings and on the wire."""
    return f"load{index:03d}"


def address(index: int) -> str:
    """A loopback address of its own for each device."""
    return f"127.1.{index // 250}.{index % 250 + 1}"


def _hex(words: NDArray[np.uint16]) -> bytes:
    return words.astype(">u2").tobytes().hex().upper().encode()


def frame_packets() -> tuple[bytes, ...]:
    """The loop of frames as packets: an empty room with measured noise, and one frame with a warm thing."""
    array = ThermalArray(shipped_eeprom())
    room = ThermalScene()
    found = []
    for index in range(LOOP):
        scene = look(room.radiance_k4(0.0))
        if index == WARM_AT:
            scene[11:14, 15:18] = np.maximum(scene[11:14, 15:18], radiance_k4(np.array(room.room_c + WARM_K)))
        found.append(b"#frame1234:" + _hex(array.frame(scene, scene)) + b"!\r\n")
    return tuple(found)


def input_packets() -> tuple[bytes, ...]:
    """Inputs at rest, with noise as measured."""
    noise = random.Random(0)
    return tuple(
        b"#Sensor1234:ADC1=%d,ADC2=%d,ADC3:=7,DIO=0!\r\n" % (round(noise.gauss(275, 6.5)), round(noise.gauss(1310, 8)))
        for _ in range(LOOP)
    )


@dataclass(slots=True, eq=False)
class LoadDevice:
    """One device: its connection, and what the host has not taken yet."""

    index: int
    link: socket.socket
    rest: bytes = b""
    streaming: bool = False
    step: int = field(init=False)

    def __post_init__(self) -> None:
        self.step = WARM_AT + 1 + self.index * 7 % (LOOP // 2)  # the background is learned before the first warm frame

    def send(self, packet: bytes) -> bool:
        """Send it, the part the host does not take later; False, and nothing sent, where too much waits already."""
        if self.rest:
            self.rest = self.rest[self._try(self.rest) :]
            if len(self.rest) + len(packet) > BUFFER_BYTES:
                return False
            if self.rest:
                self.rest += packet
                return True
        self.rest = packet[self._try(packet) :]
        return True

    def _try(self, piece: bytes) -> int:
        try:
            return self.link.send(piece)
        except BlockingIOError:
            return 0

    def listen(self) -> None:
        """Obey what came."""
        with contextlib.suppress(BlockingIOError):
            received = self.link.recv(4096)
            if b"PERIOD" in received:
                self.streaming = True
            if b"EEPROM1" in received:
                self.send(b"#EEPROM1234:" + _hex(shipped_eeprom(f"021C56{self.index:06X}")) + b"!\r\n")


def dial(order: Order) -> list[LoadDevice]:
    """Connect every device and let it say its name."""
    found = []
    for index in range(order.first, order.first + order.count):
        link = socket.create_connection((order.host, order.port), 10.0, source_address=(address(index), 0))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        link.setblocking(False)
        device = LoadDevice(index, link)
        device.send(f"#serialno:{device_id(index)}!\r\n".encode())
        found.append(device)
        time.sleep(DIAL_S)
    return found


class Load:
    """Devices, their packets and their ears."""

    def __init__(self, devices: list[LoadDevice]) -> None:
        self._devices = devices
        self._frames, self._inputs = frame_packets(), input_packets()
        self._ears = selectors.DefaultSelector()
        self._listened_s = 0.0
        # Devices are switched on at any time, so their frames fall anywhere in the period.
        self._phases = sorted((random.Random(device.index).random(), number) for number, device in enumerate(devices))
        for device in devices:
            self._ears.register(device.link, selectors.EVENT_READ, device)

    def close(self) -> None:
        """Hang up."""
        self._ears.close()
        for device in self._devices:
            device.link.close()

    def shuffle(self) -> None:
        """From now on every device is somewhere else in its loop."""
        for device in self._devices:
            device.step = device.index * 7 % LOOP

    def play(self, phase: Phase, start_s: float) -> Sent:
        """One phase; ends at `start_s` + its length, monotonic."""
        sent = Sent(name=phase.name, warm=[], began_mono_s=time.monotonic())
        cpu_s = time.process_time()
        for due_s, device in self._schedule(phase, start_s):
            self._wait(due_s)
            sent.late_ms = max(sent.late_ms, 1000.0 * (time.monotonic() - due_s))
            if device.streaming:
                self._step(device, sent)
        self._wait(start_s + phase.seconds)
        sent.late_ms = round(sent.late_ms, 2)
        sent.cpu_s, sent.ended_mono_s = round(time.process_time() - cpu_s, 3), time.monotonic()
        return sent

    def _schedule(self, phase: Phase, start_s: float) -> Iterator[tuple[float, LoadDevice]]:
        """Who sends when."""
        order = [(part, self._devices[number]) for part, number in self._phases if number < phase.devices]
        for period in range(int(phase.seconds * phase.hz)):
            for part, device in order:
                yield start_s + (period + part) / phase.hz, device

    def _step(self, device: LoadDevice, sent: Sent) -> None:
        """One frame, and now and then the inputs."""
        at_s = time.monotonic()
        if not device.send(self._frames[device.step % LOOP]):
            sent.held_back += 1
        else:
            sent.frames += 1
            if device.step % LOOP == WARM_AT:
                sent.warm.append((device_id(device.index), at_s))
        device.step += 1
        if device.step % INPUTS_EVERY == 0:
            sent.inputs += device.send(self._inputs[device.step // INPUTS_EVERY % LOOP])

    def _wait(self, until_s: float) -> None:
        """Sleep until then; hear commands on the way."""
        while True:
            now_s = time.monotonic()
            if now_s - self._listened_s > LISTEN_S:
                self._listened_s = now_s
                for key, _ in self._ears.select(0):
                    key.data.listen()
                for device in self._devices:
                    if device.rest:
                        device.send(b"")
            if now_s >= until_s:
                return
            time.sleep(min(until_s - now_s, LISTEN_S))


def play(order: Order) -> list[Sent]:
    """Play an order to its end."""
    load = Load(dial(order))
    start_s, found = order.start_mono_s, []
    try:
        for phase in order.phases:
            found.append(load.play(phase, start_s))
            load.shuffle()
            start_s += phase.seconds
    finally:
        load.close()
    return found


def command(words: list[str]) -> int:
    """Play the order of a file and write what was sent; for the bench."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon.demo.pf_load")
    parser.add_argument("order", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(words)
    order = msgspec.json.decode(given.order.read_bytes(), type=Order)
    given.out.write_bytes(msgspec.json.encode(play(order)))
    return 0


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
