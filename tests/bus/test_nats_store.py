"""Events and leases in a real server that is killed, emptied, updated."""

import asyncio
import time
from pathlib import Path

from nats.aio.client import Client

from embereye_addon.bus import LEASE_MARGIN_S, LEASE_TTL_S
from embereye_addon.bus.nats import NatsBus
from embereye_addon.bus.nats_store import _kept
from embereye_addon.errors import BusError
from embereye_addon.messages import AlarmChanged
from embereye_addon.topology import CHANNEL_OF
from tests.bus.samples import Join, alarm, until
from tests.fakes.nats_server import NatsServer


async def _stored(bus: NatsBus, number: int) -> None:
    """Say it until it is stored, as an outbox does."""
    while True:
        try:
            await bus.say(alarm(number))
        except BusError:
            await asyncio.sleep(0.1)
        else:
            return


async def test_events_survive_a_killed_server(join: Join, nats_server: NatsServer) -> None:
    """No alarm may be lost, doubled or out of order when the server is killed while alarms are made."""
    speaker, follower = await join(), await join()
    taken: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    await follower.follow(AlarmChanged, "publisher", take)
    for number in range(40):
        if number in (10, 25):
            nats_server.kill()
            nats_server.start()
        await _stored(speaker, number)
    await until(lambda: len(taken) >= 40)
    assert taken == list(range(40))


async def test_what_a_killed_follower_had_in_hand_comes_again_at_once(join: Join) -> None:
    """An alarm in the hands of a publisher that died must not wait for the half minute of the server."""
    bus, died, again = [await join() for _ in range(3)]
    in_hand, taken = asyncio.Event(), asyncio.Event()

    async def never(event: AlarmChanged) -> None:
        in_hand.set()
        await asyncio.Event().wait()

    async def take(event: AlarmChanged) -> None:
        taken.set()

    await died.follow(AlarmChanged, "publisher", never)
    await bus.say(alarm(1))
    await asyncio.wait_for(in_hand.wait(), 5)
    await died.close()
    await again.follow(AlarmChanged, "publisher", take)
    await asyncio.wait_for(taken.wait(), 5)


async def test_a_stream_of_an_older_release_is_brought_up_to_date(join: Join, stranger: Client) -> None:
    """After an update with other limits the events must go on being stored."""
    older = _kept(CHANNEL_OF[AlarmChanged], 1).evolve(max_msgs=7)
    await stranger.jetstream().add_stream(older)
    bus = await join()
    await bus.say(alarm(1))
    found = await stranger.jetstream().stream_info("EMBEREYE_ALARM_CHANGED")
    assert (found.config.max_msgs, found.state.messages) == (100_000, 1)


async def test_a_follower_of_an_older_release_keeps_its_place(join: Join, stranger: Client) -> None:
    """After an update every alarm of the last month would be told once more."""
    bus, taken = await join(), list[int]()

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    await bus.say(alarm(1))
    await bus.follow(AlarmChanged, "publisher", take)
    await until(lambda: taken == [1])
    await bus.close()
    place = await stranger.jetstream().consumer_info("EMBEREYE_ALARM_CHANGED", "publisher")
    await stranger.jetstream().add_consumer("EMBEREYE_ALARM_CHANGED", place.config.evolve(inactive_threshold=None))
    again = await join()
    await again.say(alarm(2))
    await again.follow(AlarmChanged, "publisher", take)
    await until(lambda: taken == [1, 2])
    place = await stranger.jetstream().consumer_info("EMBEREYE_ALARM_CHANGED", "publisher")
    assert place.config.inactive_threshold == 30 * 86_400.0, "who never comes again is forgotten like what it follows"


async def test_an_emptied_store_is_set_up_again(join: Join, nats_server: NatsServer, tmp_path: Path) -> None:
    """A replaced disk must not stop alarms: streams, followers and leases come back on the empty store."""
    bus = await join()
    taken: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    await bus.follow(AlarmChanged, "publisher", take)
    lease = bus.lease("panel", "node-1")
    await _stored(bus, 1)
    assert await lease.renew()
    await until(lambda: taken == [1])
    nats_server.kill()
    (tmp_path / "store").rename(tmp_path / "old")
    await until(lambda: bus.away)
    nats_server.start()
    await until(lambda: not bus.away)
    await _stored(bus, 2)
    await until(lambda: taken == [1, 2])
    assert await lease.renew()


async def test_a_lease_is_kept_over_a_killed_server_and_counted_from_its_renewal(
    join: Join, nats_server: NatsServer
) -> None:
    """A restart of the server must not let a second panel in beside the first."""
    bus, other = await join(), await join()
    lease, rival = bus.lease("panel", "node-1"), other.lease("panel", "node-2")
    before = time.monotonic()
    assert await lease.renew()
    nats_server.kill()
    await until(lambda: bus.away and other.away)
    nats_server.start()
    await until(lambda: not bus.away and not other.away)
    assert not await rival.renew()
    assert lease.held(before + LEASE_TTL_S - LEASE_MARGIN_S - 0.01)
    assert not lease.held(time.monotonic() + LEASE_TTL_S - LEASE_MARGIN_S)
    await lease.release()
    assert await rival.renew()
