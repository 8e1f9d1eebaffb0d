"""The PF gateway with a simulated device: heat and inputs judged, and everything that is wrong told."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.demo.pf_device import PfDevice
from embereye_addon.demo.thermal import Fire
from embereye_addon.fuse.analog import judge_digital
from embereye_addon.messages import (
    HotSpots,
    Kind,
    LinkState,
    PendingDevices,
    ProcessHealth,
    Reading,
    Rule,
    SourceHealth,
    ThermalFrame,
)
from embereye_addon.processes import pf_gateway
from embereye_addon.processes.pf_cache import EEPROM_BYTES
from embereye_addon.processes.pf_gateway import PfGateway, judge, shown_ppm
from embereye_addon.processes.pf_health import (
    JUDGE_LATE_S,
    broken_of,
    faults,
    measured,
    rejected_share,
    watch,
    watch_all,
)
from embereye_addon.settings.model import Device, GasCalibration, Pf, Site, Zone
from embereye_addon.sources.pf.analog import Measure
from embereye_addon.sources.pf.connection import Connection, Seat
from embereye_addon.sources.pf.events import FrameSeen, SensorSeen, Uncalibrated
from embereye_addon.sources.pf.gateway import Gateway
from embereye_addon.sources.pf.mlx90640 import Conversion
from embereye_addon.sources.pf.pixels import WINDOW
from embereye_addon.sources.pf.place import Cache, Connected, Place
from embereye_addon.thermal.cells import read
from tests.fakes.cameras import until
from tests.fakes.pf_client import PfClient
from tests.fakes.ports import free_port
from tests.processes.world import child_of, listening, running, site


@contextlib.asynccontextmanager
async def dialling(port: int, serial: str = "boiler") -> AsyncIterator[PfDevice]:
    """A quick device that dials this port."""
    device = PfDevice("127.0.0.1", port, serial=serial, period_s=0.1)
    task = asyncio.create_task(device.run())
    try:
        yield device
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.timeout(40)
async def test_a_device_is_judged_and_a_fire_is_seen(tmp_path: Path) -> None:
    """The main job: quiet heat, inputs, a view for people and health; then a fire that meets the hard rules."""
    hub, port = Hub(), free_port()
    of = site(devices=("boiler",), pf_port=port)
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "pf_gateway", of), pf_gateway.main):
        async with dialling(port) as device:
            await until(lambda: listener.all(HotSpots) and listener.all(ThermalFrame) and listener.all(Reading), 15.0)
            assert listener.all(HotSpots)[0].max_c < 60.0
            assert {reading.channel for reading in listener.all(Reading)} >= {"ADC1", "ADC2"}
            frame = listener.all(ThermalFrame)[0]
            cells = read(frame.coding, frame.cells)
            assert cells is not None
            assert 1000 < np.median(cells) < 4000
            await until(lambda: (health := listener.last(SourceHealth)) and health.state is LinkState.ONLINE, 15.0)
            device.scene = replace(device.scene, fire=Fire(start_s=device.scene_s - 20.0))
            rules = {Rule.FIXED_TEMPERATURE, Rule.FIXED_TEMPERATURE_PRE}
            await until(lambda: rules <= set(listener.all(HotSpots)[-1].evidence[0].rules), 25.0)
            spots = listener.all(HotSpots)[-1]
            assert spots.evidence[0].kind is Kind.HEAT
            assert spots.clusters
            await until(lambda: listener.all(SourceHealth)[-1].received > 20, 15.0)
            health = listener.all(SourceHealth)[-1]
            assert health.faults == ()
            assert health.rate_hz > 1.0
            assert 3.0 < float(health.words["supply_v"]) < 3.6
            assert next((tmp_path / "eeprom").glob("*.bin")).stat().st_size == EEPROM_BYTES
        await until(lambda: listener.all(SourceHealth)[-1].state is LinkState.OFFLINE, 15.0)
        ((code, text),) = listener.all(SourceHealth)[-1].faults
        assert code == "device_silent"
        assert text.startswith("PF device device boiler: ")


@pytest.mark.timeout(30)
async def test_a_taken_port_is_a_fault_until_it_is_free(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another program on the port is named, and when it goes the devices come in without a restart."""
    hub = Hub()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        of = site(devices=("boiler",), pf_port=port)
        child = child_of(hub, tmp_path, "pf_gateway", of)
        async with listening(hub) as listener, running(child, pf_gateway.main):
            await until(lambda: "port_taken" in child.faults)
            assert str(port) in child.faults["port_taken"]
            await until(lambda: (beat := listener.last(ProcessHealth)) and beat.faults)
            await asyncio.to_thread(taken.close)
            await until(lambda: not child.faults, 15.0)
            async with dialling(port):
                await until(lambda: listener.all(HotSpots), 15.0)


async def test_who_waits_for_approval_is_told(tmp_path: Path) -> None:
    """A device that nobody approved is visible within seconds, and who was turned away is counted."""
    hub, port = Hub(), free_port()
    of = site(devices=("boiler",), pf_port=port)
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "pf_gateway", of), pf_gateway.main):
        await until(lambda: len(listener.all(PendingDevices)) > 1)
        assert listener.all(PendingDevices)[0].devices == ()
        async with PfClient(port) as client:
            await client.send(b"#serialno:NEW-77!\r\n")
            await until(lambda: listener.all(PendingDevices)[-1].devices)
        (waiting,) = listener.all(PendingDevices)[-1].devices
        assert (waiting.identity, waiting.address, waiting.double) == ("NEW-77", "127.0.0.1", False)
        assert waiting.first_seen > 0.0
        assert listener.all(PendingDevices)[-1].refused == 0


async def test_a_device_without_calibration_is_a_fault(tmp_path: Path) -> None:
    """Frames that cannot be turned into temperatures give no evidence, and say so."""
    hub, port = Hub(), free_port()
    of = site(devices=("1234",), pf_port=port)
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "pf_gateway", of), pf_gateway.main):
        await until(lambda: len(listener.all(SourceHealth)) > 1)  # by then the port is open
        async with PfClient(port) as client:
            end_s = time.monotonic() + 20.0
            while not [code for health in listener.all(SourceHealth) for code, _ in health.faults]:
                assert time.monotonic() < end_s
                await client.send(b"#serialno:1234!\r\n#frame1234:" + b"0" * 834 * 4 + b"!\r\n")
                await asyncio.sleep(0.1)
            codes = {code for health in listener.all(SourceHealth) for code, _ in health.faults}
            assert codes <= {"uncalibrated", "bad_frames", "frame_frozen"}
            assert not listener.all(HotSpots)


def conversion(**changes: object) -> Conversion:
    """A quiet room at 22 °C."""
    made = Conversion(
        to_c=np.full((24, 32), 22.0, np.float32),
        ambient_c=30.0,
        supply_v=3.3,
        replaced=np.zeros((24, 32), np.bool_),
        torn_k=0.2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def gateway(path: Path, hub: Hub) -> PfGateway:
    """A gateway of one device, without its port."""
    of = site(devices=("boiler",))
    return PfGateway(child_of(hub, path, "pf_gateway", of), {"pf.boiler": watch(of.devices[0], of.zones)})


def frame(at_s: float, converted: Conversion | None) -> FrameSeen:
    """A frame of the device."""
    why = "" if converted else "no calibration"
    return FrameSeen(np.zeros(834, np.uint16), converted is not None, converted, why, 1e9 + at_s, at_s)


async def test_each_thing_that_is_wrong_is_named(tmp_path: Path) -> None:
    """Every fault of a device in words, with the number that led to it; a device switched off has none."""
    hub = Hub()
    process = gateway(tmp_path, hub)
    watched = process.watched["pf.boiler"]
    now_s = time.monotonic()
    place = Place(watched.device, now_s)
    assert faults(place, watched, 0.0) == []
    place.link.seen(now_s)
    assert [code for code, _ in faults(place, watched, 0.0)] == ["uncalibrated"]
    process.on_event("pf.boiler", frame(now_s, None))
    assert "no calibration has been read" in dict(faults(place, watched, 0.0))["uncalibrated"]
    process.on_event("pf.boiler", Uncalibrated("the dump is damaged"))
    assert "the dump is damaged" in dict(faults(place, watched, 0.0))["uncalibrated"]
    async with listening(hub) as listener:
        process.on_event("pf.boiler", Connected("10.0.0.9"))
        process.on_event("pf.boiler", frame(now_s, conversion(supply_v=2.5)))
        await until(lambda: listener.all(HotSpots))
    found = dict(faults(place, watched, 0.5))
    assert set(found) == {"supply_out_of_range", "bad_frames"}
    assert found["supply_out_of_range"].startswith("supply 2.50 V, chip 30.0 °C")
    assert found["bad_frames"].startswith("50 % of the packets")
    process.on_event("pf.boiler", frame(now_s, conversion()))
    watched.stuck = ("adc1=275", "dio=1")
    assert faults(place, watched, 0.0) == [("input_stuck", "inputs that do not move: adc1=275, dio=1")]
    watched.stuck, watched.beyond = (), ("ADC1=0",)
    ((code, text),) = faults(place, watched, 0.0)
    assert (code, "ADC1=0" in text) == ("input_out_of_range", True)
    watched.beyond = ()
    watched.chip, watched.expected_chip = "0123456789AB", "021C5626618B"
    ((code, text),) = faults(place, watched, 0.0)
    assert code == "sensor_swapped"
    assert "is 0123456789AB, it was 021C5626618B" in text
    watched.expected_chip = "0123456789ab"
    watched.judged_s = place.link.since_mono_s = now_s - JUDGE_LATE_S - 1.0
    ((code, text),) = faults(place, watched, 0.0)
    assert code == "not_judged"
    assert "no thermal frame could be judged for 21 s" in text
    place.link.disable(now_s)
    assert faults(place, watched, 1.0) == []
    assert rejected_share(0, 0) == 0.0
    assert rejected_share(4, 1) == 0.25


async def test_a_frame_that_cannot_be_judged_is_a_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake of ours in judging must not look like a cold room: it is told, once, until a good frame."""
    caplog.set_level(logging.ERROR)
    process = gateway(tmp_path, Hub())
    watched = process.watched["pf.boiler"]
    now_s = time.monotonic()
    place = Place(watched.device, now_s)
    place.link.seen(now_s)
    process.on_event("pf.boiler", frame(now_s, conversion()))
    bad = conversion(to_c=np.zeros((3, 3), np.float32))
    for step in range(3):
        process.on_event("pf.boiler", frame(now_s + step, bad))
    assert faults(place, watched, 0.0) == [
        ("not_judged", "PF device device boiler: a FrameSeen could not be judged (ValueError)")
    ]
    assert len(caplog.records) == 1
    process.on_event("pf.boiler", SensorSeen({"ADC1": 200.0}, 1e9, now_s))
    assert faults(place, watched, 0.0)
    process.on_event("pf.boiler", frame(now_s + 4.0, conversion()))
    assert faults(place, watched, 0.0) == []
    assert process.saying.task is not None
    await process.saying.task
    assert not process.saying.urgent


async def test_a_failing_pixel_is_left_out_of_what_is_judged_and_shown(tmp_path: Path) -> None:
    """A pixel that went bad makes a hot spot with a warm neighbour; its neighbours are shown in its place."""
    hub = Hub()
    process = gateway(tmp_path, hub)
    watched, rng = process.watched["pf.boiler"], np.random.default_rng(1)
    async with listening(hub) as listener:
        for step in range(2 * WINDOW):
            words = rng.integers(-64, -56, 834).astype(np.int16)
            words[330] = 900
            to_c = (22.0 + 0.08 * (words[:768] + 60.0)).astype(np.float32).reshape(24, 32)
            seen = FrameSeen(words.view(np.uint16), True, conversion(to_c=to_c), "", 1e9 + step, float(step))
            process.on_event("pf.boiler", seen)
        await until(lambda: len(listener.all(ThermalFrame)) == 2 * WINDOW)
        assert listener.all(ThermalFrame)[0].replaced == ()
        assert listener.all(ThermalFrame)[-1].replaced == (330,)
        assert listener.all(HotSpots)[-1].max_c < 30.0
    assert measured(Place(watched.device, 0.0), watched, 0.0)["failing_px"] == "10/10"


async def test_what_is_beyond_the_makers_range_is_told_and_is_heat_all_the_same(tmp_path: Path) -> None:
    """A fire of 600 °C is an alarm, and the device says that its figure is not exact."""
    hub = Hub()
    process = gateway(tmp_path, hub)
    watched = process.watched["pf.boiler"]
    hot = np.full((24, 32), 22.0, np.float32)
    hot[10, 10:13] = 600.0
    seen = conversion(to_c=hot, outside=hot > 300.0, saturated_px=2)
    async with listening(hub) as listener:
        for step in range(2):
            process.on_event("pf.boiler", frame(float(step), seen))
        await until(lambda: listener.all(ThermalFrame) and listener.all(HotSpots))
        spots = listener.all(HotSpots)[-1]
    assert (spots.outside_px, spots.saturated_px, spots.max_c) == (3, 2, 600.0)
    assert Rule.FIXED_TEMPERATURE in spots.evidence[0].rules
    assert listener.all(ThermalFrame)[-1].outside == (330, 331, 332)
    words = measured(Place(watched.device, 0.0), watched, 0.0)
    assert (words["outside_px"], words["saturated_px"]) == ("3", "2")


def measure(**changes: object) -> Measure:
    """A gas input that is well."""
    made = Measure(
        channel="adc1",
        role="gas",
        raw=270.0,
        pct=6.6,
        baseline=270.0,
        sigma=6.5,
        change_sigma=0.0,
        change_pct=0.0,
        warming_up=False,
        stuck=False,
        out_of_range=False,
        digital=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_inputs_are_judged_by_their_role() -> None:
    """A flame input that is stuck or of no role says nothing, and neither does a gas sensor that warms up."""
    flame = measure(channel="dio", role="flame", digital=True, raw=1.0)
    assert judge("pf.a", flame, hard=True) == judge_digital("pf.a.dio", on=True)
    assert judge("pf.a", replace(flame, stuck=True), hard=True) == ()
    assert judge("pf.a", replace(flame, role="none"), hard=True) == ()
    risen = measure(change_sigma=50.0, change_pct=300.0)
    (piece,) = judge("pf.a", risen, hard=True)
    assert piece.point == "pf.a.adc1"
    assert piece.llr_nats > 0.0
    for part in ("warming_up", "stuck", "out_of_range"):
        told = judge("pf.a", measure(change_sigma=50.0, **{part: True}), hard=True)
        assert not [found for found in told if found.llr_nats > 0]


def test_a_zones_limits_and_switches_reach_its_devices() -> None:
    """A kitchen that raised its limits, or switched a rule off, must be judged by that."""
    kitchen = Zone(id="kitchen", name="Kitchen", rise_pre_k_min=15.0, fixed_rule=False, input_rule=False)
    watched = watch(Device(id="a", name="A", zone="kitchen"), (kitchen,))
    assert (watched.limits.rise_pre_k_min, watched.limits.rise_alarm_k_min) == (15.0, 20.0)
    assert (watched.limits.fixed_rule, watched.limits.rise_rule, watched.hard_inputs) == (False, True, False)
    flame = measure(channel="dio", role="flame", digital=True, raw=1.0)
    (piece,) = judge("pf.a", flame, hard=watched.hard_inputs)
    assert (piece.rules, piece.llr_nats) == ((), 2.0)


async def test_ppm_is_told_of_a_calibrated_input_and_decides_nothing(tmp_path: Path) -> None:
    """An absurd figure in ppm raises an alarm, or one that nobody calibrated is shown."""
    sensor = {"device": "boiler", "input": "adc1", "gas": "co2", "r0_kohm": 40.0, "load_kohm": 10.0}
    calibrated = msgspec.convert(sensor | {"supply_v": 5.0, "divider": 0.66, "reference_v": 3.3}, GasCalibration)
    plain = site(devices=("boiler",))

    async def readings(of: Site) -> dict[str, Reading]:
        hub = Hub()
        process = PfGateway(child_of(hub, tmp_path, "pf", of), watch_all(of, Cache(lambda _: None, lambda *_: None)))
        async with listening(hub) as listener:
            process.on_event("pf.boiler", SensorSeen({"ADC1": 819.0, "ADC2": 819.0, "DIO": 0.0}, 1e9, 1.0))
            await until(lambda: len(listener.all(Reading)) == 3)
            return {reading.channel: reading for reading in listener.all(Reading)}

    told = [await readings(of) for of in (plain, msgspec.structs.replace(plain, calibrations=(calibrated,)))]
    assert [each["ADC1"].ppm for each in told] == [None, 116.6]
    assert (told[1]["ADC1"].gas, told[1]["ADC2"].ppm, told[1]["ADC2"].gas) == ("co2", None, "")
    assert told[0]["ADC1"].evidence == told[1]["ADC1"].evidence
    for part in ({"warming_up": True}, {"stuck": True}, {"role": "flame"}, {"raw": 4095.0}):
        assert shown_ppm(measure(**{"raw": 819.0, **part}), calibrated) is None


async def test_the_health_of_the_array_is_told_with_its_numbers(tmp_path: Path) -> None:
    """A device that drifts, freezes, loses pixels or jumps looks well."""
    process = gateway(tmp_path, Hub())
    watched = process.watched["pf.boiler"]
    now_s = time.monotonic()
    place = Place(watched.device, now_s)
    place.link.seen(now_s)
    process.on_event("pf.boiler", frame(now_s, conversion()))
    assert faults(place, watched, 0.0) == []
    connection = Connection(Gateway(Pf(), (), print, Cache(lambda _: None, lambda *_: None)), time.monotonic)
    place.seat = Seat(connection, connection.session.units[0])
    said = place.seat.unit.plausibility
    said.implausible, said.why = 2, "the gain jumped from 5770 to 9000"
    said.frozen_frames, said.dead_half_frames = 9, 5
    for _ in range(60):
        watched.supply.take(3.3)
        watched.ambient.take(30.0)
        watched.gain.take(5770.0)
    watched.supply.value, watched.ambient.value, watched.gain.value = 3.2, 50.0, 6500.0
    watched.broken, watched.pixels.stuck, watched.pixels.noisy = frozenset({1, 33}), (64, 65), (767, 1)
    place.link.tick(now_s + 16.0, 20.0)
    found = dict(faults(place, watched, 0.0))
    assert found == {
        "device_late": "nothing came for 16 s",
        "frames_implausible": "2 frames of the last 2 s: the gain jumped from 5770 to 9000",
        "supply_drift": "the supply went from 3.300 V to 3.200 V; allowed: 0.05 V",
        "chip_drift": "the chip went from 30.0 °C to 50.0 °C; allowed: 15 K",
        "gain_drift": "the gain went from 5770 to 6500 (+13 %); allowed: 10 %",
        "dead_pixels": "5 pixels cannot be believed (2 by calibration, 2 stuck, 2 noisy, 0 jumping); at most 4 are"
        " allowed; row/column: 0/1, 1/1, 2/0, 2/1, 23/31",
        "frame_frozen": "the last 10 thermal frames are the same bit for bit",
        "dead_subpage": "one half of the pixels did not change over the last 6 thermal frames",
    }
    assert "frames_implausible" not in dict(faults(place, watched, 0.0))
    words = measured(place, watched, 0.125)
    assert (words["bad_px"], words["rejected_pct"], words["torn_k"]) == ("5", "12.5", "0.20")
    assert words["failing_px"] == "0/1, 2/0, 2/1, 23/31"
    watched.pixels.jumping = tuple(range(100, 106))
    found = dict(faults(place, watched, 0.0))
    assert "dead_pixels" not in found
    assert found["pixels_unreliable"] == (
        "10 pixels fail (2 stuck, 2 noisy, 6 jumping), more than the 8 that are left out, so every one is believed;"
        " row/column: 0/1, 2/0, 2/1, 3/4, 3/5, 3/6, 3/7, 3/8"
    )
    watched.learn_chip("021C5626618B")
    watched.learn_chip("021C56266AAA")
    assert "gain_drift" not in dict(faults(place, watched, 0.0)), "another chip has a gain of its own"
    assert broken_of(np.eye(2, dtype=np.bool_)) == {0, 3}
