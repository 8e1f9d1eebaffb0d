"""One request and one answer, without a network; and what a change of a zone means to another system. Pure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from embereye_addon.errors import LinkError
from embereye_addon.messages import AlarmChanged, ZoneState
from embereye_addon.settings.model import Adapter
from embereye_addon.settings.outside import split_target

ANSWER_MAX: Final = 65536
"""More of an answer is not read; a real one has 200 bytes."""
STARS: Final = "***"
_RANK: Final = {ZoneState.NORMAL: 0, ZoneState.PRE_ALARM: 1, ZoneState.ALARM: 2}


class Refused(LinkError):  # noqa: N818 - says what it means
    """The other system answered, and will not do it: asking again changes little. The text holds no secret."""

    code = "refused"


class Silent(LinkError):  # noqa: N818 - says what it means
    """The other system did not answer in time."""

    code = "silent"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` follows the adapter's URL and is quoted already; a query key with None stands bare.

    At most one of `json` (bytes of a JSON document) and `form` is sent.
    """

    method: str
    path: str
    query: tuple[tuple[str, str | None], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: bytes | None = None
    form: Mapping[str, str] | None = None

    @property
    def query_text(self) -> str:
        """The query as it goes over the wire."""
        return "&".join(
            _quoted(key) if value is None else f"{_quoted(key)}={_quoted(value)}" for key, value in self.query
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, at most `ANSWER_MAX` bytes of the body, and the cookies that were set."""

    status: int
    body: bytes = b""
    cookies: Mapping[str, str] = field(default_factory=dict)


Send = Callable[[Call], Awaitable[Answer]]
"""The door: one request, one answer; `LinkError` in words when there is none."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: which alarm, where, in which state the zone is now, since when, in words, and as JSON.

    `delivery` is the same for every try of one change. A `test` says so wherever words are sent.
    """

    alarm_id: str
    delivery: str
    zone: str
    zone_name: str
    state: ZoneState
    at: float
    text: str
    body: bytes
    test: bool = False

    @property
    def headline(self) -> str:
        """One line for a memo or a label: `EmberEye: fire alarm in Hall`."""
        if self.test:
            return "EmberEye: a test, nothing burns"
        what = {
            ZoneState.ALARM: "fire alarm",
            ZoneState.PRE_ALARM: "fire pre-alarm",
            ZoneState.NORMAL: "back to normal",
        }
        return f"EmberEye: {what[self.state]} in {self.zone_name}"


def news_of(change: AlarmChanged, body: bytes) -> News:
    """A change as it is told; `body` is the event's JSON."""
    return News(
        change.id,
        f"{change.id}:{change.now}",
        change.zone,
        change.name,
        change.now,
        change.at,
        change.explanation.text,
        body,
    )


def begins(settings: Adapter, state: ZoneState) -> bool:
    """Whether a zone that went to this state is something to be told of."""
    return _RANK[state] >= _RANK[ZoneState(settings.begin_at)]


def targets_of(settings: Adapter, change: AlarmChanged) -> tuple[str, ...]:
    """What the other system calls the cameras this change is about, each once, in the order of the settings."""
    sources = {share.point.rpartition(".")[0] for share in change.explanation.shares}
    meant = {"*", change.zone, *sources}
    lines = (split_target(line) for line in settings.targets)
    return tuple(dict.fromkeys(theirs for what, theirs in lines if what in meant))


def _quoted(text: str) -> str:
    return quote(text, safe="")


def part(text: str) -> str:
    """`text` as one part of a path: slashes and dots of a name lead nowhere else."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if set(text) == {"."} else quoted


def hidden(text: str, settings: Adapter, *more: str) -> str:
    """`text` with every secret of the adapter, also percent-encoded, replaced by stars."""
    for secret in (settings.key, settings.password, *more):
        for form in {secret, _quoted(secret)}:
            if len(form) >= 3:
                text = text.replace(form, STARS)
    return text
