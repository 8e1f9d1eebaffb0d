"""The real bus against a real server: facts, questions and answers when things go wrong."""

import asyncio
import time

import pytest
from nats.aio.client import Client

from embereye_addon.errors import BusError
from embereye_addon.messages import AlarmChanged, Done, Reset, Sighting
from tests.bus.samples import Join, alarm, settled, sighting, until
from tests.fakes.nats_server import NatsServer


async def test_while_the_server_is_away_facts_are_dropped_and_the_rest_is_refused(
    join: Join, nats_server: NatsServer
) -> None:
    """Old facts must not pile up, and a command must not be carried out minutes later."""
    bus = await join()
    heard: list[int] = []
    await bus.hear(Sighting, lambda fact: heard.append(fact.seq))
    lease = bus.lease("panel", "node-1")
    assert await lease.renew()
    nats_server.kill()
    await until(lambda: bus.away)
    await bus.say(sighting(1))
    assert bus.dropped["away.sighting"] == 1
    with pytest.raises(BusError, match="alarm_changed was not stored: the bus is away"):
        await bus.say(alarm(1))
    with pytest.raises(BusError, match="the bus is away"):
        await bus.ask(Reset(by="me", way="ui"))
    assert not await lease.renew()
    assert lease.held(time.monotonic()), "the lease runs on until its own end"
    nats_server.start()
    await until(lambda: not bus.away)
    await bus.say(sighting(2))
    await until(lambda: heard == [2])
    assert await lease.renew()


async def test_answers_and_hearers_outlive_the_server(join: Join, nats_server: NatsServer) -> None:
    """After a restart of the server the panel must answer commands again without being restarted."""
    panel, web = await join(), await join()

    async def reset(command: Reset) -> Done:
        return Done(ok=True)

    await panel.answer(Reset, reset)
    nats_server.stop()
    await until(lambda: panel.away and web.away)
    nats_server.start()
    await until(lambda: not panel.away and not web.away)
    assert await web.ask(Reset(by="me", way="ui")) == Done(ok=True)


async def test_a_strange_payload_is_counted_and_passed_over(join: Join, stranger: Client) -> None:
    """Rubbish on a subject must neither stop a hearer nor hold up the alarms behind it."""
    bus = await join()
    taken: list[int] = []
    heard: list[int] = []

    async def take(event: AlarmChanged) -> None:
        taken.append(event.seq)

    async def reset(command: Reset) -> Done:
        return Done(ok=True)

    await bus.hear(AlarmChanged, lambda event: heard.append(event.seq))
    await bus.follow(AlarmChanged, "publisher", take)
    await bus.answer(Reset, reset)
    await bus.say(alarm(1))
    await stranger.publish("ee.alarm_changed.panel", b"rubbish")
    await settled(stranger)
    await bus.say(alarm(2))
    await until(lambda: taken == [1, 2] and heard == [1, 2])
    assert bus.dropped["bad.alarm_changed"] == 2
    reply = await stranger.request("ee.ask.reset", b"rubbish", timeout=2)
    assert reply.headers == {"Why": "the question could not be read"}


async def test_an_answer_that_cannot_be_read_is_an_error_in_words(join: Join, stranger: Client) -> None:
    """A panel of another release must not make the web page believe that a reset was done."""
    bus = await join()
    asked = await stranger.subscribe("ee.ask.reset")
    await settled(stranger)
    question = asyncio.create_task(bus.ask(Reset(by="me", way="ui"), timeout_s=8.0))
    await (await asked.next_msg(8)).respond(b"rubbish")
    with pytest.raises(BusError, match="could not be read"):
        await question
