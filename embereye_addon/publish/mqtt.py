"""One connection to the broker, for ever: MQTT 5, last will, retained states re-said, alarms first and never lost.

Three ways out: `keep` (retained, newest wins, said again after every reconnect), `publish_event` (waits in a bounded
outbox while the broker is away) and `publish` (now or not at all). All are QoS 1.
"""

import asyncio
import logging
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiomqtt import Client, Message, MqttCodeError, MqttError, ProtocolVersion, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from embereye_addon.errors import LinkError
from embereye_addon.observe.tasks import stopped
from embereye_addon.publish.outages import LONGEST_PAUSE_S, Outage, outage, pause_s
from embereye_addon.publish.outbox import BATCH, Out, Outbox, Tier
from embereye_addon.publish.traits import Traits, traits_of
from embereye_addon.settings import model

log = logging.getLogger(__name__)
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)  # it speaks of every lost packet; the loss is told once, in words, here

KEEPALIVE_S = 10
"""A cut cable is noticed within two of these: inside the 30 s limit of a fault."""
ANSWER_S = 8.0
STEADY_S = 5.0
FORGET_S = 60.0
"""A connection that held this long makes the next loss worth a new warning."""
MAX_INCOMING_BYTES = 8192
INCOMING_QUEUE = 256
ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker; `retained` also when it was only published so (see `Ends.as_published`)."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Ends:
    """Who stands at both ends: the last will's topic, what to subscribe to, and who is told.

    `on_message` is called in the event loop and must not wait. `on_connected` runs beside the traffic and ends with
    the connection. `ask_again` gives new settings after a refused login, or None. Without a will topic nobody is told
    of our end. `as_published` keeps the flag of live messages too; else only the broker's own copies are `retained`.
    The broker holds back what is longer than `longest_bytes`. `base` is the topic below which messages are ours, `user`
    the user properties that all of them carry.
    """

    will_topic: str
    filters: tuple[str, ...]
    on_message: Callable[[Incoming], None]
    on_connected: Callable[[], Awaitable[None]]
    ask_again: Callable[[], Awaitable[model.Mqtt | None]]
    as_published: bool = True
    longest_bytes: int = MAX_INCOMING_BYTES
    base: str = ""
    user: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Counts:
    """What became of the messages."""

    acknowledged: int = 0
    refused: int = 0
    not_sent: int = 0
    connections: int = 0


class _Client(Client):
    """aiomqtt's client, which also tells of refused messages, and closes what a failed connection leaves open."""

    on_refused: Callable[[int], None] | None = None
    in_thread = True
    heard_s = 0.0
    """When the broker acknowledged anything last (monotonic s)."""

    def _client_connect(self) -> None:
        try:
            super()._client_connect()
        finally:
            self.in_thread = False

    async def drop(self) -> None:
        """Close the socket, if there is one, and wait (a second at most) for what watches it."""
        self._client.disconnect()
        if self._misc_task is not None:
            await asyncio.wait([self._misc_task], timeout=1.0)

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self.heard_s = time.monotonic()
        if reason_code.is_failure and self.on_refused is not None:
            self.on_refused(reason_code.value)
        super()._on_publish(client, userdata, mid, reason_code, properties)


class Mqtt:
    """The connection. `fault` is (`broker_disconnected` or `broker_refuses`, words) while something is wrong.

    `closed_topics` are the filters that the broker did not let us subscribe to.
    """

    def __init__(self, settings: model.Mqtt, client_id: str, ends: Ends) -> None:
        self.fault: tuple[str, str] | None = None
        self.counts = Counts()
        self.heard_s = 0.0
        """When the broker acknowledged anything last over a connection that was lost (monotonic s); 0: never."""
        self.closed_topics: frozenset[str] = frozenset()
        self._settings, self._client_id, self._ends = settings, client_id, ends
        self._out = Outbox()
        self._connected = False
        self._told: set[str] = set()
        self._up_since_s = 0.0

    @property
    def connected(self) -> bool:
        """Whether the broker is there now."""
        return self._connected

    def keep(self, topic: str, payload: bytes, tier: Tier = Tier.STATE, *, urgent: bool = False) -> None:
        """Say a retained message now and after every reconnect; the same bytes again are not sent again."""
        self._out.keep(topic, payload, tier, urgent=urgent)

    def kept(self, topic: str) -> bytes:
        """What is said at a topic; b"" when nothing is."""
        return self._out.kept.get(topic, (Tier.STATE, b""))[1]

    def say_again(self) -> None:
        """Send every retained message once more, but for our own presence, which the broker keeps."""
        self._out.say_again()

    def refresh(self, now_mono_s: float) -> None:
        """Say those retained messages again that would expire at the broker though they still hold."""
        for topic in self._out.kept:
            expiry_s = traits_of(self._ends.base, topic).expiry_s
            if expiry_s:
                self._out.refresh((topic,), now_mono_s - expiry_s / 3)

    def publish_event(self, topic: str, payload: bytes, alarm_id: str = "") -> asyncio.Future[None]:
        """Send an alarm before everything else; done at its PUBACK, however long the broker is away.

        `LinkError` at once when the outbox is full: nothing was taken, ask again later.
        """
        return self._out.add_event(topic, payload, alarm_id)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, alarm_id: str = "") -> None:
        """Send now and return at the PUBACK; `LinkError` when the broker is or goes away."""
        if not self._connected:
            self.counts.not_sent += 1
            raise LinkError("the MQTT broker is not connected")
        await self._out.add_call(topic, payload, retain, alarm_id)

    async def goodbye(self) -> None:
        """Say that we leave (a clean disconnect sends no last will); at most 2 s, then cancel `run`."""
        self._out.forget(self._ends.will_topic)
        with suppress(LinkError, TimeoutError):
            async with asyncio.timeout(2.0):
                await self.publish(self._ends.will_topic, OFFLINE, retain=True)

    async def run(self) -> None:
        """Connect, serve, and come back after every loss; returns only by cancellation."""
        attempt = 0
        while True:
            await self._broker_known()
            self._up_since_s = time.monotonic()
            try:
                await self._connection()
            except* (MqttError, OSError, ValueError) as group:
                await self._lost(_told_best(group))
            steady = self.counts.connections > 0 and time.monotonic() - self._up_since_s > STEADY_S
            attempt = 1 if steady else attempt + 1
            await asyncio.sleep(pause_s(attempt, random.random()))

    async def _broker_known(self) -> None:
        """Without a host there is nothing to connect to: ask now and then whether one has come."""
        said = False
        while not self._settings.host:
            if (found := await self._ends.ask_again()) is not None and found.host:
                self._settings = found
                return
            log.log(logging.DEBUG if said else logging.INFO, "No MQTT broker is set: Home Assistant is told nothing")
            said = True
            await asyncio.sleep(LONGEST_PAUSE_S)

    async def _connection(self) -> None:
        tls = await asyncio.to_thread(_tls_context, self._settings) if self._settings.tls else None
        client = self._new_client(tls)
        try:
            async with _entered(client):
                await self._subscribe(client)
                self._up()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._listen(client))
                    group.create_task(self._pump(client, self._out.urgent_bell, self._out.take_urgent))
                    group.create_task(self._pump(client, self._out.bell, self._out.take))
                    group.create_task(_awaited(self._ends.on_connected()))
        finally:
            self.heard_s = client.heard_s or self.heard_s
            self._connected = False
            self.counts.not_sent += self._out.disconnected()

    def _new_client(self, tls: ssl.SSLContext | None) -> _Client:
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        limits.MaximumPacketSize = self._ends.longest_bytes
        client = _Client(
            self._settings.host,
            self._settings.port,
            username=self._settings.username or None,
            password=self._settings.password or None,
            identifier=self._client_id,
            protocol=ProtocolVersion.V5,
            will=Will(self._ends.will_topic, OFFLINE, 1, True) if self._ends.will_topic else None,
            clean_start=True,
            properties=limits,
            keepalive=KEEPALIVE_S,
            timeout=ANSWER_S,
            tls_context=tls,
            max_queued_incoming_messages=INCOMING_QUEUE,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
            logger=_library_log,
        )
        client.pending_calls_threshold = 4 * BATCH
        client.on_refused = self._refused
        return client

    async def _subscribe(self, client: _Client) -> None:
        """Retained copies are wanted as such: a command published with the flag must be seen and refused."""
        options = SubscribeOptions(qos=1, noLocal=True, retainAsPublished=self._ends.as_published)
        codes = await client.subscribe([(topic, options) for topic in self._ends.filters])
        closed = set()
        for topic, code in zip(self._ends.filters, codes, strict=False):
            if isinstance(code, ReasonCode) and code.is_failure:
                log.warning("The MQTT broker does not let us listen to %s: %s", topic, code)
                closed.add(topic)
        self.closed_topics = frozenset(closed)

    def _up(self) -> None:
        self._connected = True
        self.counts.connections += 1
        if self.fault is not None:
            log.info("The MQTT broker at %s:%d is back", self._settings.host, self._settings.port)
        else:
            log.info("Connected to the MQTT broker at %s:%d", self._settings.host, self._settings.port)
        self.fault = None
        self._up_since_s = time.monotonic()
        self._out.connected(time.monotonic())

    async def _lost(self, error: BaseException) -> None:
        code = error.rc.value if isinstance(error, MqttCodeError) and isinstance(error.rc, ReasonCode) else None
        cause = error if isinstance(error, OSError) else error.__cause__ or error.__context__
        if isinstance(
            cause, MqttError
        ):  # the library's own word for a connection that ended: what lies below says more
            cause = cause.__cause__
        if time.monotonic() - self._up_since_s > FORGET_S:
            self._told.clear()
        why = outage(self._settings, code, TimeoutError() if "timed out" in str(error) else cause)
        self._tell("broker_disconnected", why)
        if why.login:
            self._settings = await self._ends.ask_again() or self._settings

    def _tell(self, code: str, why: Outage) -> None:
        """The first time as a warning; the same words again are for those who look closely."""
        self.fault = (code, why.text)
        log.log(logging.DEBUG if why.text in self._told else logging.WARNING, "%s", why.text)
        self._told.add(why.text)

    def _refused(self, code: int) -> None:
        """A PUBACK that says no: mostly an access list that does not know our topics."""
        self.counts.refused += 1
        self._tell(
            "broker_refuses", Outage(f"The MQTT broker refuses what we publish (code {code}); check its access list")
        )

    async def _listen(self, client: _Client) -> None:
        async for message in client.messages:
            self._ends.on_message(_incoming(message))

    async def _pump(self, client: _Client, bell: asyncio.Event, take: Callable[[float], list[Out]]) -> None:
        while True:
            bell.clear()
            batch = take(time.monotonic())
            if not batch:
                await bell.wait()
                continue
            async with asyncio.TaskGroup() as group:
                for out in batch:
                    group.create_task(self._send(client, out))

    async def _send(self, client: _Client, out: Out) -> None:
        properties = _properties(self._ends, out)
        await client.publish(out.topic, out.payload, qos=1, retain=out.retain, properties=properties)
        self.counts.acknowledged += 1
        self._out.sent(out)


def _properties(ends: Ends, out: Out) -> Properties:
    """What goes along: content type, expiry, and who says it of which alarm; nothing with an empty one, a removal."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    traits = traits_of(ends.base, out.topic) if out.payload and ends.base else Traits()
    if traits.content_type:
        properties.ContentType = traits.content_type
    if traits.expiry_s:
        properties.MessageExpiryInterval = traits.expiry_s
    user = [*ends.user, ("alarm_id", out.alarm_id)] if out.alarm_id else list(ends.user)
    if user and out.payload:
        properties.UserProperty = user
    return properties


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; the library would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        """See `ssl.SSLSocket`."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls_context(settings: model.Mqtt) -> ssl.SSLContext:
    """Certificate and name are always checked; against `ca_file`, or the machine's own authorities. Blocking."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.sslsocket_class = _TidySocket
    return context


@asynccontextmanager
async def _entered(client: _Client) -> AsyncIterator[None]:
    """The client, connected; when that fails or is cancelled, the connecting thread is waited for and all is closed."""
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except (asyncio.CancelledError, MqttError):
        while client.in_thread:
            await asyncio.sleep(0.02)
        await client.drop()
        await stopped([entering])
        raise
    try:
        yield
    finally:
        with suppress(MqttError):
            await client.__aexit__(None, None, None)


async def _awaited(call: Awaitable[None]) -> None:
    await call


def _incoming(message: Message) -> Incoming:
    return Incoming(str(message.topic), bytes(message.payload), message.retain)


def _told_best(group: BaseExceptionGroup[Exception]) -> Exception:
    """The error that says most: the broker's own reason before what merely followed from it."""
    errors = list(_flat(group))
    return next((e for e in errors if isinstance(e, MqttCodeError) and isinstance(e.rc, ReasonCode)), errors[0])


def _flat(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flat(error)
        else:
            yield error
