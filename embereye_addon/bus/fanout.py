"""All hearers of one channel in one process: decoded once, each with its own bounded pending and its own task."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from embereye_addon.bus.wire import decode, identity
from embereye_addon.messages import Message
from embereye_addon.observe.tasks import stopped
from embereye_addon.topology import Channel, Keep

LOG = logging.getLogger(__name__)

PENDING = 1024  # about two seconds of a hundred cameras at 5 Hz; the oldest goes first
SEEN = 1024  # identities remembered to swallow the second saying of an event


class _Hearer:
    """One hearer, called in the event loop by a task of its own, so that it holds up nobody else's pending."""

    def __init__(self, hear: Callable[[Any], None], channel: str, dropped: Counter[str]) -> None:
        self._hear, self._channel, self._dropped = hear, channel, dropped
        self._pending: deque[Message] = deque()
        self._more = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"hear {channel}")

    def put(self, message: Message) -> None:
        """Keep it for the hearer; the oldest is dropped and counted when there are too many."""
        if len(self._pending) >= PENDING:
            self._pending.popleft()
            self._dropped[f"slow.{self._channel}"] += 1
        self._pending.append(message)
        self._more.set()

    async def _run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._pending:
                self._call(self._pending.popleft())
                await asyncio.sleep(0)

    def _call(self, message: Message) -> None:
        try:
            self._hear(message)
        except Exception:
            self._dropped[f"failed.{self._channel}"] += 1
            LOG.exception("A hearer of %s failed; the message of %s is passed over", self._channel, message.source)


class Seen:
    """The identities of the last `SEEN` events, to swallow what comes twice."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def before(self, name: str) -> bool:
        """Whether it was here before; it is from now on."""
        if name in self._names:
            return True
        self._names[name] = None
        if len(self._names) > SEEN:
            del self._names[next(iter(self._names))]
        return False

    def forget(self, name: str) -> None:
        """It may come again."""
        self._names.pop(name, None)


class Fanout:
    """One channel's payloads in, messages to every hearer out. Losses are counted in `dropped`, nothing raises."""

    def __init__(self, channel: Channel, dropped: Counter[str]) -> None:
        self._channel, self._dropped = channel, dropped
        self._hearers: list[_Hearer] = []
        self._seen = Seen()

    def add(self, hear: Callable[[Any], None]) -> None:
        """Call `hear` for each message from now on."""
        self._hearers.append(_Hearer(hear, self._channel.name, self._dropped))

    def arrived(self, payload: bytes) -> None:
        """Take one payload from the wire: bad ones are counted, repeated events are swallowed."""
        message = decode(self._channel.type, payload)
        if message is None:
            self._dropped[f"bad.{self._channel.name}"] += 1
            return
        if self._channel.keep is Keep.EVERY and self._seen.before(identity(message)):
            return
        for hearer in self._hearers:
            hearer.put(message)

    async def close(self) -> None:
        """Stop calling."""
        await stopped(hearer.task for hearer in self._hearers)
