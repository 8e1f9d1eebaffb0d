"""Faults by their real causes: broker, clock, disk, node and devices, through the real parts of a site."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.demo.broker import Broker
from embereye_addon.demo.fault_causes import AilingPf
from embereye_addon.demo.shifted_clock import Shifted
from embereye_addon.messages import Fault, LinkState, PanelState, SourceHealth
from embereye_addon.observe import clock
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes import panel, pf_gateway, publisher
from embereye_addon.settings.model import Disk, Mqtt
from tests.fakes.cameras import until
from tests.fakes.ports import free_port
from tests.processes.world import Listener, beat, child_of, hot, listening, running, site

GENEROUS_S = 60.0


def standing(listener: Listener, code: str) -> Fault | None:
    """The fault of this code in the panel's newest word."""
    state = listener.last(PanelState)
    return next((fault for fault in state.faults if fault.code == code), None) if state else None


def delays(what: str) -> float:
    """How many losses were measured."""
    return REGISTRY.get_sample_value("embereye_fault_delay_seconds_count", {"what": what}) or 0.0


@contextlib.asynccontextmanager
async def started(broker: Broker) -> AsyncIterator[Broker]:
    """A broker that is ended with the test, however often it was stopped in it."""
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def events(broker: Broker, got: list[dict[str, Any]]) -> None:
    """Somebody else's client, which hears what the zone's events say."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe("embereye/zone/hall/event", qos=1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            got.append(json.loads(message.payload))


@pytest.mark.timeout(90)
async def test_a_broker_that_is_gone_is_told_and_alarms_keep_their_time(tmp_path: Path) -> None:
    """An alarm while the broker is away must arrive later with the time at which it happened; the fault ends."""
    hub, got, before = Hub(), list[dict[str, Any]](), delays("broker")
    async with started(Broker(tmp_path / "broker")) as broker:
        of = msgspec.structs.replace(site(devices=("boiler",)), mqtt=Mqtt(host=broker.host, port=broker.port))
        children = [child_of(hub, tmp_path, name, of) for name in ("panel", "publisher")]
        async with (
            listening(hub) as listener,
            running(children[0], panel.main),
            running(children[1], publisher.main),
        ):
            await until(lambda: listener.all(PanelState) and not children[1].faults, GENEROUS_S)
            await asyncio.sleep(1.5)  # what is told at first is acknowledged meanwhile
            await broker.stop()
            await until(lambda: standing(listener, "broker_disconnected"), GENEROUS_S)
            fault = standing(listener, "broker_disconnected")
            assert fault is not None
            assert "was lost" in fault.text or "Nobody listens" in fault.text
            assert delays("broker") == before + 1
            at = utc_s()
            await listener.bus.say(hot())
            await asyncio.sleep(1.5)
            await broker.start()
            listened = asyncio.create_task(events(broker, got))
            await until(lambda: not standing(listener, "broker_disconnected"), GENEROUS_S)
            await until(lambda: [event for event in got if event["event_type"] == "alarm"], GENEROUS_S)
            listened.cancel()
            await asyncio.gather(listened, return_exceptions=True)
    told = next(event for event in got if event["event_type"] == "alarm")
    assert abs(datetime.fromisoformat(told["at"]).timestamp() - at) < 1.0


async def test_a_clock_that_jumps_is_told_by_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the machine's clock by an hour: told with the figure, and the journal keeps the order of events."""
    shift = tmp_path / "shift"
    monkeypatch.setattr(clock, "time", Shifted(shift))
    child = child_of(Hub(), tmp_path, "panel", site())
    process = panel.opened(child, 1)
    await process.tick()
    assert "clock_jump" not in child.faults
    rows = len(process.records.journal.rows())
    for by_s, words in ((-3600.0, "back by 3600.0 s"), (0.0, "forward by 3600.0 s")):
        shift.write_text(str(by_s))
        await process.tick()
        assert words in child.faults["clock_jump"]
        assert [code for code, _ in process.book.standing].count("clock_jump") == 1
    kinds = [(row.number, row.kind) for row in process.records.journal.rows()][rows:]
    assert [kind for _, kind in kinds] == ["clock_jump", "fault", "clock_jump"]
    assert [number for number, _ in kinds] == sorted(number for number, _ in kinds)
    assert process.records.journal.verify().broken == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MiB of the test's own."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=48m", "test", str(place)], check=False)
    if made.returncode:
        pytest.skip("this machine does not let a test mount a disk")
    try:
        yield place
    finally:
        subprocess.run([umount, str(place)], check=True)


async def test_a_disk_that_fills_is_told_before_and_when_it_is_full(small_disk: Path) -> None:
    """Nearly full: a fault while there is room for alarms. Full: alarms go out all the same. Room again: both end."""
    of = msgspec.structs.replace(site(devices=("boiler",)), disk=Disk(least_free_mib=24))
    child = child_of(Hub(), small_disk, "panel", of)
    process = panel.opened(child, 1)
    try:
        await process.machine.look_at_disk()
        assert "disk_nearly_full" not in child.faults
        (small_disk / "films").write_bytes(bytes(30 << 20))
        await process.machine.look_at_disk()
        assert "disk.least_free_mib" in child.faults["disk_nearly_full"]
        process.on_evidence("pf.boiler", hot().evidence, 1e9)
        assert [row.kind for row in process.records.journal.rows()].count("alarm") == 1, (
            "alarms are never what is given up"
        )
        with contextlib.suppress(OSError), (small_disk / "more").open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        for number in range(300):  # what the journal's file still has room for
            process.record("kept", {"number": number})
        assert "full" in child.faults["disk_full"]
        for name in ("films", "more"):
            (small_disk / name).unlink()
        await process.machine.look_at_disk()
        process.record("kept", {})
        assert child.faults == {}
    finally:
        process.records.journal.close()
        process.records.outbox.close()


async def test_a_machine_that_falls_silent_is_told(tmp_path: Path) -> None:
    """A second machine whose power is gone takes its cameras with it, and nobody would start anything there again."""
    process = panel.opened(child_of(Hub(), tmp_path, "panel", site()), 1)
    process.on_process_health(beat("node2.detector-0"))
    for _ in range(2):
        process.on_process_health(msgspec.structs.replace(beat("node2.supervisor"), node="node2"))
    await process.tick()
    assert not [about for _, about in process.book.standing if about.startswith("node2")]
    heard = dict.fromkeys(process.book.heard_s, time.monotonic() - 20.0)
    process.book = replace(process.book, heard_s=heard)
    await process.tick()
    found = {about: fault.text for (code, about), fault in process.book.standing.items() if code == "node_lost"}
    assert set(found) == {"node1.supervisor", "node2.supervisor"}
    assert "The machine node2 does not answer" in found["node2.supervisor"]


async def test_a_zone_that_nothing_watches_says_so(tmp_path: Path) -> None:
    """Each source has its own fault, and still nobody sees that this whole area is without detection."""
    of = site({"door": "rtsp://h/"}, ("boiler",))
    process = panel.opened(child_of(Hub(), tmp_path, "panel", of), 1)

    async def says(camera: tuple[tuple[str, str], ...], device: tuple[tuple[str, str], ...]) -> Fault | None:
        for source, faults in (("cam.door", camera), ("pf.boiler", device)):
            process.on_source_health(SourceHealth(source=source, node="node1", state=LinkState.ONLINE, faults=faults))
        await process.tick()
        return process.book.standing.get(("zone_blind", "zone.hall"))

    lost, silent = (("stream_lost", "no answer"),), (("device_silent", "nothing for 20 s"),)
    assert await says((), ()) is None
    assert await says(lost, ()) is None, "the device still feels"
    assert await says(lost, (("bad_frames", "30 %"),)) is None, "it is not well, but it feels"
    fault = await says(lost, silent)
    assert fault is not None
    assert "cam.door" in fault.text
    assert "pf.boiler" in fault.text
    assert await says((), silent) is None


@pytest.mark.timeout(90)
async def test_a_pf_device_that_ails_is_told(tmp_path: Path) -> None:
    """Real bytes over a real socket: inputs that warm up, damaged packets, a frozen array, an open input; each ends."""
    hub, port = Hub(), free_port()
    of = site(devices=("boiler",), pf_port=port)
    warm = msgspec.structs.replace(of.devices[0], warm_up_s=3, adc1_role="smoke")
    of = msgspec.structs.replace(of, devices=(warm,))
    device = AilingPf("127.0.0.1", port, serial="boiler", period_s=0.1)

    def codes() -> set[str]:
        health = listener.last(SourceHealth)
        return {code for code, _ in health.faults} if health else set()

    async with listening(hub) as listener, running(child_of(hub, tmp_path, "pf_gateway", of), pf_gateway.main):
        dialling = asyncio.create_task(device.run())
        try:
            await until(lambda: "input_warming_up" in codes(), GENEROUS_S)
            await until(lambda: listener.all(SourceHealth) and not codes(), GENEROUS_S)
            for ail, code in (("damaged", "bad_frames"), ("frozen", "frame_frozen"), ("open", "input_out_of_range")):
                device.ail = ail
                await until(lambda code=code: code in codes(), GENEROUS_S)  # type: ignore[misc]
            device.ail = ""
            await until(lambda: not codes(), GENEROUS_S)
        finally:
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)
