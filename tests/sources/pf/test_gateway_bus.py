"""A bus gateway, and simulated devices, at the real port: who is heard, who waits, and what reaches them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from embereye_addon.demo.pf_device import PfDevice, bus_gateway
from embereye_addon.demo.pf_line import PfLine
from embereye_addon.demo.thermal import shipped_eeprom, shipped_frames
from embereye_addon.sources.pf.events import Calibrated, FrameSeen
from embereye_addon.sources.pf.place import Cache, Disconnected
from tests.fakes.pf_client import PfClient, eeprom, frame, inputs
from tests.sources.pf.gateways import Hearer, device, running, until

ROOM = next(iter(shipped_frames().values()))
PERIOD_S = 0.4


def sensor_id(number: int) -> str:
    """The chip of one simulated device."""
    return f"5EED0000{number:04X}"


def simulated(port: int, *tags: str, half_duplex: bool | None = False) -> list[PfDevice]:
    """Quick devices with tags and chips of their own."""
    return [
        PfDevice(
            "127.0.0.1",
            port,
            tag=tag,
            sensor_id=sensor_id(number),
            period_s=PERIOD_S,
            seed=number,
            half_duplex=half_duplex,
        )
        for number, tag in enumerate(tags, start=1)
    ]


@asynccontextmanager
async def dialling(line: PfLine) -> AsyncIterator[None]:
    """The line is up while the block lasts."""
    task = asyncio.create_task(line.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def cycle(*tags: str) -> bytes:
    """What devices of these tags say one after the other."""
    return b"".join(frame(ROOM, tag) + inputs(tag=tag) for tag in tags)


async def test_two_accepted_devices_are_heard_and_one_waits() -> None:
    """Devices behind one bridge are one device, or the one nobody accepted feeds a zone."""
    hearer = Hearer()
    cache = Cache(hearer.dumps.get, hearer.dumps.__setitem__)
    async with running(hearer, device("north"), device("boiler", "south"), cache=cache) as gateway:
        north, south, attic = simulated(gateway.port, "north", "south", "attic")
        async with dialling(bus_gateway((north, south, attic), "gate")):
            await until(lambda: {"pf.north", "pf.boiler"} <= set(hearer.dumps))
            await until(lambda: [each.sensor_id for each in gateway.pending()] == [sensor_id(3)])
            (waiting,) = gateway.pending()
            assert (waiting.identity, waiting.address, waiting.double) == ("attic", "127.0.0.1", False)
            assert gateway.connections == 1
            await until(lambda: hearer.kinds("pf.north").count("FrameSeen") > 5)
        await until(lambda: not gateway.connections)
    assert {source for source, _ in hearer.told} == {"pf.north", "pf.boiler"}
    chips = {source: event.calibration.sensor_id for source, event in hearer.told if isinstance(event, Calibrated)}
    assert chips == {"pf.north": sensor_id(1), "pf.boiler": sensor_id(2)}
    assert hearer.kinds("pf.north").count("Connected") == hearer.kinds("pf.north").count("Disconnected") == 1
    assert any(event.radiometric for _, event in hearer.told if isinstance(event, FrameSeen))


async def test_a_device_known_by_its_address_is_let_go_where_several_share_it() -> None:
    """Two devices feed the zone of one, because their address was accepted."""
    hearer = Hearer()
    async with (
        running(hearer, device("dock", "127.0.0.1")) as gateway,
        PfClient(gateway.port) as client,
    ):
        await client.send(cycle("north", "south"))
        await until(lambda: hearer.kinds("pf.dock").count("SensorSeen") == 2)
        await client.send(cycle("north", "south") * 3)
        await until(lambda: [each.identity for each in gateway.pending()] == ["north", "south"])
        last = hearer.told[-1][1]
        assert isinstance(last, Disconnected)
        assert "each is known by its own tag" in last.why
        assert gateway.places["pf.dock"].unit is None


async def test_a_device_that_was_alone_stays_the_same_when_others_join_it() -> None:
    """A device is told lost because a second one was put on its line."""
    hearer = Hearer()
    async with running(hearer, device("north")) as gateway, PfClient(gateway.port) as client:
        await client.send(cycle("north") * 4)
        await until(lambda: "Connected" in hearer.kinds("pf.north"))
        await client.send(eeprom(shipped_eeprom(), "north") + cycle("north", "south") * 4)
        await until(lambda: [each.identity for each in gateway.pending()] == ["south"])
        before = hearer.kinds("pf.north").count("SensorSeen")
        await client.send(cycle("north", "south"))
        await until(lambda: hearer.kinds("pf.north").count("SensorSeen") == before + 1)
    assert "Disconnected" not in hearer.kinds("pf.north")


async def test_a_dialled_bridge_may_carry_several_devices() -> None:
    """A serial bridge in server mode with two devices behind it feeds one zone with both."""
    hearer = Hearer()
    speaking: list[asyncio.StreamWriter] = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaking.append(writer)
        writer.write(cycle("north", "south") * 4)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    called = msgspec.structs.replace(device("dock", "north"), dial=f"127.0.0.1:{port}")
    other = msgspec.structs.replace(device("hall", "attic"), dial=f"127.0.0.1:{port}")
    async with running(hearer, called, other, device("boiler", "south")) as gateway:
        await until(lambda: gateway.places["pf.boiler"].unit and len(speaking) >= 2)
        units = [gateway.places[source].unit for source in ("pf.dock", "pf.boiler")]
        assert [unit.tag for unit in units if unit is not None] == ["north", "south"]
        await until(lambda: gateway.places["pf.hall"].unit is None)
        for writer in speaking:
            writer.close()
        await until(lambda: gateway.places["pf.hall"].delay_s >= 0.5)
    server.close()


@pytest.mark.timeout(60)
async def test_a_siren_reaches_every_device_of_the_line_and_is_silenced_for_good() -> None:
    """An alarm does not sound, or sounds again after somebody silenced it."""
    hearer = Hearer()
    async with running(hearer, device("north"), device("south")) as gateway:
        north, south = simulated(gateway.port, "north", "south")
        async with dialling(bus_gateway((north, south), "gate")):
            await until(lambda: gateway.places["pf.south"].unit and gateway.places["pf.north"].unit)
            gateway.sound("pf.north", on=False)
            gateway.sound("pf.south", on=True)
            await until(lambda: north.siren and south.siren)
            gateway.sound("pf.south", on=False)
            await until(lambda: not north.siren and not south.siren)
            await asyncio.sleep(2.5)
        assert "ALARM_ON" not in list(north.orders)[list(north.orders).index("ALARM_ON") + 2 :]
        assert list(north.orders)[-1] == "ACK_ON"
        assert north.orders == south.orders


@pytest.mark.timeout(60)
async def test_an_acknowledgement_is_never_overtaken_by_the_alarm_on_a_slow_line() -> None:
    """The repetition of ALARM_ON that still waits for its quiet window starts the siren again."""
    hearer = Hearer()
    async with running(hearer, device("1234")) as gateway:
        (one,) = simulated(gateway.port, "1234", half_duplex=True)
        one.line.period_s = 2.0
        async with dialling(one.line):
            await until(lambda: gateway.places["pf.1234"].unit)
            gateway.sound("pf.1234", on=True)
            await until(lambda: one.siren)
            gateway.sound("pf.1234", on=False)
            await until(lambda: one.orders.count("ACK_ON") == 2)
        assert list(one.orders) in (["ALARM_ON", "ACK_ON", "ACK_ON"], ["ALARM_ON", "ALARM_ON", "ACK_ON", "ACK_ON"])
        assert not one.siren


async def test_a_device_on_demand_sends_a_frame_for_each_request() -> None:
    """A device that should be asked for frames streams, or sends none."""
    hearer = Hearer()
    asked = msgspec.structs.replace(device("north", "127.0.0.1"), mode="on_demand", request_every_s=1)
    async with running(hearer, asked) as gateway:
        (one,) = simulated(gateway.port, "north")
        async with dialling(one.line):
            await until(lambda: hearer.kinds("pf.north").count("FrameSeen") >= 3)
            assert one.frames_sent <= 6
        assert one.line.commands_ignored == 0
