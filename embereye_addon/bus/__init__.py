"""One bus: say, hear, follow, ask, answer, hold a lease. `memory` for tests, `nats` for real."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol, TypeVar

from embereye_addon.messages import Message

M = TypeVar("M", bound=Message)

LEASE_TTL_S = 15.0
LEASE_RENEW_S = 3.0
LEASE_MARGIN_S = 1.5


class Lease(Protocol):
    """An exclusive role. The holder stops by its own clock `LEASE_MARGIN_S` before the lease ends."""

    name: str
    owner: str

    def held(self, now_mono_s: float) -> bool:
        """Whether this owner may still act at `now_mono_s` (monotonic seconds)."""

    async def renew(self) -> bool:
        """Take or renew it. False when it is somebody else's, or the bus is away."""

    async def release(self) -> None:
        """Give it back, if held; never raises."""


class Bus(Protocol):
    """What every process may do. A type's channel and what is owed to its hearers stand in `topology`."""

    @property
    def dropped(self) -> Counter[str]:
        """Losses of this process: `away.`, `slow.`, `bad.` or `failed.` and the channel."""

    async def say(self, message: Message) -> None:
        """Tell a fact. Newest wins: never waits for hearers; while the bus is away it is dropped and counted.

        A type of a `Keep.EVERY` channel is acknowledged by the store; `BusError` when it was not.
        A second saying with the same `id` is swallowed.
        """

    async def hear(self, kind: type[M], hearer: Callable[[M], None]) -> None:
        """Call `hearer` in the event loop for each fact of that type from now on."""

    async def follow(self, kind: type[M], name: str, hearer: Callable[[M], Awaitable[None]]) -> None:
        """Every fact of a `Keep.EVERY` type, in order, from where follower `name` left off.

        A fact counts as delivered when `hearer` returns; when it raises, it comes again later.
        """

    async def retire(self, kind: type[M], prefix: str, staying: Collection[str]) -> tuple[str, ...]:
        """End the places of the followers whose names begin with `prefix` and are not in `staying`; gives their names.

        `BusError` when the bus is away. Such a follower that comes again begins with the oldest that is kept.
        """

    async def ask(self, request: Any, to: str = "", timeout_s: float = 2.0) -> Any:
        """Ask and wait for the answer of the type `topology` gives; `to` names one answerer. `BusError` on none."""

    async def answer(self, kind: type, answerer: Callable[[Any], Awaitable[Any]], at: str = "") -> None:
        """Answer questions of that type, those sent to `at` when given."""

    def lease(self, name: str, owner: str) -> Lease:
        """The lease of that name, for that owner; nothing is taken yet."""

    async def close(self) -> None:
        """Flush and go."""
