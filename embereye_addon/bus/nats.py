"""The real bus: NATS for facts and questions, JetStream for events and leases."""

import contextlib
import functools
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

import nats.errors
from nats.aio.msg import Msg

from embereye_addon.bus import Lease
from embereye_addon.bus.fanout import Fanout
from embereye_addon.bus.nats_link import NatsLink
from embereye_addon.bus.nats_store import Follower, NatsLease, retire, store
from embereye_addon.bus.wire import ask_subject, decode, encode, fact_subject, hear_subject, unanswered
from embereye_addon.errors import BusError, EmberEyeError
from embereye_addon.messages import Message
from embereye_addon.topology import CHANNEL_OF, REQUEST_OF, Keep

M = TypeVar("M", bound=Message)
LOG = logging.getLogger(__name__)

WHY = "Why"  # the header of an answer that is none


async def connect(url: str, token: str, name: str, replicas: int = 1) -> "NatsBus":
    """Wait for the server, for ever, and connect as `name`. `replicas` is 3 where three or more nodes keep events."""
    link = NatsLink(url, token, name, replicas)
    await link.open()
    return NatsBus(link)


class NatsBus:
    """One process's end of the bus; see `Bus`."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link
        self._heard: dict[type, Fanout] = {}

    @property
    def dropped(self) -> Counter[str]:
        """Losses of this process: `away.`, `slow.`, `bad.` or `failed.` and the channel."""
        return self._link.dropped

    @property
    def away(self) -> bool:
        """Whether the server cannot be reached now."""
        return self._link.away

    async def say(self, message: Message) -> None:
        """Tell a fact; see `Bus`."""
        channel = CHANNEL_OF[type(message)]
        if channel.keep is Keep.EVERY:
            await store(self._link, channel, message)
        elif self.away:
            self.dropped[f"away.{channel.name}"] += 1
        else:
            try:
                await self._link.client.publish(fact_subject(message), encode(message))
            except nats.errors.Error as error:
                self.dropped[f"away.{channel.name}"] += 1
                LOG.debug("A fact on %s was dropped: %s", channel.name, error)

    async def hear(self, kind: type[M], hearer: Callable[[M], None]) -> None:
        """Call `hearer` in the event loop for each fact of that type from now on."""
        if kind in self._heard:
            self._heard[kind].add(hearer)
            return
        fanout = self._heard[kind] = Fanout(CHANNEL_OF[kind], self.dropped)
        fanout.add(hearer)

        async def arrived(message: Msg) -> None:
            fanout.arrived(message.data)

        await self._link.subscribe(hear_subject(kind), "", arrived)

    async def follow(self, kind: type[M], name: str, hearer: Callable[[M], Awaitable[None]]) -> None:
        """Every event of that type, in order, from where `name` left off; see `Bus`."""
        channel = CHANNEL_OF[kind]
        if channel.keep is not Keep.EVERY:
            raise BusError(f"{channel.name} is not kept, so it cannot be followed")
        self._link.start(Follower(self._link, channel, name, hearer).run(), f"follow {name}")

    async def retire(self, kind: type[M], prefix: str, staying: Collection[str]) -> tuple[str, ...]:
        """End the places of followers that are no more; see `Bus`."""
        return await retire(self._link, CHANNEL_OF[kind], prefix, staying)

    async def ask(self, request: Any, to: str = "", timeout_s: float = 2.0) -> Any:
        """Ask and wait for the answer; see `Bus`."""
        say = functools.partial(unanswered, request, to)
        if self.away:
            raise BusError(say("the bus is away"))
        try:
            reply = await self._link.client.request(ask_subject(type(request), to), encode(request), timeout=timeout_s)
        except nats.errors.NoRespondersError as error:
            raise BusError(say("none is running")) from error
        except TimeoutError as error:
            raise BusError(say(f"no answer within {timeout_s:g} s")) from error
        except nats.errors.Error as error:
            raise BusError(say(str(error))) from error
        if reply.headers and WHY in reply.headers:
            raise BusError(say(reply.headers[WHY]))
        answer = decode(REQUEST_OF[type(request)].answer, reply.data)
        if answer is None:
            raise BusError(say("the answer could not be read"))
        return answer

    async def answer(self, kind: type, answerer: Callable[[Any], Awaitable[Any]], at: str = "") -> None:
        """Answer questions of that type, those sent to `at` when given."""
        row = REQUEST_OF[kind]

        async def asked(message: Msg) -> None:
            request: Any = decode(kind, message.data)
            payload, headers = b"", {WHY: "the question could not be read"}
            if request is None:
                self.dropped[f"bad.{row.name}"] += 1
            else:
                try:
                    payload, headers = encode(await answerer(request)), {}
                except EmberEyeError as error:
                    headers = {WHY: str(error)}
                except Exception:
                    LOG.exception("Answering '%s' failed", row.name)
                    headers = {WHY: "it failed; its log says why"}
            with contextlib.suppress(nats.errors.Error):
                await self._link.client.publish(message.reply, payload, headers=headers or None)

        await self._link.subscribe(ask_subject(kind, at), "" if at else row.answerer, asked)

    def lease(self, name: str, owner: str) -> Lease:
        """The lease of that name, for that owner; nothing is taken yet."""
        return NatsLease(self._link, name, owner)

    async def close(self) -> None:
        """Flush and go."""
        for fanout in self._heard.values():
            await fanout.close()
        await self._link.close()
