"""What waits for the broker, and in which order it goes: alarms past everything else, the rest tier by tier."""

import asyncio
import enum
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from embereye_addon.errors import LinkError

EVENTS = 1000
"""More alarm changes than a site makes in one outage; then the durable follower holds the rest."""
BATCH = 16
SETTLE_S = 0.5
"""Home Assistant needs this long from a discovery message to being subscribed to its topics."""
GATE_S = 5.0
"""After a reconnect alarms wait at most this long for the states to be said first."""


class Tier(enum.IntEnum):
    """The order in which retained messages go out: what exists, who is there, how it stands, that we are there.

    The program's own `online` comes last, so that nothing shows an old state as a fresh one.
    """

    DISCOVERY = 0
    STATUS = 1
    STATE = 2
    APP = 3


@dataclass(frozen=True, slots=True, eq=False)
class Out:
    """One message on its way; `done` is told of its PUBACK (None for retained states: the newest is enough).

    `alarm_id` names the alarm it belongs to, if one.
    """

    topic: str
    payload: bytes
    retain: bool
    done: asyncio.Future[None] | None = None
    alarm_id: str = ""


class Outbox:
    """Retained messages by topic, waiting events and single calls; two bells ring when there is something to take."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Tier, bytes]] = {}
        self.bell = asyncio.Event()
        self.urgent_bell = asyncio.Event()
        self._changed: dict[str, None] = {}
        self._urgent: dict[str, None] = {}
        self._events: deque[Out] = deque()
        self._calls: deque[Out] = deque()
        self._sent_s: dict[str, float] = {}
        self._settle_until_s = self._gate_until_s = 0.0

    def keep(self, topic: str, payload: bytes, tier: Tier, *, urgent: bool) -> None:
        """Take a retained message, newest wins; the same bytes again are nothing new."""
        if self.kept.get(topic) == (tier, payload):
            return
        self.kept[topic] = (tier, payload)
        (self._urgent if urgent else self._changed)[topic] = None
        (self.urgent_bell if urgent else self.bell).set()

    def forget(self, topic: str) -> None:
        """Keep this topic no more; what the broker holds stays."""
        for queue in (self.kept, self._changed, self._urgent, self._sent_s):
            queue.pop(topic, None)

    def refresh(self, topics: Iterable[str], before_mono_s: float) -> None:
        """Let those of these retained messages go once more that were sent last before this time."""
        old = [topic for topic in topics if topic in self.kept and self._sent_s.get(topic, 0.0) < before_mono_s]
        if old:
            self._changed.update(dict.fromkeys(old))
            self.bell.set()

    def say_again(self) -> None:
        """Let every retained message go once more, but for our own presence, which the broker has."""
        self._changed.update(dict.fromkeys(topic for topic, (tier, _) in self.kept.items() if tier is not Tier.APP))
        self.bell.set()

    def connected(self, now_mono_s: float) -> None:
        """A new connection: everything goes again, and alarms wait (a little) for our presence to be told."""
        self._urgent.clear()
        self._changed = dict.fromkeys(self.kept)
        self._gate_until_s = now_mono_s + GATE_S
        self.bell.set()
        self.urgent_bell.set()

    def add_event(self, topic: str, payload: bytes, alarm_id: str = "") -> asyncio.Future[None]:
        """Take an alarm; `LinkError` when too many wait."""
        if len(self._events) >= EVENTS:
            raise LinkError("too many alarms wait for the MQTT broker")
        return self._add(self._events, self.urgent_bell, Out(topic, payload, False, _future(), alarm_id))

    def add_call(self, topic: str, payload: bytes, retain: bool, alarm_id: str = "") -> asyncio.Future[None]:
        """Take a message that is worth nothing later."""
        return self._add(self._calls, self.bell, Out(topic, payload, retain, _future(), alarm_id))

    def _add(self, queue: deque[Out], bell: asyncio.Event, out: Out) -> asyncio.Future[None]:
        assert out.done is not None
        queue.append(out)
        bell.set()
        return out.done

    def sent(self, out: Out) -> None:
        """Its PUBACK has come."""
        if out.done is None:
            self.urgent_bell.set()  # perhaps our presence, which alarms wait for
            return
        for queue in (self._events, self._calls):
            with suppress(ValueError):
                queue.remove(out)
        if not out.done.done():
            out.done.set_result(None)

    def disconnected(self) -> int:
        """Events and retained messages wait; calls fail with `LinkError`. How many did."""
        failed = len(self._calls)
        for out in self._calls:
            if out.done is not None and not out.done.done():
                out.done.set_exception(LinkError("the MQTT broker went away"))
        self._calls.clear()
        return failed

    def take_urgent(self, now_mono_s: float) -> list[Out]:
        """Alarm states, then events; nothing while the gate is shut (its end rings the bell)."""
        rest_s = self._gate_until_s - now_mono_s
        if rest_s > 0 and any(self.kept[topic][0] is Tier.APP for topic in self._changed):
            asyncio.get_running_loop().call_later(rest_s, self.urgent_bell.set)
            return []
        states = [Out(topic, self.kept[topic][1], True) for topic in self._urgent]
        self._sent_s.update(dict.fromkeys(self._urgent, now_mono_s))
        self._urgent.clear()
        return [*states, *list(self._events)[:BATCH]]

    def take(self, now_mono_s: float) -> list[Out]:
        """Single messages first, then retained ones of the lowest tier that has any; a pause after discovery."""
        if self._calls:
            return list(self._calls)[:BATCH]
        if not self._changed:
            return []
        tier = min(self.kept[topic][0] for topic in self._changed)
        if tier is Tier.DISCOVERY:
            self._settle_until_s = now_mono_s + SETTLE_S
        elif now_mono_s < self._settle_until_s:
            asyncio.get_running_loop().call_later(self._settle_until_s - now_mono_s, self.bell.set)
            return []
        topics = [topic for topic in self._changed if self.kept[topic][0] is tier][:BATCH]
        for topic in topics:
            del self._changed[topic]
            self._sent_s[topic] = now_mono_s
        return [Out(topic, self.kept[topic][1], True) for topic in topics]


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()
