"""The PF port with real sockets: who may in, which device feeds what, and what happens when it goes."""

import asyncio
import logging

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.errors import LinkError
from embereye_addon.messages import LinkState
from embereye_addon.settings.model import Pf, Region
from embereye_addon.sources.pf.events import Calibrated, FrameSeen, Identified, Late, SensorSeen
from embereye_addon.sources.pf.gateway import Gateway
from embereye_addon.sources.pf.mlx90640 import Conversion, calibrate, convert
from embereye_addon.sources.pf.place import Cache, Connected, Disconnected, GatewayEvent
from tests.fakes.pf_client import PfClient, eeprom, frame, inputs
from tests.sources.pf.gateways import Clock, Hearer, device, running, until

ROOM = next(iter(shipped_frames().values()))
NAMED = b"#serialno:AB1234!\r\n"


async def test_a_device_is_started_calibrated_and_heard() -> None:
    """A real device connects and its temperatures never arrive."""
    hearer = Hearer()
    cache = Cache(hearer.dumps.get, hearer.dumps.__setitem__)
    async with (
        running(hearer, device("dock", "AB1234"), cache=cache) as gateway,
        PfClient(gateway.port, dump=shipped_eeprom()) as client,
    ):
        await client.send(NAMED)
        await until(lambda: b"PERIOD_ON" in client.heard)
        await client.send(frame(ROOM) + inputs())
        await until(lambda: "Calibrated" in hearer.kinds("pf.dock"))
        await client.send(frame(ROOM) + inputs())
        await until(lambda: hearer.kinds("pf.dock").count("FrameSeen") == 2)
        assert client.heard == [b"PERIOD_ON", b"EEPROM1"]
        assert np.array_equal(hearer.dumps["pf.dock"], shipped_eeprom())
        assert gateway.places["pf.dock"].link.state is LinkState.ONLINE
        assert gateway.pending() == ()
        assert (gateway.connections, gateway.failures, gateway.refused) == (1, 0, 0)
    assert hearer.kinds("pf.dock")[:2] == ["Connected", "Identified"]
    assert "Disconnected" not in hearer.kinds("pf.dock")
    frames = [event for _, event in hearer.told if isinstance(event, FrameSeen)]
    assert [each.radiometric for each in frames] == [False, True]
    assert gateway.places["pf.dock"].totals(None)[0] == 6


async def test_an_unknown_device_is_listed_and_feeds_nothing() -> None:
    """Anyone who reaches the port can fake a fire."""
    hearer = Hearer()
    async with running(hearer, device("dock")) as gateway, PfClient(gateway.port) as client:
        await client.send(NAMED + eeprom(shipped_eeprom()) + frame(ROOM) + inputs())
        await until(gateway.pending)
        (stranger,) = gateway.pending()
        assert (stranger.identity, stranger.address) == ("AB1234", "127.0.0.1")
        await until(lambda: gateway.pending()[0].sensor_id == "021C5626618B")
    assert hearer.told == []


@pytest.mark.parametrize("identity", ["AB1234", "ab1234", "127.0.0.1", "021C5626618B", "Hall 2", "1234"])
async def test_every_name_of_a_device_can_be_accepted(identity: str) -> None:
    """A device cannot be bound by its serial, place, tag, chip or address."""
    hearer = Hearer()
    said = b"" if identity == "1234" else NAMED + b"#locid:Hall 2!"
    async with running(hearer, device("dock", identity)) as gateway, PfClient(gateway.port) as client:
        await client.send(said + eeprom(shipped_eeprom()) + (frame(ROOM) + inputs()) * 3)
        await until(lambda: "Connected" in hearer.kinds("pf.dock"))
        await client.send(inputs())
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert "Calibrated" in hearer.kinds("pf.dock")


async def test_the_regions_of_the_settings_are_in_force() -> None:
    """A region that is set, shown, and changes nothing."""
    hearer, metal = Hearer(), Region(name="pipe", left=0, top=0, right=3, bottom=3, emissivity=0.3)
    shiny = msgspec.structs.replace(device("dock", "AB1234"), regions=(metal,))
    async with running(hearer, shiny) as gateway, PfClient(gateway.port) as client:
        await client.send(NAMED + eeprom(shipped_eeprom()) + inputs())
        await until(lambda: "Connected" in hearer.kinds("pf.dock"))
        await client.send(frame(ROOM))
        await until(lambda: "FrameSeen" in hearer.kinds("pf.dock"))
    seen = next(event for _, event in hearer.told if isinstance(event, FrameSeen))
    calibration = calibrate(shipped_eeprom())
    assert not isinstance(calibration, str)
    plain = convert(calibration, ROOM)
    assert isinstance(plain, Conversion)
    assert seen.conversion is not None
    other = seen.conversion.to_c != plain.to_c
    assert other[:4, :4].all()
    assert np.count_nonzero(other) == 16


async def test_the_id_stands_for_the_address_too() -> None:
    """A device accepted under its address with dashes is never heard."""
    hearer = Hearer()
    async with running(hearer, device("127-0-0-1")) as gateway, PfClient(gateway.port):
        await until(lambda: hearer.kinds("pf.127-0-0-1") == ["Connected", "Identified"])
        assert gateway.pending() == ()


async def test_a_switched_off_device_is_neither_heard_nor_pending() -> None:
    """A device that somebody switched off still feeds the zone, or asks for acceptance."""
    hearer = Hearer()
    async with running(hearer, device("dock", "AB1234", enabled=False)) as gateway, PfClient(gateway.port) as client:
        await client.send(NAMED + inputs())
        await until(lambda: gateway.received_bytes > 50)
        assert gateway.pending() == ()
        assert gateway.places["pf.dock"].link.state is LinkState.DISABLED
    assert hearer.told == []


async def test_a_lost_connection_is_told_and_the_return_too(caplog: pytest.LogCaptureFixture) -> None:
    """A device that lost its connection is shown as watching."""
    caplog.set_level(logging.INFO)
    hearer = Hearer()
    async with running(hearer, device("dock", "AB1234")) as gateway:
        for _ in range(2):
            async with PfClient(gateway.port) as client:
                await client.send(NAMED + inputs())
                await until(lambda: gateway.places["pf.dock"].link.state is LinkState.ONLINE)
            await until(lambda: gateway.places["pf.dock"].link.state is LinkState.OFFLINE)
            assert gateway.places["pf.dock"].unit is None
        assert gateway.connections == 0
    assert hearer.kinds("pf.dock") == ["Connected", "Identified", "Disconnected"] * 2
    logged = [record.message for record in caplog.records if "Dock" in record.message]
    assert [("is lost" in line, "is online" in line) for line in logged] == [(False, True), (True, False)] * 2


async def test_the_newest_connection_of_a_device_counts() -> None:
    """A device that dials again is not heard, because its dead connection still counts."""
    hearer = Hearer()
    async with (
        running(hearer, device("dock", "AB1234")) as gateway,
        PfClient(gateway.port) as old,
        PfClient(gateway.port) as new,
    ):
        await old.send(NAMED)
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 1)
        await new.send(NAMED)
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 2)
        await old.send(inputs())
        await new.send(inputs("ADC1=5"))
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert [event.values for _, event in hearer.told if isinstance(event, SensorSeen)] == [{"ADC1": 5.0}]
        assert "Disconnected" not in hearer.kinds("pf.dock")
        await new.hang_up()
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 3)
        await old.send(inputs("ADC1=6"))
        await until(lambda: hearer.kinds("pf.dock").count("SensorSeen") == 2)


async def test_a_shared_address_takes_no_device_from_a_living_connection() -> None:
    """Two devices behind one address take turns being one device."""
    hearer = Hearer()
    async with (
        running(hearer, device("dock", "127.0.0.1"), device("hall", "AB1234")) as gateway,
        PfClient(gateway.port) as first,
    ):
        await first.send(inputs())
        await until(lambda: hearer.kinds("pf.dock").count("SensorSeen") == 1)
        async with PfClient(gateway.port) as second:
            await second.send(NAMED + inputs("ADC1=5"))
            await until(lambda: "Connected" in hearer.kinds("pf.hall"))
            await second.send(inputs("ADC1=6"))
            await until(lambda: "SensorSeen" in hearer.kinds("pf.hall"))
        assert hearer.kinds("pf.dock").count("Connected") == 1


async def test_a_device_found_out_to_be_another_one_moves() -> None:
    """A device bound by its address keeps feeding the wrong zone after it said its name."""
    hearer = Hearer()
    async with (
        running(hearer, device("dock", "127.0.0.1"), device("hall", "AB1234")) as gateway,
        PfClient(gateway.port) as client,
    ):
        await until(lambda: "Connected" in hearer.kinds("pf.dock"))
        await client.send(NAMED + inputs())
        await until(lambda: "Connected" in hearer.kinds("pf.hall"))
    dock = [event for source, event in hearer.told if source == "pf.dock"]
    assert dock[-1] == Disconnected("it turned out to be another device")
    assert next(event for source, event in hearer.told if source == "pf.hall") == Connected("127.0.0.1")


async def test_a_failing_hearer_ends_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    """A mistake of ours in one device's evaluation blinds the whole gateway."""

    def hearer(source: str, event: GatewayEvent) -> None:
        if isinstance(event, SensorSeen | Late):
            raise ZeroDivisionError

    clock = Clock()
    async with (
        running(hearer, device("dock", "AB1234"), clock=clock) as gateway,
        PfClient(gateway.port) as client,
    ):
        await client.send(NAMED)
        await until(lambda: gateway.places["pf.dock"].unit)
        await client.send(inputs())
        await until(lambda: gateway.failures == 1)
        clock.now_s += 16
        await until(lambda: gateway.failures == 2)
        assert gateway.connections == 1
    assert sum("failed" in record.message for record in caplog.records) == 1


async def test_a_taken_port_is_told_in_words() -> None:
    """A second program on the port ends in a traceback."""
    async with running(Hearer()) as gateway:
        second = Gateway(Pf(host="127.0.0.1", port=gateway.port), (), Hearer(), Cache(lambda _: None, lambda *_: None))
        with pytest.raises(LinkError, match=r"port .* cannot be opened"):
            await second.start()
        await second.stop()
        assert second.port == 0


async def test_a_cached_dump_serves_at_once() -> None:
    """After a restart every device is blind for ten seconds."""
    hearer = Hearer()
    cache = Cache({"pf.dock": shipped_eeprom()}.get, lambda _source, _words: None)
    async with (
        running(hearer, device("dock", "AB1234"), cache=cache) as gateway,
        PfClient(gateway.port) as client,
    ):
        await client.send(NAMED)
        await until(lambda: "Calibrated" in hearer.kinds("pf.dock"))
        await client.send(frame(ROOM))
        await until(lambda: "FrameSeen" in hearer.kinds("pf.dock"))
    assert [event.provisional for _, event in hearer.told if isinstance(event, Calibrated)] == [True]
    assert isinstance(hearer.told[1][1], Identified)


async def test_a_replaced_connection_is_closed_after_a_while() -> None:
    """Dead connections pile up with every reconnect."""
    clock = Clock()
    async with (
        running(Hearer(), device("dock", "AB1234"), clock=clock) as gateway,
        PfClient(gateway.port) as old,
        PfClient(gateway.port) as new,
    ):
        await old.send(NAMED)
        await until(lambda: gateway.places["pf.dock"].unit)
        first = gateway.places["pf.dock"].unit
        await new.send(NAMED)
        await until(lambda: gateway.places["pf.dock"].unit is not first)
        clock.now_s += 11
        await asyncio.wait_for(old.closed.wait(), 25)
        assert gateway.connections == 1
        assert gateway.places["pf.dock"].clashes == 0


async def test_two_devices_with_one_name_are_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    """Two devices with the factory name push each other out for ever, and nobody is told."""
    clock, hearer = Clock(), Hearer()
    async with (
        running(hearer, device("dock", "AB1234"), clock=clock) as gateway,
        PfClient(gateway.port) as one,
        PfClient(gateway.port) as two,
    ):
        await one.send(NAMED)
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 1)
        await two.send(NAMED)
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 2)
        clock.now_s += 6
        await one.send(inputs())
        await until(gateway.pending)
        assert (gateway.pending()[0].identity, gateway.pending()[0].double) == ("AB1234", True)
        assert gateway.places["pf.dock"].clashes == 1
        clock.now_s += 30
        await two.send(inputs())
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert gateway.connections == 2
        await two.hang_up()
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 3)
        assert gateway.pending() == ()
    assert sum("two connections say" in record.message for record in caplog.records) == 1


async def test_silence_is_told_and_ends_with_the_next_packet() -> None:
    """A device whose connection stands but that fell silent is shown as watching."""
    clock, hearer = Clock(), Hearer()
    async with (
        running(hearer, device("dock", "AB1234"), clock=clock) as gateway,
        PfClient(gateway.port) as client,
    ):
        await client.send(NAMED)
        await until(lambda: gateway.places["pf.dock"].unit)
        link = gateway.places["pf.dock"].link
        clock.now_s += 15.5
        await until(lambda: link.state is LinkState.DEGRADED)
        clock.now_s += 5
        await until(lambda: link.state is LinkState.OFFLINE and "Silent" in hearer.kinds("pf.dock"))
        await client.send(inputs())
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert link.state is LinkState.ONLINE
    assert [kind for kind in hearer.kinds("pf.dock") if kind in ("Late", "Silent", "Back")] == [
        "Late",
        "Silent",
        "Back",
    ]


async def test_an_address_is_taken_over_once_its_device_is_gone() -> None:
    """A device bound by its address is not heard again after a half-open connection."""
    clock, hearer = Clock(), Hearer()
    async with (
        running(hearer, device("dock", "127.0.0.1"), clock=clock) as gateway,
        PfClient(gateway.port),
    ):
        await until(lambda: hearer.kinds("pf.dock").count("Connected") == 1)
        async with PfClient(gateway.port) as client:
            await client.send(inputs())
            await until(lambda: gateway.received_bytes > 0)
            await asyncio.sleep(0.3)
            assert hearer.kinds("pf.dock").count("Connected") == 1
            clock.now_s += 11
            await until(lambda: hearer.kinds("pf.dock").count("Connected") == 2)


async def test_the_form_that_worked_and_the_mode_are_known_at_the_next_connection() -> None:
    """A device is walked up the ladder at every restart, or one on demand is told to stream."""
    forms: dict[str, bytes] = {}
    cache = Cache(
        lambda _: None,
        lambda *_: None,
        load_form=lambda source: forms.get(source, b"PERIOD_ON\r\n"),
        save_form=forms.__setitem__,
    )
    hearer = Hearer()
    async with (
        running(hearer, device("dock", "127.0.0.1"), cache=cache) as gateway,
        PfClient(gateway.port) as client,
    ):
        await until(lambda: b"PERIOD_ON\r\n" in client.heard)
        assert forms == {}
        await client.send(inputs())
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert gateway.places["pf.dock"].form == b"PERIOD_ON\r\n"
    asked = msgspec.structs.replace(device("dock", "127.0.0.1"), mode="on_demand", line_end="lf")
    async with running(hearer, asked, cache=cache) as gateway, PfClient(gateway.port) as client:
        await until(lambda: client.heard)
        assert client.heard == [b"REQUEST1\n"]
        await client.send(inputs())
        await until(lambda: forms)
        assert forms == {"pf.dock": b"REQUEST1\n"}


async def test_a_siren_is_told_at_once_and_after_a_reconnect() -> None:
    """A device that lost its connection in an alarm is silent ever after."""
    hearer = Hearer()
    async with running(hearer, device("dock", "127.0.0.1")) as gateway:
        async with PfClient(gateway.port) as client:
            await until(lambda: gateway.places["pf.dock"].unit)
            gateway.sound("pf.dock", on=True)
            await until(lambda: b"ALARM_ON" in client.heard)
        await until(lambda: not gateway.connections)
        gateway.sound("pf.dock", on=True)
        async with PfClient(gateway.port) as client:
            await until(lambda: b"ALARM_ON" in client.heard)


async def test_another_chip_is_told_after_two_reads_only() -> None:
    """A swapped chip is not noticed, or one damaged dump looks like one."""
    hearer = Hearer()
    cache = Cache(lambda _: None, lambda *_: None, load_chip=lambda _: "0123456789AB")
    async with running(hearer, device("dock", "AB1234"), cache=cache) as gateway, PfClient(gateway.port) as client:
        await client.send(NAMED + inputs())
        await until(lambda: "Connected" in hearer.kinds("pf.dock"))
        await client.send(eeprom(shipped_eeprom()))
        await until(lambda: gateway.received_bytes > 3000)
        await asyncio.sleep(0.1)
        assert "Calibrated" not in hearer.kinds("pf.dock")
        await client.send(eeprom(shipped_eeprom()))
        await until(lambda: "Calibrated" in hearer.kinds("pf.dock"))


@settings(max_examples=8, deadline=None)
@given(
    start=st.integers(0, 100_000),
    step=st.integers(1, 9),
    prefix=st.sampled_from(["", "f", "frame_"]),
    width=st.integers(0, 9),
)
async def test_a_frame_counter_never_makes_a_device(start: int, step: int, prefix: str, width: int) -> None:
    """Every frame of a simulator appears as a new device that waits."""
    hearer = Hearer()
    async with running(hearer, device("hall")) as gateway, PfClient(gateway.port) as client:
        for number in range(start, start + 20 * step, step):
            await client.send(frame(ROOM[:768], f"{prefix}{number:0{width}d}") + b"#Sensor:room 1:ADC1=5!")
        await until(lambda: [each.identity for each in gateway.pending()] == ["room 1"])
        assert gateway.connections == 1
    assert hearer.told == []
