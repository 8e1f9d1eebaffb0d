"""The connection to the server: tried for ever, its losses told once, its streams made sure of."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import APIError

from embereye_addon.bus.wire import MAX_PAYLOAD_BYTES
from embereye_addon.errors import BusError
from embereye_addon.observe.tasks import stopped

LOG = logging.getLogger(__name__)

ACK_S = 2.0  # a store on a slow disk answers within milliseconds; longer is "not stored"
AGAIN_S = 0.25  # between two tries to reach the server
QUEUED = 1024  # raw messages of one subscription between the socket and its callback
SETTLE_S = 5.0  # for the server to take what was sent; it does within milliseconds
NOBODY = "ee.nobody"  # a subject that nothing answers
OTHER_SETTINGS = 10058  # "stream name already in use with a different configuration"

Callback = Callable[[Msg], Awaitable[None]]


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    """Whatever the client library raises becomes a `BusError` saying what did not happen."""
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError, ValueError) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        raise BusError(f"{what}: {why}") from error


class NatsLink:
    """One connection; it remembers what was subscribed and runs the tasks that live as long as it does."""

    def __init__(self, url: str, token: str, name: str, replicas: int) -> None:
        self.dropped: Counter[str] = Counter()
        self.replicas = replicas
        self.client = Client()
        self.js = JetStreamContext(self.client)
        self._url, self._token, self._name = url, token, name
        self._told = False
        self._closing = False
        self._subscribed: list[tuple[str, str, Callback]] = []
        self._streams: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """Whether the server cannot be reached now."""
        return not self.client.is_connected

    def reachable(self, what: str) -> None:
        """`BusError` when away: what is sent into a lost connection would arrive when nobody waits for it any more."""
        if self.away:
            raise BusError(f"{what}: the bus is away")

    async def open(self) -> None:
        """Connect, trying for ever, and say again what this process hears and answers."""
        self.client = Client()
        try:
            await self.client.connect(
                self._url,
                token=self._token,
                name=self._name,
                max_reconnect_attempts=-1,
                reconnect_time_wait=AGAIN_S,  # type: ignore[arg-type]  # a float is what asyncio.sleep takes
                ping_interval=5,
                pending_size=2 * MAX_PAYLOAD_BYTES,
                error_cb=self._failed,
                disconnected_cb=self._lost,
                reconnected_cb=self._back,
                closed_cb=self._shut,
            )
        except BaseException:
            self._closing = True
            await self.client.close()
            raise
        self.js = self.client.jetstream(timeout=ACK_S)
        for subject, queue, callback in self._subscribed:
            await self.client.subscribe(subject, queue, callback, pending_msgs_limit=QUEUED)
        await self._back()

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, nats.errors.SlowConsumerError):
            self.dropped[f"slow.{error.subject.split('.')[1]}"] += 1
        elif not self.client.is_connected:
            self._gone(error)

    async def _lost(self) -> None:
        if not self._closing:
            self._gone("the connection is lost")

    def _gone(self, why: object) -> None:
        level = logging.DEBUG if self._told else logging.WARNING
        LOG.log(level, "The bus at %s is away, trying again: %s", self._url, why)
        self._told = True

    async def _back(self) -> None:
        self._streams.clear()
        if self._told:
            LOG.info("The bus at %s is back", self._url)
        self._told = False

    async def _shut(self) -> None:
        """The library gives a connection up for good when the server refuses it; we do not."""
        if not self._closing:
            self.start(self.open(), "reopen the bus")

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run a task until the connection is closed."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ready(self, config: StreamConfig) -> None:
        """Make sure the stream exists; once a connection."""
        name = str(config.name)
        if name in self._streams:
            return
        try:
            await self.js.add_stream(config)
        except APIError as error:
            if error.err_code != OTHER_SETTINGS:
                raise
            await self.js.update_stream(config)
        self._streams.add(name)

    async def subscribe(self, subject: str, queue: str, callback: Callback) -> None:
        """Subscribe, and be sure that the server knows when this returns, unless it is away."""
        self._subscribed.append((subject, queue, callback))
        with contextlib.suppress(nats.errors.Error):
            await self.client.subscribe(subject, queue, callback, pending_msgs_limit=QUEUED)
            if self.client.is_connected:
                await self._settled()

    async def _settled(self) -> None:
        """Wait until the server has taken all that was sent before.

        The library's own `flush` sends its PING past what still waits to be written (nats-py 2.16), so its answer
        proves nothing. A request waits in the same queue, and the server says at once that nobody answers it.
        """
        with contextlib.suppress(nats.errors.NoRespondersError):
            await self.client.request(NOBODY, timeout=SETTLE_S)

    async def close(self) -> None:
        """Stop the tasks, flush and go."""
        self._closing = True
        await stopped(self._tasks)
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            if self.client.is_connected:
                await self._settled()
        await self.client.close()
