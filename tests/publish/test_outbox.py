"""What goes first: alarms past everything, retained messages tier by tier, newest only."""

import asyncio

import pytest

from embereye_addon.errors import LinkError
from embereye_addon.publish.outbox import BATCH, EVENTS, GATE_S, SETTLE_S, Out, Outbox, Tier


def names(batch: list[Out]) -> list[str]:
    """The topics of a batch."""
    return [out.topic for out in batch]


async def test_tiers_go_in_order_with_a_pause_after_discovery() -> None:
    """States before discovery are never seen by Home Assistant."""
    box = Outbox()
    for topic, tier in (("app", Tier.APP), ("s", Tier.STATE), ("t", Tier.STATUS), ("d", Tier.DISCOVERY)):
        box.keep(topic, b"1", tier, urgent=False)
    assert names(box.take(10.0)) == ["d"]
    assert box.take(10.0 + SETTLE_S / 2) == []
    assert [names(box.take(11.0)) for _ in range(4)] == [["t"], ["s"], ["app"], []]


async def test_the_newest_wins_and_the_same_is_not_sent_twice() -> None:
    """A slow broker gets the last state, not all of them."""
    box = Outbox()
    for payload in (b"1", b"2", b"2"):
        box.keep("s", payload, Tier.STATE, urgent=False)
    assert [out.payload for out in box.take(0.0)] == [b"2"]
    box.keep("s", b"2", Tier.STATE, urgent=False)
    assert box.take(0.0) == []


async def test_alarms_have_their_own_way() -> None:
    """An alarm does not stand behind a thousand states."""
    box = Outbox()
    for number in range(1000):
        box.keep(f"s{number}", b"1", Tier.STATE, urgent=False)
    box.keep("zone", b"ON", Tier.STATE, urgent=True)
    done = box.add_event("event", b"!")
    batch = box.take_urgent(0.0)
    assert names(batch) == ["zone", "event"]
    assert len(box.take(0.0)) == BATCH
    for out in batch:
        box.sent(out)
    assert done.done()
    assert box.take_urgent(0.0) == []


async def test_after_a_reconnect_alarms_follow_our_presence_but_soon() -> None:
    """Home Assistant ignores an event of something unavailable; a stuck queue must not hold it for long."""
    box = Outbox()
    box.keep("app", b"online", Tier.APP, urgent=False)
    box.connected(100.0)
    box.add_event("event", b"!")
    assert box.take_urgent(100.0) == []
    assert names(box.take_urgent(100.0 + GATE_S)) == ["event"]
    box.take(100.0)
    assert names(box.take_urgent(100.0)) == ["event"]


async def test_events_wait_for_their_acknowledgement() -> None:
    """An alarm cut off in mid-flight is sent again after the reconnect."""
    box = Outbox()
    done = box.add_event("event", b"!")
    call = box.add_call("call", b"?", False)
    assert names(box.take_urgent(0.0)) == ["event"]
    assert box.disconnected() == 1
    with pytest.raises(LinkError):
        await call
    assert not done.done()
    box.connected(1.0)
    assert names(box.take_urgent(1.0)) == ["event"]
    done.cancel()


async def test_the_outbox_is_bounded() -> None:
    """Too many alarms are refused in words, so that the durable store keeps them."""
    box = Outbox()
    waiting = [box.add_event("event", b"!") for _ in range(EVENTS)]
    with pytest.raises(LinkError, match="too many"):
        box.add_event("event", b"!")
    for done in waiting:
        done.cancel()
    box.sent(box.take_urgent(0.0)[0])
    assert len(box.take_urgent(0.0)) == BATCH


async def test_a_call_whose_caller_is_gone_is_no_error() -> None:
    """A caller that gave up leaves nothing behind."""
    box = Outbox()
    box.add_call("call", b"?", True).cancel()
    assert box.disconnected() == 1
    assert box.disconnected() == 0


async def test_forgotten_and_repeated_topics() -> None:
    """Our own presence is not said again at a birth, nor after we said good-bye."""
    box = Outbox()
    box.keep("app", b"online", Tier.APP, urgent=False)
    box.keep("s", b"1", Tier.STATE, urgent=False)
    assert [names(box.take(0.0)) for _ in range(2)] == [["s"], ["app"]]
    box.say_again()
    assert names(box.take(0.0)) == ["s"]
    box.keep("s", b"2", Tier.STATE, urgent=False)
    box.forget("s")
    assert box.take(0.0) == []
    await asyncio.sleep(0)
