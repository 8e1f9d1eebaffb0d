"""Home Assistant's REST and WebSocket API, as far as the system tests speak them."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]


class HomeAssistantError(RuntimeError):
    """Home Assistant refused a request or did not come up; the text has its own words."""


@dataclass(frozen=True, slots=True)
class Change:
    """One state an entity took: the state string, None when the entity went away, and its attributes."""

    entity_id: str
    state: str | None
    attributes: Json


class Api:
    """The two APIs below one address; `token` is sent as soon as it is set. It belongs to no event loop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""

    def fetch(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, form: bool = False) -> bytes:
        """One REST request, blocking; HomeAssistantError when refused, OSError when nobody answers."""
        request = urllib.request.Request(self.url + path, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = urllib.parse.urlencode(body).encode() if form else json.dumps(body).encode()
            request.add_header("Content-Type", "application/x-www-form-urlencoded" if form else "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                words = refusal.read()[:400].decode(errors="replace")
            raise HomeAssistantError(f"{method} {path}: {refusal.code} {words}") from None
        return content

    def fetch_json(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, form: bool = False) -> Any:
        """The same for an answer in JSON."""
        return json.loads(self.fetch(method, path, body, form=form) or b"null")

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """`fetch_json` off the event loop."""
        return await asyncio.to_thread(self.fetch_json, method, path, body)

    async def command(self, kind: str, **fields: Any) -> Any:
        """The result of one command of the WebSocket API, on a connection of its own."""
        async with self._socket() as socket:
            return await _command(socket, kind, fields)

    @asynccontextmanager
    async def watch(self, entity_ids: Sequence[str]) -> AsyncIterator[list[Change]]:
        """Gives a list that grows by every state which these entities take inside the `async with` block."""
        seen: list[Change] = []
        async with self._socket() as socket:
            await _command(socket, "subscribe_events", {"event_type": "state_changed"})
            reader = asyncio.create_task(_note(socket, entity_ids, seen))
            try:
                yield seen
            finally:
                reader.cancel()
                with suppress(asyncio.CancelledError):
                    await reader

    @asynccontextmanager
    async def hear(self, kind: str) -> AsyncIterator[list[Json]]:
        """Gives a list that grows by what every event of a kind holds, inside the `async with` block."""
        heard: list[Json] = []
        async with self._socket() as socket:
            await _command(socket, "subscribe_events", {"event_type": kind})
            reader = asyncio.create_task(_take(socket, heard))
            try:
                yield heard
            finally:
                reader.cancel()
                with suppress(asyncio.CancelledError):
                    await reader

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        address = self.url + "/api/websocket"
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            await socket.receive_json()  # it asks who we are
            await socket.send_json({"type": "auth", "access_token": self.token})
            if (answer := await socket.receive_json())["type"] != "auth_ok":
                raise HomeAssistantError(f"the WebSocket API refused the token: {answer}")
            yield socket


async def _command(socket: aiohttp.ClientWebSocketResponse, kind: str, fields: Mapping[str, Any]) -> Any:
    await socket.send_json({"id": 1, "type": kind, **fields})
    while True:
        answer = await socket.receive_json()
        if answer.get("id") == 1 and answer["type"] == "result":
            if not answer["success"]:
                raise HomeAssistantError(f"{kind}: {answer['error']}")
            return answer["result"]


async def _note(socket: aiohttp.ClientWebSocketResponse, entity_ids: Sequence[str], seen: list[Change]) -> None:
    async for message in socket:
        event = json.loads(message.data).get("event")
        if event is not None and event["data"]["entity_id"] in entity_ids:
            new = event["data"]["new_state"] or {"state": None, "attributes": {}}
            seen.append(Change(event["data"]["entity_id"], new["state"], new["attributes"]))


async def _take(socket: aiohttp.ClientWebSocketResponse, heard: list[Json]) -> None:
    async for message in socket:
        event = json.loads(message.data).get("event")
        if event is not None:
            heard.append(event["data"])
