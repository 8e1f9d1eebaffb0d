"""The simulated PF device on a real socket, with a host that speaks the bytes of ours."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion, calibrate, convert, looks_radiometric


@dataclass(slots=True)
class Host:
    """A listening host that keeps what it hears."""

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    server: asyncio.Server | None = None

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep a connection and everything that arrives on it."""
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while received := await reader.read(4096):
                self.heard += received
        writer.close()

    async def listen(self) -> None:
        """Open the port, the same one again after the first time."""
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up on everyone and close the port."""
        assert self.server is not None
        self.server.close()
        for writer in self.writers:
            writer.close()
        await self.server.wait_closed()

    def say(self, command: bytes) -> None:
        """Send a command on the newest connection."""
        self.writers[-1].write(command)

    def packets(self, kind: str) -> list[str]:
        """Whole packets of a kind, without framing."""
        return re.findall(rf"#({kind}[^!#]*)!\r\n", self.heard.decode("latin-1"))


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A host on a free port, closed afterwards."""
    one = Host()
    await one.listen()
    yield one
    await one.close()


@contextlib.asynccontextmanager
async def running(device: PfDevice) -> AsyncIterator[PfDevice]:
    """The device, dialling until the end of the block."""
    task = asyncio.create_task(device.run())
    try:
        yield device
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], object]) -> None:
    """Wait until something is so; the test's own limit ends it otherwise."""
    while not true():
        await asyncio.sleep(0.005)


def words_of(packet: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """The words of a frame or EEPROM packet."""
    return np.frombuffer(bytes.fromhex(packet.split(":")[1]), dtype=">u2").astype(np.uint16)


async def test_nothing_is_sent_before_a_bare_period_on(host: Host) -> None:
    """The real device ignores commands with a line end; a host that needs them would never see a frame."""
    async with running(PfDevice("127.0.0.1", host.port, period_s=0.02)) as device:
        await until(lambda: host.writers)
        for command in (b"PERIOD_ON\r\n", b"\n", b"PERIODIC_ON"):
            host.say(command)
            await until(lambda: device.line.commands_ignored)
            device.line.commands_ignored = 0
        await asyncio.sleep(0.1)
        assert not host.heard
        host.say(b"PERIOD_ON")
        await until(lambda: len(host.packets("Sensor")) >= 3)
        host.say(b"PERIOD_OFF")
        await asyncio.sleep(0.1)
        before = device.frames_sent
        await asyncio.sleep(0.1)
        assert device.frames_sent == before


async def test_packets_are_those_of_the_real_device(host: Host) -> None:
    """Lengths, headers, the stray colon and a radiometric tail, byte for byte as captured."""
    async with running(PfDevice("127.0.0.1", host.port, period_s=0.02, sensor_id="00AABBCCDDEE")):
        await until(lambda: host.writers)
        host.say(b"PERIOD_ON")
        await until(lambda: len(host.packets("Sensor")) >= 2)
        host.say(b"EEPROM1")
        await until(lambda: host.packets("EEPROM"))
    assert re.fullmatch(r"Sensor1234:ADC1=\d+,ADC2=\d+,ADC3:=\d+,DIO=0", host.packets("Sensor")[0])
    frame = host.packets("frame")[0]
    assert len(frame) + 2 == 3348
    assert frame.startswith("frame1234:")
    eeprom = host.packets("EEPROM")[0]
    assert len(eeprom) + 2 == 3341
    calibration = calibrate(words_of(eeprom))
    assert isinstance(calibration, Calibration)
    assert calibration.sensor_id == "00AABBCCDDEE"
    assert looks_radiometric(calibration, words_of(frame))


async def test_eeprom_is_answered_once_also_before_streaming(host: Host) -> None:
    """One question, one answer; a silent device answers at once."""
    async with running(PfDevice("127.0.0.1", host.port, period_s=0.02)):
        await until(lambda: host.writers)
        host.say(b"EEPROM1")
        await until(lambda: host.packets("EEPROM"))
        host.say(b"PERIOD_ON")
        await until(lambda: len(host.packets("frame")) >= 4)
    assert len(host.packets("EEPROM")) == 1
    assert np.array_equal(words_of(host.packets("EEPROM")[0]), shipped_eeprom())


async def test_serial_is_announced_and_tag_used(host: Host) -> None:
    """Devices with a serial say it after connecting."""
    async with running(PfDevice("127.0.0.1", host.port, tag="dock", serial="PF00012345", period_s=0.02)):
        await until(lambda: host.packets("serialno"))
        host.say(b"PERIOD_ON")
        await until(lambda: host.packets("frame"))
    assert host.heard.startswith(b"#serialno:PF00012345!\r\n")
    assert host.packets("frame")[0].startswith("framedock:")


async def test_staged_fire_is_hot_and_smells(host: Host) -> None:
    """The demo's button: a flame in the frames, smoke at the gas input, and both gone after the end."""
    clock = [1000.0]
    taken: list[float] = []
    device = PfDevice("127.0.0.1", host.port, period_s=0.02, clock_s=lambda: clock[0], on_frame=taken.append)
    calibration = calibrate(shipped_eeprom())
    assert isinstance(calibration, Calibration)

    async def look() -> tuple[float, int]:
        """Peak temperature and gas reading of the next cycle that began after now."""
        count = len(host.packets("Sensor"))
        await until(lambda: len(host.packets("Sensor")) >= count + 3)
        result = convert(calibration, words_of(host.packets("frame")[-1]))
        assert isinstance(result, Conversion)
        gas = re.search(r"ADC1=(\d+)", host.packets("Sensor")[-1])
        assert gas is not None
        return float(result.to_c.max()), int(gas[1])

    async with running(device):
        await until(lambda: host.writers)
        device.end_fire()
        host.say(b"PERIOD_ON")
        calm_c, calm_adc = await look()
        assert device.stage_fire() == 1000.0
        clock[0] = 1030.0
        fire_c, fire_adc = await look()
        device.end_fire()
        device.end_fire()
        clock[0] = 1300.0
        over_c, over_adc = await look()
    assert calm_c < 40
    assert calm_adc < 350
    assert fire_c > 200
    assert fire_adc > 900
    assert over_c < 40
    assert over_adc < 350
    assert len(taken) == device.frames_sent
    assert set(taken) == {1000.0, 1030.0, 1300.0}


async def test_command_during_a_transmission_is_lost_and_damages_the_frame(host: Host) -> None:
    """The half-duplex line: a host that does not wait for the quiet time must feel it in the demo too."""
    async with running(PfDevice("127.0.0.1", host.port, period_s=1.0)) as device:
        await until(lambda: host.writers)
        host.say(b"PERIOD_ON")
        await until(lambda: len(host.heard) >= 1300)
        host.say(b"EEPROM1")
        await until(lambda: b"!" in host.heard)
        await until(lambda: host.packets("Sensor"))
        assert device.line.commands_lost == 1
    assert any(byte > 127 for byte in host.heard)
    assert not host.packets("EEPROM")


async def test_device_comes_back_after_the_host_was_away(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """A restart of the host costs seconds, not a walk to the device; it streams again only when told."""
    async with running(PfDevice("127.0.0.1", host.port, period_s=0.02)) as device:
        await until(lambda: host.writers)
        host.say(b"PERIOD_ON")
        await until(lambda: device.frames_sent)
        await host.close()
        await asyncio.sleep(0.8)
        await host.listen()
        await until(lambda: device.line.connections == 2)
        await until(lambda: len(host.writers) == 2)
        host.heard.clear()
        await asyncio.sleep(0.1)
        assert not host.heard
        host.say(b"PERIOD_ON")
        await until(lambda: host.packets("frame"))
    assert sum(record.levelname == "WARNING" for record in caplog.records) <= 2


async def test_two_devices_are_two(host: Host) -> None:
    """Same tag, other sensor: the host must be able to tell them apart, and their noise differs."""
    first = PfDevice("127.0.0.1", host.port, period_s=0.02, sensor_id="000000000001", seed=1)
    second = PfDevice("127.0.0.1", host.port, period_s=0.02, sensor_id="000000000002", seed=2)
    async with running(first), running(second):
        await until(lambda: len(host.writers) == 2)
        for writer in host.writers:
            writer.write(b"EEPROM1")
        await until(lambda: len(host.packets("EEPROM")) == 2)
    assert {packet.split(":")[1][28:40] for packet in host.packets("EEPROM")} == {"000000000001", "000000000002"}
