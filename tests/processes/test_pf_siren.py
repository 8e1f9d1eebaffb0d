"""Sirens follow their zones."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from embereye_addon.alarm.panel import Panel
from embereye_addon.alarm.zone import Zone
from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import Done, PanelState, PendingDevices, Silence, Sirens, ZoneState
from embereye_addon.processes import panel, pf_gateway
from embereye_addon.processes.pf_siren import Orders
from embereye_addon.settings.model import Site
from tests.fakes.cameras import until
from tests.fakes.pf_client import PfClient, inputs
from tests.fakes.ports import free_port
from tests.processes.world import child_of, hot, listening, running, site


def loud(port: int = 0) -> Site:
    """A device with a siren and one without."""
    of = site(devices=("boiler", "mute"), pf_port=port)
    first, second = of.devices
    return msgspec.structs.replace(of, devices=(msgspec.structs.replace(first, siren=True), second))


def test_only_an_alarm_that_is_not_silenced_sounds() -> None:
    """A pre-alarm, or what an operator silenced, must drive no siren."""
    quiet, pre = Zone("a", "A", 1.0), replace(Zone("b", "B", 1.0), state=ZoneState.PRE_ALARM)
    alarm = replace(Zone("c", "C", 1.0), state=ZoneState.ALARM)
    of = Panel({"a": quiet, "b": pre, "c": alarm})
    assert of.sounding == ("c",)
    assert replace(of, silenced=True).sounding == ()


async def test_an_order_is_given_once_and_again_where_nobody_heard_it() -> None:
    """A gateway that starts late must still learn that the siren sounds; one that knows is left alone."""
    hub = Hub()
    bus, other = MemoryBus(hub), MemoryBus(hub)
    orders, heard = Orders(bus), list[tuple[str, ...]]()
    await orders.give(("hall",))
    assert orders.told is None

    async def obeyed(order: Sirens) -> Done:
        heard.append(order.zones)
        return Done(ok=True)

    await other.answer(Sirens, obeyed)
    for zones in (("hall",), ("hall",), ()):
        await orders.give(zones)
    orders.told_s -= 6.0
    await orders.give(())
    assert heard == [("hall",), (), ()]
    await bus.close()
    await other.close()


@pytest.mark.timeout(40)
async def test_a_siren_sounds_with_the_alarm_and_stops_with_the_silence(tmp_path: Path) -> None:
    """The device's own siren is an output: on with the alarm, twice said, off with the silence."""
    hub, port = Hub(), free_port()
    of = loud(port)
    async with (
        listening(hub) as listener,
        running(child_of(hub, tmp_path / "pf", "pf_gateway", of), pf_gateway.main),
        running(child_of(hub, tmp_path, "panel", of), panel.main),
    ):
        await until(lambda: len(listener.all(PendingDevices)) > 1 and listener.all(PanelState))
        async with PfClient(port) as client, PfClient(port) as other:
            await other.send(b"#serialno:mute!" + inputs())
            await client.send(b"#serialno:boiler!" + inputs())

            async def heard(order: bytes, times: int) -> None:
                async with asyncio.timeout(25):
                    while client.heard.count(order) < times:
                        await client.send(inputs())
                        await asyncio.sleep(0.1)

            for seq in range(1, 4):
                await listener.bus.say(hot(seq))
            await heard(b"ALARM_ON", 2)
            assert (await listener.bus.ask(Silence(by="anna", way="ui"))).ok
            before = client.heard.count(b"ACK_ON")
            await heard(b"ACK_ON", before + 2)
            assert client.heard.count(b"ALARM_ON") == 2
            assert not {b"ALARM_ON", b"ACK_ON"} & set(other.heard)
