"""What JetStream keeps for us: events in order for each follower, and leases by compare-and-swap."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from embereye_addon.bus import LEASE_MARGIN_S, LEASE_TTL_S
from embereye_addon.bus.fanout import Seen
from embereye_addon.bus.nats_link import ACK_S, AGAIN_S, NatsLink, in_words
from embereye_addon.bus.wire import decode, encode, fact_subject, hear_subject, identity, tokens
from embereye_addon.errors import BusError
from embereye_addon.messages import Message
from embereye_addon.topology import Channel

LOG = logging.getLogger(__name__)

AGAIN_MOST_S = 5.0
PULL_S = 2.0  # a pull lost with its server is noticed this late
ACK_WAIT_S = 30.0
DAY_S = 86_400.0
KEPT_S = 30 * DAY_S
"""How long an event is kept; who has not come for so long has no place among them any more."""
LEASES = "KV_ee_leases"
SOMEBODY_ELSE = 10071  # "wrong last sequence"


async def store(link: NatsLink, channel: Channel, message: Message) -> None:
    """Keep an event; `BusError` when the store did not say that it has it. A second time changes nothing."""
    what = f"{channel.name} was not stored"
    link.reachable(what)
    with in_words(what):
        await link.ready(_kept(channel, link.replicas))
        headers = {"Nats-Msg-Id": identity(message)}
        await link.js.publish(fact_subject(message), encode(message), timeout=ACK_S, headers=headers)


async def retire(link: NatsLink, channel: Channel, prefix: str, staying: Collection[str]) -> tuple[str, ...]:
    """Delete the followers whose names begin with `prefix` and are not in `staying`; their names. `BusError`."""
    what = f"the followers of {channel.name} cannot be told"
    link.reachable(what)
    keep = {_follower(name) for name in staying}
    with in_words(what):
        try:
            found = await link.js.consumers_info(_stream(channel))  # the first 256, as many as the server tells at once
        except NotFoundError:
            return ()
        names = tuple(each.name for each in found if each.name.startswith(prefix) and each.name not in keep)
        for name in names:
            with contextlib.suppress(NotFoundError):
                await link.js.delete_consumer(_stream(channel), name)
    return names


def _follower(name: str) -> str:
    """A follower's name as the server takes it."""
    return tokens(name).replace(".", "_")


def _stream(channel: Channel) -> str:
    return f"EMBEREYE_{channel.name.upper()}"


class Follower:
    """Pulls one event after the other and hands it over; the next comes only when the last was taken."""

    def __init__(self, link: NatsLink, channel: Channel, name: str, hearer: Callable[[Any], Awaitable[None]]) -> None:
        self._link, self._channel, self._hearer = link, channel, hearer
        self._name = _follower(name)
        self._config = _kept(channel, link.replicas)
        self._what = f"{channel.name} cannot be followed"
        self._wait_s = AGAIN_S
        self._seen = Seen()

    async def run(self) -> None:
        """For ever; while the server is away it is tried again."""
        while True:
            try:
                with in_words(self._what):
                    await self._place()
                    await self._pull_on()
            except BusError as error:
                LOG.debug("%s", error)
            await asyncio.sleep(self._wait_s)
            self._wait_s = AGAIN_S if self._link.away else min(2 * self._wait_s, AGAIN_MOST_S)

    async def _place(self) -> None:
        """This follower's place in the stream. What was handed to a process that died comes again at once."""
        self._link.reachable(self._what)
        await self._link.ready(self._config)
        consumer = ConsumerConfig(
            name=self._name,
            durable_name=self._name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=1,
            inactive_threshold=KEPT_S,
        )
        stream = str(self._config.name)
        await self._link.js.add_consumer(stream, consumer)
        with contextlib.suppress(APIError):  # servers before 2.14 cannot: then it comes after ACK_WAIT_S
            await self._link.js.reset_consumer(stream, self._name)

    async def _pull_on(self) -> None:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._config.name}.{self._name}"
        pull = f'{{"batch":1,"expires":{int(PULL_S * 1e9)}}}'.encode()
        while True:
            # "old style" has an inbox of its own: an event arrives in it under the subject it was published on
            message = await self._link.client.request(subject, pull, timeout=PULL_S + 1.0, old_style=True)
            status = (message.headers or {}).get("Status")
            if status is None:
                await self._hand_over(message)
            elif status not in ("404", "408"):  # those two say: nothing new
                raise BusError(f"{self._what}: the server says {status}")
            self._wait_s = AGAIN_S

    async def _hand_over(self, message: Msg) -> None:
        fact = decode(self._channel.type, message.data)
        if fact is None:
            self._link.dropped[f"bad.{self._channel.name}"] += 1
            await message.term()
            return
        name = identity(fact)
        try:
            if not self._seen.before(name):  # a killed server has forgotten what was taken last
                await self._hearer(fact)
        except Exception as error:  # noqa: BLE001 - whatever it is, the event comes again
            self._seen.forget(name)
            tries = message.metadata.num_delivered
            level = logging.WARNING if tries == 1 else logging.DEBUG
            LOG.log(level, "Follower %s of %s failed and is called again: %s", self._name, self._channel.name, error)
            await message.nak(delay=min(AGAIN_S * 2 ** min(tries - 1, 8), AGAIN_MOST_S))
        else:
            # Confirmed: a pull that overtakes its acknowledgement waits in the server until it expires (2 to 3 s seen).
            await message.ack_sync(timeout=ACK_S)


class NatsLease:
    """A lease by compare-and-swap on the last revision; the server forgets it `LEASE_TTL_S` after the last renewal."""

    def __init__(self, link: NatsLink, name: str, owner: str) -> None:
        self.name, self.owner = name, owner
        self._link, self._subject, self._value = link, f"$KV.ee_leases.{tokens(name)}", owner.encode()
        self._revision, self._until = 0, float("-inf")

    def held(self, now_mono_s: float) -> bool:
        """Whether this owner may still act: by its own clock, counted from when it began its last renewal."""
        return now_mono_s < self._until

    async def renew(self) -> bool:
        """Take or renew it; one that carries this owner's name already (it was restarted) is taken over at once."""
        began = time.monotonic()
        try:
            revision = await self._swap(self._revision)
            if revision is None:
                revision = await self._take_over()
        except BusError as error:
            LOG.debug("%s", error)
            return False
        self._revision = revision or 0
        self._until = began + LEASE_TTL_S - LEASE_MARGIN_S if revision else float("-inf")
        return revision is not None

    async def _take_over(self) -> int | None:
        owner, revision = await self._holder()
        if owner not in (b"", self._value):
            return None
        return await self._swap(revision)

    async def release(self) -> None:
        """Give it back, if held; never raises."""
        if self.held(time.monotonic()) and not self._link.away:
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                await self._link.js.delete_msg(LEASES, self._revision)
        self._revision, self._until = 0, float("-inf")

    async def _swap(self, revision: int) -> int | None:
        """Write it if its revision is still that (0: nobody's): the new revision, or None if it is not."""
        what = f"the lease {self.name} was not renewed"
        self._link.reachable(what)
        headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        with in_words(what):
            await self._link.ready(_leases(self._link.replicas))
            try:
                ack = await self._link.js.publish(self._subject, self._value, timeout=ACK_S, headers=headers)
            except APIError as error:
                if error.err_code == SOMEBODY_ELSE:
                    return None
                raise
        return int(ack.seq)

    async def _holder(self) -> tuple[bytes, int]:
        """Who holds it, and its revision; nobody is `b""` and 0."""
        with in_words(f"the lease {self.name} was not read"):
            try:
                kept = await self._link.js.get_msg(LEASES, subject=self._subject)
            except NotFoundError:
                return b"", 0
        return kept.data or b"", kept.seq or 0


def _kept(channel: Channel, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=_stream(channel),
        subjects=[hear_subject(channel.type)],
        storage=StorageType.FILE,
        max_age=KEPT_S,
        max_msgs=100_000,
        duplicate_window=DAY_S,
        num_replicas=replicas,
    )


def _leases(replicas: int) -> StreamConfig:
    return StreamConfig(
        name=LEASES,
        subjects=["$KV.ee_leases.>"],
        storage=StorageType.FILE,
        max_age=LEASE_TTL_S,
        max_msgs_per_subject=1,
        discard=DiscardPolicy.NEW,
        num_replicas=replicas,
    )
