"""The bus within one process, for tests and scenarios: the promises of `bus.nats` without a server."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from embereye_addon.bus import LEASE_MARGIN_S, LEASE_TTL_S, Lease
from embereye_addon.bus.fanout import Fanout
from embereye_addon.bus.wire import ask_subject, decode, encode, identity, unanswered
from embereye_addon.errors import BusError, EmberEyeError
from embereye_addon.messages import Message
from embereye_addon.observe.tasks import stopped
from embereye_addon.topology import CHANNEL_OF, REQUEST_OF, Keep

M = TypeVar("M", bound=Message)
LOG = logging.getLogger(__name__)

AGAIN_S = 0.05  # a follower that failed is called again after this


class Hub:
    """What the server is to the real bus: it outlives its buses. `away` plays its absence; `clock` ages the leases."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.away = False
        self.buses: list[MemoryBus] = []
        self.kept: dict[str, list[bytes]] = {}
        self.identities: set[str] = set()
        self.followed: Counter[tuple[str, str]] = Counter()
        self.answerers: dict[str, list[Callable[[bytes], Awaitable[bytes]]]] = {}
        self.leases: dict[str, tuple[str, float]] = {}
        self.more = asyncio.Condition()

    def keep(self, channel: str, name: str, payload: bytes) -> bool:
        """Store an event; False when it is there already."""
        if name in self.identities:
            return False
        self.identities.add(name)
        self.kept.setdefault(channel, []).append(payload)
        return True


class MemoryLease:
    """A lease in the hub's table."""

    def __init__(self, hub: Hub, name: str, owner: str) -> None:
        self.name, self.owner = name, owner
        self._hub, self._until = hub, float("-inf")

    def held(self, now_mono_s: float) -> bool:
        """Whether this owner may still act."""
        return now_mono_s < self._until

    async def renew(self) -> bool:
        """Take or renew it; False when it is somebody else's, or the hub is away."""
        if self._hub.away:
            return False
        now = self._hub.clock()
        owner, ends = self._hub.leases.get(self.name, (self.owner, now))
        if owner != self.owner and now < ends:
            self._until = float("-inf")
            return False
        self._hub.leases[self.name] = (self.owner, now + LEASE_TTL_S)
        self._until = now + LEASE_TTL_S - LEASE_MARGIN_S
        return True

    async def release(self) -> None:
        """Give it back, if held."""
        if not self._hub.away and self.held(self._hub.clock()):
            self._hub.leases.pop(self.name, None)
        self._until = float("-inf")


class MemoryBus:
    """One process's end of the hub."""

    def __init__(self, hub: Hub | None = None) -> None:
        self.dropped: Counter[str] = Counter()
        self._hub = hub or Hub()
        self._hub.buses.append(self)
        self._heard: dict[type, Fanout] = {}
        self._answering: list[tuple[str, Callable[[bytes], Awaitable[bytes]]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def say(self, message: Message) -> None:
        """Tell a fact; see `Bus`."""
        channel = CHANNEL_OF[type(message)]
        payload = encode(message)
        if self._hub.away:
            if channel.keep is Keep.EVERY:
                raise BusError(f"{channel.name} was not stored: the bus is away")
            self.dropped[f"away.{channel.name}"] += 1
            return
        if channel.keep is Keep.EVERY:
            if not self._hub.keep(channel.name, identity(message), payload):
                return
            async with self._hub.more:
                self._hub.more.notify_all()
        for bus in self._hub.buses:
            bus.arrived(channel.type, payload)

    def arrived(self, kind: type[Message], payload: bytes) -> None:
        """The hub brings a payload."""
        if kind in self._heard:
            self._heard[kind].arrived(payload)

    async def hear(self, kind: type[M], hearer: Callable[[M], None]) -> None:
        """Call `hearer` for each fact of that type from now on."""
        if kind not in self._heard:
            self._heard[kind] = Fanout(CHANNEL_OF[kind], self.dropped)
        self._heard[kind].add(hearer)

    async def follow(self, kind: type[M], name: str, hearer: Callable[[M], Awaitable[None]]) -> None:
        """Every event of that type, in order, from where `name` left off; see `Bus`."""
        if CHANNEL_OF[kind].keep is not Keep.EVERY:
            raise BusError(f"{CHANNEL_OF[kind].name} is not kept, so it cannot be followed")
        self._tasks.append(asyncio.create_task(self._follow(kind, name, hearer), name=f"follow {name}"))

    async def _follow(self, kind: type[M], name: str, hearer: Callable[[M], Awaitable[None]]) -> None:
        channel = CHANNEL_OF[kind].name
        place, level = (channel, name), logging.WARNING
        while True:
            async with self._hub.more:
                await self._hub.more.wait_for(lambda: len(self._hub.kept.get(channel, ())) > self._hub.followed[place])
            message = decode(kind, self._hub.kept[channel][self._hub.followed[place]])
            try:
                if message is None:
                    self.dropped[f"bad.{channel}"] += 1
                else:
                    await hearer(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, the event comes again
                LOG.log(level, "Follower %s of %s failed and is called again: %s", name, channel, error)
                level = logging.DEBUG
                await asyncio.sleep(AGAIN_S)
            else:
                self._hub.followed[place] += 1
                level = logging.WARNING

    async def retire(self, kind: type[M], prefix: str, staying: Collection[str]) -> tuple[str, ...]:
        """End the places of followers that are no more; see `Bus`."""
        channel = CHANNEL_OF[kind].name
        if self._hub.away:
            raise BusError(f"the followers of {channel} cannot be told: the bus is away")
        places = [(of, name) for of, name in self._hub.followed if of == channel and name.startswith(prefix)]
        gone = tuple(name for _, name in places if name not in staying)
        for name in gone:
            del self._hub.followed[channel, name]
        return gone

    async def ask(self, request: Any, to: str = "", timeout_s: float = 2.0) -> Any:
        """Ask and wait for the answer; see `Bus`."""
        answerers = self._hub.answerers.get(ask_subject(type(request), to), [])
        if self._hub.away or not answerers:
            raise BusError(unanswered(request, to, "the bus is away" if self._hub.away else "none is running"))
        try:
            payload = await asyncio.wait_for(answerers[0](encode(request)), timeout_s)
        except TimeoutError:
            raise BusError(unanswered(request, to, f"no answer within {timeout_s:g} s")) from None
        except EmberEyeError as error:
            raise BusError(unanswered(request, to, str(error))) from error
        answer = decode(REQUEST_OF[type(request)].answer, payload)
        if answer is None:
            raise BusError(unanswered(request, to, "the answer could not be read"))
        return answer

    async def answer(self, kind: type, answerer: Callable[[Any], Awaitable[Any]], at: str = "") -> None:
        """Answer questions of that type; see `Bus`."""

        async def reply(payload: bytes) -> bytes:
            request: Any = decode(kind, payload)
            if request is None:
                self.dropped[f"bad.{REQUEST_OF[kind].name}"] += 1
                raise BusError("the question could not be read")
            try:
                return encode(await answerer(request))
            except EmberEyeError:
                raise
            except Exception as error:
                LOG.exception("Answering '%s' failed", REQUEST_OF[kind].name)
                raise BusError("it failed; its log says why") from error

        subject = ask_subject(kind, at)
        self._hub.answerers.setdefault(subject, []).append(reply)
        self._answering.append((subject, reply))

    def lease(self, name: str, owner: str) -> Lease:
        """The lease of that name, for that owner; nothing is taken yet."""
        return MemoryLease(self._hub, name, owner)

    async def close(self) -> None:
        """Go."""
        for subject, reply in self._answering:
            self._hub.answerers[subject].remove(reply)
        self._answering.clear()
        with contextlib.suppress(ValueError):
            self._hub.buses.remove(self)
        await stopped(self._tasks)
        for fanout in self._heard.values():
            await fanout.close()
