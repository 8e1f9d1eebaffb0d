"""Who may connect, and what becomes of those who misbehave."""

import asyncio

from embereye_addon.settings.model import Pf
from tests.fakes.pf_client import PfClient, inputs
from tests.sources.pf.gateways import Clock, Hearer, device, running, until

NAMED = b"#serialno:AB1234!\r\n"


async def test_addresses_outside_the_networks_are_refused() -> None:
    """The whole internet can feed the panel."""
    hearer = Hearer()
    pf = Pf(host="127.0.0.1", port=0, networks=("10.0.0.0/8",))
    async with running(hearer, device("127-0-0-1"), pf=pf) as gateway, PfClient(gateway.port) as client:
        await asyncio.wait_for(client.closed.wait(), 25)
        assert (gateway.refused, gateway.connections) == (1, 0)
    assert hearer.told == []


async def test_one_address_cannot_take_all_places() -> None:
    """One peer uses up all connections, and devices are turned away."""
    async with running(Hearer(), device("dock")) as gateway:
        clients = [PfClient(gateway.port) for _ in range(17)]
        for client in clients:
            await client.__aenter__()
        await asyncio.wait_for(clients[-1].closed.wait(), 25)
        assert (gateway.refused, gateway.connections) == (1, 16)
        for client in clients:
            await client.hang_up()


async def test_a_flood_of_rubbish_is_closed_and_refused_for_a_while() -> None:
    """A stranger keeps the gateway busy with rubbish."""
    async with running(Hearer(), device("dock")) as gateway:
        async with PfClient(gateway.port) as client:
            await client.send(b"#what:1!" * 120)
            await asyncio.wait_for(client.closed.wait(), 25)
        async with PfClient(gateway.port) as again:
            await asyncio.wait_for(again.closed.wait(), 25)
        assert gateway.refused == 1


async def test_rubbish_from_a_device_of_ours_does_not_cut_it_off() -> None:
    """A noisy line takes a device offline."""
    hearer = Hearer()
    async with running(hearer, device("dock", "AB1234")) as gateway, PfClient(gateway.port) as client:
        await client.send(NAMED + b"#what:1!" * 500)
        await asyncio.sleep(0.6)
        await client.send(inputs())
        await until(lambda: "SensorSeen" in hearer.kinds("pf.dock"))
        assert gateway.places["pf.dock"].totals(gateway.places["pf.dock"].unit) == (502, 500, 0)


async def test_mute_and_greedy_strangers_are_closed() -> None:
    """A port scanner keeps its connection for ever, or a stranger takes the whole line."""
    clock = Clock()
    pf = Pf(host="127.0.0.1", port=0, max_frames_hz=0.01)
    async with running(Hearer(), device("dock"), pf=pf, clock=clock) as gateway:
        async with PfClient(gateway.port) as mute, PfClient(gateway.port) as greedy:
            await until(lambda: gateway.connections == 2)
            clock.now_s += 61
            await asyncio.sleep(0.4)
            assert gateway.connections == 2
            await greedy.send(inputs() * 500)
            await until(lambda: gateway.received_bytes > 20_000)
            clock.now_s += 61
            await asyncio.wait_for(greedy.closed.wait(), 25)
            assert not mute.closed.is_set()
            clock.now_s += 61
            await asyncio.wait_for(mute.closed.wait(), 25)
        assert gateway.connections == 0
