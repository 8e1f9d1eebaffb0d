"""One channel to many hearers: bounded, newest wins, losses counted."""

import asyncio

from embereye_addon.bus.fanout import PENDING, SEEN, Seen
from embereye_addon.bus.memory import MemoryBus
from embereye_addon.messages import AlarmChanged, Sighting
from tests.bus.samples import alarm, sighting, until


async def test_a_slow_hearer_loses_the_oldest_and_is_counted() -> None:
    """A hearer that falls behind must see the newest facts, and the loss must show."""
    bus = MemoryBus()
    heard: list[int] = []
    await bus.hear(Sighting, lambda fact: heard.append(fact.seq))
    for number in range(PENDING + 10):
        await bus.say(sighting(number))
    await until(lambda: len(heard) >= PENDING)
    assert heard[-1] == PENDING + 9
    assert bus.dropped["slow.sighting"] == PENDING + 10 - len(heard) > 0
    await bus.close()


async def test_the_memory_of_repeated_events_is_bounded() -> None:
    """A long life must not fill the memory with the names of old alarms."""
    bus = MemoryBus()
    heard: list[int] = []
    await bus.hear(AlarmChanged, lambda event: heard.append(event.seq))
    for number in range(SEEN + 5):
        await bus.say(alarm(number))
        await asyncio.sleep(0)
    await until(lambda: len(heard) == SEEN + 5)
    await bus.close()


def test_what_was_seen_can_be_forgotten() -> None:
    """An event that could not be taken must not be swallowed when it comes again."""
    seen = Seen()
    assert not seen.before("id")
    assert seen.before("id")
    seen.forget("id")
    seen.forget("never seen")
    assert not seen.before("id")
