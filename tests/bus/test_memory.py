"""The promises of the bus, kept by the one in memory and by the real one; and what only the memory one has."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from embereye_addon.bus import LEASE_MARGIN_S, LEASE_TTL_S, Bus
from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.bus.nats import connect
from embereye_addon.errors import BusError
from embereye_addon.messages import AlarmChanged, Belief, Done, Reset, Sighting, Snapshot, SnapshotRequest
from tests.bus.samples import alarm, sighting, until
from tests.fakes.nats_server import NatsServer

Join = Callable[[], Awaitable[Bus]]
RESET = Reset(by="me", way="ui")


@pytest_asyncio.fixture(params=["memory", "nats"])
async def join(request: pytest.FixtureRequest) -> AsyncIterator[Join]:
    """Gives one more process's end of the same bus."""
    ends: list[Bus] = []
    hub = Hub()
    server: NatsServer | None = None
    if request.param == "nats":
        server = request.getfixturevalue("nats_server")

    async def joined() -> Bus:
        ends.append(MemoryBus(hub) if server is None else await connect(server.url, server.token, "test"))
        return ends[-1]

    yield joined
    for end in ends:
        await end.close()


async def test_a_fact_reaches_every_hearer_once(join: Join) -> None:
    """A sighting must reach the panel, the publisher and the web page, each once."""
    speaker, one, two = await join(), await join(), await join()
    heard: list[tuple[str, Sighting]] = []
    await one.hear(Sighting, lambda fact: heard.append(("a", fact)))
    await one.hear(Sighting, lambda fact: heard.append(("b", fact)))
    await two.hear(Sighting, lambda fact: heard.append(("c", fact)))
    await speaker.say(sighting(1))
    await until(lambda: len(heard) == 3)
    assert sorted(heard, key=lambda row: row[0]) == [("a", sighting(1)), ("b", sighting(1)), ("c", sighting(1))]


async def test_facts_of_a_source_keep_their_order(join: Join) -> None:
    """A gap in the numbers is a loss; a wrong order would look like one."""
    speaker, hearer = await join(), await join()
    heard: list[int] = []
    await hearer.hear(Sighting, lambda fact: heard.append(fact.seq))
    for number in range(200):
        await speaker.say(sighting(number))
    await until(lambda: len(heard) == 200)
    assert heard == list(range(200))


async def test_nobody_hears_another_channel(join: Join) -> None:
    """A belief must not be taken for a sighting."""
    bus = await join()
    heard: list[str] = []
    await bus.hear(Sighting, lambda fact: heard.append("sighting"))
    await bus.hear(Belief, lambda fact: heard.append("belief"))
    await bus.say(Belief(source="panel", zone="dock", sum_nats=0.0, pre_alarm_nats=3.0, alarm_nats=6.0))
    await bus.say(sighting(1))
    await until(lambda: len(heard) == 2)
    assert sorted(heard) == ["belief", "sighting"]


async def test_a_hearer_that_fails_holds_up_nobody(join: Join) -> None:
    """One broken hearer must not keep facts from the others, nor from itself."""
    bus = await join()
    heard: list[int] = []

    def broken(fact: Sighting) -> None:
        heard.append(-fact.seq)
        raise ZeroDivisionError

    await bus.hear(Sighting, broken)
    await bus.hear(Sighting, lambda fact: heard.append(fact.seq))
    await bus.say(sighting(1))
    await bus.say(sighting(2))
    await until(lambda: len(heard) == 4)
    assert sorted(heard) == [-2, -1, 1, 2]
    assert bus.dropped["failed.sighting"] == 2


async def test_a_fact_beyond_its_limits_is_counted_and_not_heard(join: Join) -> None:
    """What breaks the limits of its type must be dropped at the door of the hearer."""
    bus = await join()
    heard: list[str] = []
    await bus.hear(Sighting, lambda fact: heard.append(fact.source))
    await bus.say(sighting(1, source="not a source id"))
    await bus.say(sighting(1, source="cam.ok"))
    await until(lambda: len(heard) == 1)
    assert heard == ["cam.ok"]
    assert bus.dropped["bad.sighting"] == 1


async def test_a_follower_gets_every_event_in_order_from_where_it_left_off(join: Join) -> None:
    """A publisher that was away must send the alarms made meanwhile, and none twice."""
    speaker, first = await join(), await join()
    taken: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    await speaker.say(alarm(0))
    await first.follow(AlarmChanged, "publisher", take)
    await speaker.say(alarm(1))
    await until(lambda: taken == [0, 1])
    await asyncio.sleep(0.1)
    await first.close()
    await speaker.say(alarm(2))
    await speaker.say(alarm(3))
    second = await join()
    await second.follow(AlarmChanged, "publisher", take)
    await until(lambda: len(taken) == 4)
    assert taken == [0, 1, 2, 3]


async def test_followers_do_not_take_events_from_each_other(join: Join) -> None:
    """The publisher and the recorder must both get every alarm."""
    bus = await join()
    taken: list[str] = []

    async def one(event: AlarmChanged) -> None:
        taken.append("one")

    async def two(event: AlarmChanged) -> None:
        taken.append("two")

    await bus.follow(AlarmChanged, "publisher", one)
    await bus.follow(AlarmChanged, "recorder.node-1", two)
    await bus.say(alarm(1))
    await until(lambda: sorted(taken) == ["one", "two"])


async def test_an_event_that_could_not_be_taken_comes_again_before_the_next(join: Join) -> None:
    """A broker away for a moment must neither lose an alarm nor turn the order round."""
    bus = await join()
    seen: list[int] = []

    async def take(event: AlarmChanged) -> None:
        seen.append(event.seq)
        if len(seen) < 3:
            raise BusError("not now")

    await bus.follow(AlarmChanged, "publisher", take)
    await bus.say(alarm(1))
    await bus.say(alarm(2))
    await until(lambda: len(seen) == 4)
    assert seen == [1, 1, 1, 2]


async def test_a_second_saying_of_an_event_is_swallowed(join: Join) -> None:
    """An outbox that is not sure says it again; nobody may be alarmed twice."""
    speaker, bus = await join(), await join()
    taken: list[int] = []
    heard: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    await bus.hear(AlarmChanged, lambda event: heard.append(event.seq))
    await bus.follow(AlarmChanged, "publisher", take)
    for number in (1, 1, 2, 1, 3):
        await speaker.say(alarm(number))
    await until(lambda: len(taken) == 3 and len(heard) == 3)
    assert (taken, heard) == ([1, 2, 3], [1, 2, 3])


async def test_a_retired_follower_has_no_place_and_the_others_keep_theirs(join: Join) -> None:
    """A recorder that was taken out stays in the store; or with it goes the place of one that is there."""
    bus, again = await join(), await join()
    assert await bus.retire(AlarmChanged, "adapter-", ()) == ()
    heard: list[tuple[str, int]] = []

    def take(name: str) -> Callable[[AlarmChanged], Awaitable[None]]:
        async def taken(event: AlarmChanged) -> None:
            heard.append((name, event.seq))

        return taken

    names = ("adapter-one", "adapter-two", "publisher")
    for name in names:
        await bus.follow(AlarmChanged, name, take(name))
    await bus.say(alarm(1))
    await until(lambda: len(heard) == 3)
    await bus.close()
    heard.clear()
    assert await again.retire(AlarmChanged, "adapter-", ("adapter-two",)) == ("adapter-one",)
    assert await again.retire(AlarmChanged, "adapter-", ("adapter-two",)) == ()
    for name in names:
        await again.follow(AlarmChanged, name, take(name))
    await again.say(alarm(2))
    await until(lambda: len(heard) == 4)
    assert sorted(heard) == [("adapter-one", 1), ("adapter-one", 2), ("adapter-two", 2), ("publisher", 2)]


async def test_only_kept_channels_can_be_followed(join: Join) -> None:
    """Following what is not kept would silently lose facts."""
    bus = await join()

    async def take(fact: Sighting) -> None:
        raise AssertionError

    with pytest.raises(BusError, match="sighting is not kept"):
        await bus.follow(Sighting, "x", take)


async def test_a_question_is_answered(join: Join) -> None:
    """A reset must reach the panel, and its refusal the operator."""
    panel, web = await join(), await join()
    asked: list[Reset] = []

    async def reset(command: Reset) -> Done:
        asked.append(command)
        return Done(ok=False, why="zone dock still burns")

    await panel.answer(Reset, reset)
    assert await web.ask(RESET) == Done(ok=False, why="zone dock still burns")
    assert asked == [RESET]


async def test_a_question_goes_to_the_one_that_is_named(join: Join) -> None:
    """The picture must come from the process that watches that camera."""
    one, two, web = await join(), await join(), await join()

    async def first(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=b"one")

    async def second(request: SnapshotRequest) -> Snapshot:
        return Snapshot(source=request.source, jpeg=b"two")

    await one.answer(SnapshotRequest, first, at="cam.dock-1")
    await two.answer(SnapshotRequest, second, at="cam.dock-2")
    answer = await web.ask(SnapshotRequest(source="cam.dock-2"), to="cam.dock-2")
    assert answer == Snapshot(source="cam.dock-2", jpeg=b"two")
    with pytest.raises(BusError, match=r"'snapshot' was not answered by the detector for cam\.dock-3: none is running"):
        await web.ask(SnapshotRequest(source="cam.dock-3"), to="cam.dock-3")


async def test_of_two_answerers_one_answers(join: Join) -> None:
    """A command must be carried out once."""
    one, two, web = await join(), await join(), await join()
    asked: list[int] = []

    async def reset(command: Reset) -> Done:
        asked.append(1)
        return Done(ok=True)

    await one.answer(Reset, reset)
    await two.answer(Reset, reset)
    await web.ask(RESET)
    await asyncio.sleep(0.1)
    assert asked == [1]


async def test_no_answer_in_time_is_an_error_in_words(join: Join) -> None:
    """The operator must not wait for ever on a panel that hangs."""
    panel, web = await join(), await join()

    async def hang(command: Reset) -> Done:
        await asyncio.sleep(30)
        raise AssertionError

    await panel.answer(Reset, hang)
    with pytest.raises(BusError, match=r"no answer within 0\.2 s"):
        await web.ask(RESET, timeout_s=0.2)


async def test_an_answerer_that_refuses_or_breaks_is_an_error_in_words(join: Join) -> None:
    """The reason must reach the one who asked at once, not after a time limit."""
    panel, web = await join(), await join()
    errors: list[Exception] = [BusError("the journal\ncannot be written"), ZeroDivisionError()]

    async def refuse(command: Reset) -> Done:
        raise errors.pop(0)

    await panel.answer(Reset, refuse)
    with pytest.raises(BusError, match=r"the journal\s+cannot be written"):
        await web.ask(RESET)
    with pytest.raises(BusError, match="it failed; its log says why"):
        await web.ask(RESET)


async def test_a_lease_has_one_holder(join: Join) -> None:
    """Two panels at once could contradict each other."""
    one, two = await join(), await join()
    first, second = one.lease("panel", "node-1"), two.lease("panel", "node-2")
    elsewhere = two.lease("camera.cam.dock-3", "node-2")
    assert not first.held(time.monotonic())
    assert await first.renew()
    assert await first.renew()
    assert first.held(time.monotonic())
    assert not first.held(time.monotonic() + LEASE_TTL_S - LEASE_MARGIN_S)
    assert not await second.renew()
    assert not second.held(time.monotonic())
    assert await elsewhere.renew()


async def test_a_lease_given_back_is_free_at_once(join: Join) -> None:
    """A process that goes in order must not leave its camera unwatched for a quarter of a minute."""
    one, two = await join(), await join()
    first, second = one.lease("panel", "node-1"), two.lease("panel", "node-2")
    assert await first.renew()
    await second.release()
    assert not await second.renew()
    await first.release()
    assert not first.held(time.monotonic())
    assert await second.renew()
    assert not await first.renew()


async def test_a_restarted_owner_takes_its_lease_over_at_once(join: Join) -> None:
    """A panel killed and started again must not wait for its own lease to lapse."""
    died, again = await join(), await join()
    assert await died.lease("panel", "node-1").renew()
    lease = again.lease("panel", "node-1")
    assert await lease.renew()
    assert await lease.renew()


async def test_of_many_who_want_a_lease_at_once_one_gets_it(join: Join) -> None:
    """When a node dies all others reach for its cameras together."""
    bus = await join()
    leases = [bus.lease("camera.cam.dock-3", f"node-{number}") for number in range(8)]
    assert sorted(await asyncio.gather(*(lease.renew() for lease in leases))) == [False] * 7 + [True]


async def test_the_hub_can_be_away() -> None:
    """Tests of processes need a bus that is away: facts dropped and counted, the rest refused."""
    hub = Hub()
    bus = MemoryBus(hub)
    lease = bus.lease("panel", "node-1")
    assert await lease.renew()
    hub.away = True
    await bus.say(sighting(1))
    assert bus.dropped["away.sighting"] == 1
    with pytest.raises(BusError, match="the bus is away"):
        await bus.say(alarm(1))
    with pytest.raises(BusError, match="the bus is away"):
        await bus.ask(RESET)
    assert not await lease.renew()
    assert lease.held(time.monotonic())
    await lease.release()
    await bus.close()


async def test_a_lease_lapses_by_the_clock_of_the_hub() -> None:
    """Tests of take-over need leases that age as fast as they like."""
    now = [100.0]
    bus = MemoryBus(Hub(lambda: now[0]))
    first, second = bus.lease("panel", "node-1"), bus.lease("panel", "node-2")
    assert await first.renew()
    now[0] += LEASE_TTL_S - LEASE_MARGIN_S
    assert not first.held(now[0])
    assert not await second.renew()
    now[0] += LEASE_MARGIN_S
    assert await second.renew()
    assert not await first.renew()
    await bus.close()


async def test_a_stranger_on_the_hub_is_counted_and_passed_over() -> None:
    """An event or a question that cannot be read must hold up nothing."""
    hub = Hub()
    bus = MemoryBus(hub)
    taken: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    async def odd(command: Reset) -> AlarmChanged:
        return alarm(1)

    hub.keep("alarm_changed", "rubbish", b"rubbish")
    await bus.follow(AlarmChanged, "publisher", take)
    await bus.say(alarm(1))
    await until(lambda: taken == [1])
    assert bus.dropped["bad.alarm_changed"] == 1
    await bus.answer(Reset, odd)
    with pytest.raises(BusError, match="the answer could not be read"):
        await bus.ask(RESET)
    with pytest.raises(BusError, match="the question could not be read"):
        await bus.ask(Reset(by="", way="ui"))
    await bus.close()
