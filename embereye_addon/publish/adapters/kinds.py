"""What each other system wants to hear, as its own documentation says. Pure: the door and the time are handed in.

`begin` gives back what `end` needs (an event's id, or ""). Both raise `Refused` when the system will not, in words
without a secret, and let `LinkError` of the door pass. `lasting` systems hold a state that must be ended.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from embereye_addon.publish.adapters.calls import Answer, Call, News, Refused, Send, part
from embereye_addon.settings.model import Adapter

TOKEN_MAX = 2048
ID_MAX = 80
SHOWN_MAX = 80
JSON_TYPE = MappingProxyType({"Content-Type": "application/json"})


class System(Protocol):
    """One other system. `targeted`: it is told of each of its cameras; else once a change."""

    lasting: bool
    targeted: bool

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Say that it begins (or got worse) at their camera; `now` is UTC seconds."""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """Say that it ended."""


def _good(answer: Answer, what: str) -> Answer:
    """The answer, if its status says that it was done; words otherwise."""
    if 200 <= answer.status < 300:
        return answer
    why = {
        401: "it wants another user name or password",
        403: "this user may not do that",
        404: "it knows no such camera or address",
    }.get(answer.status, "it leads elsewhere: give its own address" if 300 <= answer.status < 400 else "")
    raise Refused(f"{what}: HTTP {answer.status}{f', {why}' if why else ''}")


def _json(answer: Answer, what: str) -> dict[str, Any]:
    """The answer's JSON object."""
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused(f"{what}: the answer is no JSON object; is this the right address?") from None


def _word(value: object, most: int) -> str:
    return value if isinstance(value, str) and 0 < len(value) <= most and value.isprintable() else ""


@dataclass(slots=True)
class Login:
    """A token that is asked for once, kept in memory, and asked for again when it is not taken any more."""

    ask: Callable[[Send], Any]
    wanted: bool
    token: str = ""

    async def calling(self, send: Send, make: Callable[[str], Call]) -> Answer:
        """The answer to a call made with the token; a token that ran out is renewed once."""
        if self.wanted and not self.token:
            self.token = await self.ask(send)
        answer = await send(make(self.token))
        if answer.status == 401 and self.wanted:
            self.token = await self.ask(send)
            answer = await send(make(self.token))
        return answer


@dataclass(slots=True)
class Frigate:
    """Frigate 0.14 to 0.17: a manual event without a duration, ended by its id."""

    settings: Adapter
    lasting: bool = True
    targeted: bool = True
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        self.login = Login(self._token, bool(self.settings.username))

    async def _token(self, send: Send) -> str:
        words = {"user": self.settings.username, "password": self.settings.password}
        call = Call("POST", "/api/login", headers=JSON_TYPE, json=msgspec.json.encode(words))
        answer = _good(await send(call), "the login failed")
        token = _word(answer.cookies.get("frigate_token", ""), TOKEN_MAX)
        if not token:
            raise Refused("the login gave no token; use its port 8971 with a user, 5000 without")
        return token

    def _headers(self, token: str) -> Mapping[str, str]:
        return {**JSON_TYPE, "Authorization": f"Bearer {token}"} if token else JSON_TYPE

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Create an event on the camera of that name."""
        del now
        path = f"/api/events/{part(theirs)}/{part(self.settings.label)}/create"
        body = msgspec.json.encode(
            {"sub_label": news.headline[:100], "score": 1, "duration": None, "include_recording": True}
        )
        answer = await self.login.calling(
            send, lambda token: Call("POST", path, headers=self._headers(token), json=body)
        )
        what = f"the event on {theirs!r} was not created"
        words = _json(_good(answer, what), what)
        token = _word(words.get("event_id"), ID_MAX)
        if words.get("success") is not True or not token:
            raise Refused(f"{what}: {_word(words.get('message'), SHOWN_MAX) or 'it gave no event id'}")
        return token

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """End the event; one that is not there any more has ended."""
        del news, now
        answer = await self.login.calling(
            send, lambda key: Call("PUT", f"/api/events/{part(token)}/end", headers=self._headers(key), json=b"{}")
        )
        if answer.status != 404:
            _good(answer, f"the event on {theirs!r} was not ended")


@dataclass(slots=True)
class BlueIris:
    """Blue Iris 5: the administrator's command that triggers a camera by its short name."""

    settings: Adapter
    lasting: bool = False
    targeted: bool = True

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Trigger the camera, with a memo for its alert."""
        del now
        query: tuple[tuple[str, str | None], ...] = (
            ("camera", theirs),
            ("trigger", None),
            ("memo", news.headline[:100]),
        )
        if self.settings.username:
            query = (*query, ("user", self.settings.username), ("pw", self.settings.password))
        _good(await send(Call("GET", "/admin", query)), f"{theirs!r} was not triggered")
        return ""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """A trigger ends by itself."""


@dataclass(slots=True)
class AgentDvr:
    """Agent DVR 5: recording and an alert of a camera (object type 2) by its object id."""

    settings: Adapter
    lasting: bool = True
    targeted: bool = True

    async def _command(self, command: str, theirs: str, send: Send) -> None:
        settings = self.settings
        pair = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"} if settings.username else {}
        call = Call("GET", "/command.cgi", (("cmd", command), ("oid", theirs), ("ot", "2")), headers)
        answer = _good(await send(call), f"{command} of camera {theirs} was not done")
        if b'"error"' in answer.body[:200].lower():
            raise Refused(f"{command} of camera {theirs} was not done: it answered with an error")

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Record, and raise its alert."""
        del news, now
        await self._command("record", theirs, send)
        await self._command("alert", theirs, send)
        return ""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """Stop recording."""
        del news, token, now
        await self._command("recordStop", theirs, send)


@dataclass(slots=True)
class ZoneMinder:
    """ZoneMinder 1.34 and newer: force a monitor's alarm on, cancel it; the URL holds its path, usually /zm."""

    settings: Adapter
    lasting: bool = True
    targeted: bool = True
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        self.login = Login(self._token, bool(self.settings.username))

    async def _token(self, send: Send) -> str:
        form = {"user": self.settings.username, "pass": self.settings.password}
        what = "the login failed"
        words = _json(_good(await send(Call("POST", "/api/host/login.json", form=form)), what), what)
        token = _word(words.get("access_token"), TOKEN_MAX)
        if not token:
            raise Refused("the login gave no access token; is the API switched on (OPT_USE_API)?")
        return token

    async def _alarm(self, command: str, theirs: str, send: Send) -> None:
        path = f"/api/monitors/alarm/id:{part(theirs)}/command:{command}.json"
        answer = await self.login.calling(send, lambda token: Call("GET", path, (("token", token),) if token else ()))
        what = f"the alarm of monitor {theirs} was not switched {command}"
        words = _json(_good(answer, what), what)
        if str(words.get("status")).casefold() == "false":
            raise Refused(f"{what}: {_word(words.get('error'), SHOWN_MAX) or 'it says no'}")

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Force the monitor's alarm."""
        del news, now
        await self._alarm("on", theirs, send)
        return ""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """Cancel the forced alarm."""
        del news, token, now
        await self._alarm("off", theirs, send)


@dataclass(slots=True)
class Shinobi:
    """Shinobi: its detector is triggered for a monitor; API key and group key stand in the path."""

    settings: Adapter
    lasting: bool = False
    targeted: bool = True

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Trigger the monitor."""
        del now
        reason = "test" if news.test else "fire"
        words = {"plug": "EmberEye", "name": news.zone_name, "reason": reason, "confidence": 100}
        path = f"/{part(self.settings.key)}/motion/{part(self.settings.group)}/{part(theirs)}"
        call = Call("GET", path, (("data", msgspec.json.encode(words).decode()),))
        what = f"the monitor {theirs!r} was not triggered"
        body = _good(await send(call), what).body
        if b'"ok":false' in body.replace(b" ", b"") or b"Not Authorized" in body or b"No Group" in body:
            raise Refused(f"{what}: it does not know this API key, group or monitor")
        return ""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """A trigger ends by itself."""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the hex HMAC-SHA256 of timestamp, full stop and body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Webhook:
    """Anybody: the event's JSON, signed with the time, so that a copy sent later can be told from it."""

    settings: Adapter
    lasting: bool = True
    targeted: bool = False

    async def _post(self, news: News, send: Send, now: float) -> None:
        timestamp = str(int(now))
        headers = {
            **JSON_TYPE,
            "X-EmberEye-Timestamp": timestamp,
            "X-EmberEye-Delivery": news.delivery,
            self.settings.header: signature(self.settings.key, timestamp, news.body),
        }
        _good(await send(Call("POST", "", headers=headers, json=news.body)), "the webhook was not taken")

    async def begin(self, news: News, theirs: str, send: Send, now: float) -> str:
        """Post the change."""
        del theirs
        await self._post(news, send, now)
        return ""

    async def end(self, news: News, theirs: str, token: str, send: Send, now: float) -> None:
        """Post the end."""
        del theirs, token
        await self._post(news, send, now)


KINDS: Mapping[str, Callable[[Adapter], System]] = MappingProxyType(
    {
        "frigate": Frigate,
        "blue_iris": BlueIris,
        "agent_dvr": AgentDvr,
        "zoneminder": ZoneMinder,
        "shinobi": Shinobi,
        "webhook": Webhook,
    }
)
"""By `kind` of the settings."""
