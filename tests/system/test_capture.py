"""The captured stream of a real PF device over TCP into the product; EMBEREYE_CAPTURE_SPEED=1 is true timing."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from embereye_addon.messages import SourceHealth, ThermalFrame, ZoneState
from embereye_addon.thermal.cells import read
from tests.fakes.ports import free_port
from tests.system.product import Product

SPEED = float(os.environ.get("EMBEREYE_CAPTURE_SPEED", "20"))
SENSOR_ID = "021C5626618B"
SOURCE = "pf.capture"
BAD_FRAMES = 4
PACKETS = 188 + BAD_FRAMES + 192 + 15

pytestmark = [pytest.mark.system, pytest.mark.timeout(300 + 1500 / SPEED)]


def segments(folder: Path) -> list[tuple[float, bytes]]:
    """Seconds since the first byte, and the bytes, of everything the device sent."""
    stream = (folder / "capture_stream.bin").read_bytes()
    rows = [
        row for row in csv.DictReader((folder / "capture_segments.csv").read_text().splitlines()) if row["dir"] == "D>H"
    ]
    times = [datetime.strptime(row["time"], "%H:%M:%S.%f").timestamp() for row in rows]  # noqa: DTZ007 - a difference
    cuts = [(int(row["offset"]), int(row["nbytes"])) for row in rows]
    return [(at - times[0], stream[offset : offset + size]) for at, (offset, size) in zip(times, cuts, strict=True)]


async def replay(rows: list[tuple[float, bytes]], port: int) -> None:
    """Send the segments at their times, as the device did; what the host says is read and ignored."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    listening = asyncio.create_task(reader.read(-1))
    began_s = asyncio.get_running_loop().time()
    for at_s, chunk in rows:
        await asyncio.sleep(max(0.0, began_s + at_s / SPEED - asyncio.get_running_loop().time()))
        writer.write(chunk)
        await writer.drain()
    await asyncio.sleep(3.0)
    writer.close()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def product(folder: Path, port: int, eeprom: Path) -> AsyncIterator[Product]:
    """The product with one device, which it knows from before: its EEPROM is kept."""
    words = np.array(eeprom.read_text().split(), dtype="U4")
    kept = folder / "data" / "eeprom" / f"{SOURCE}.bin"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(np.array([int(word, 16) for word in words], dtype="<u2").tobytes())
    site = {
        "web": {"port": free_port()},
        "pf": {"host": "127.0.0.1", "port": port, "max_frames_hz": 64},
        "detection": {"shards": 1},
        "zones": [{"id": "room", "name": "Room"}],
        "devices": [{"id": "capture", "name": "Capture", "zone": "room", "identity": "1234"}],
    }
    running = Product(folder, site)
    running.start()
    try:
        yield running
    finally:
        await running.stop()


async def test_the_captured_device_is_measured_right_and_never_alarms(tmp_path: Path, shared: Path) -> None:
    """Right temperatures, exactly the corrupt frames rejected, no alarm, and silent during its real pause."""
    source = shared / "data" / "pf"
    rows, port = segments(source), free_port()
    golden = np.load(source / "golden_temps.npz")["to"]
    seen: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    health: list[SourceHealth] = []

    def on_frame(frame: ThermalFrame) -> None:
        cells = read(frame.coding, frame.cells)
        assert cells is not None
        seen.append((cells / 100.0).astype(np.float32))

    async with product(tmp_path, port, source / "eeprom.hex") as running:
        bus = await running.listen()
        await bus.hear(ThermalFrame, on_frame)
        await bus.hear(SourceHealth, health.append)
        await running.until(lambda state: True)
        await asyncio.sleep(2.0)
        await replay(rows, port)
        assert all(row.state is ZoneState.NORMAL for state in running.states for row in state.zones)
        silent = [fault for state in running.states for fault in state.faults if fault.code == "device_silent"]

    worst = [float(min(np.abs(frame - one).max() for one in golden)) for frame in seen]
    matched = [error for error in worst if error < 0.02]
    last = max(health, key=lambda row: row.received)
    print(
        f"speed {SPEED:g}: {len(seen)} thermal frames told, {len(matched)} of them golden, worst {max(matched):.4f} °C"
    )
    print(f"packets {last.received}, rejected {last.rejected}, silent shown: {bool(silent)}")
    assert (last.received, last.rejected) == (PACKETS, BAD_FRAMES)
    assert len(matched) >= 0.4 * len(seen), "every second frame of the capture is golden"
    assert max(matched) <= 0.01 + 0.005, "0.01 °C, and half a hundredth for the rounding on the way"
    if SPEED <= 10.0:
        assert silent, "the device's real pause of 334 s must be shown"
