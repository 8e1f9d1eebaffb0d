"""The door for requests that go out: bounded in time and size, no redirects, no cookies, no proxy, nothing logged."""

import asyncio
import functools
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from embereye_addon.errors import LinkError
from embereye_addon.publish.adapters.calls import ANSWER_MAX, Answer, Call, Silent
from embereye_addon.settings.model import Adapter

CHUNK = 8192
_NAMES: Final = ThreadPoolExecutor(4, thread_name_prefix="adapter-names")
"""Threads of their own: a name server that hangs must not hold those that keep alarms on disk."""


class _Names(AbstractResolver):
    """Addresses of names, asked for in `_NAMES`."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver`."""
        ask = functools.partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(_NAMES, ask)
        return [
            ResolveResult(hostname=host, host=str(place[0]), port=port, family=kind, proto=proto, flags=0)
            for kind, _type, proto, _name, place in found
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Http:
    """Sends one adapter's calls, each over a connection of its own; what a server keeps open costs nobody."""

    def __init__(self, settings: Adapter) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        where = urlsplit(settings.url).netloc
        untrusted = f"the certificate of {where} is not trusted; see tls_check"
        self._odd = f"what {where} answers is no HTTP that can be read"
        self._words: tuple[tuple[type[BaseException], str], ...] = (
            (TimeoutError, f"{where} does not answer within {settings.timeout_s:g} s"),
            (aiohttp.ClientConnectorCertificateError, untrusted),
            (ssl.SSLCertVerificationError, untrusted),
            (aiohttp.ClientConnectorSSLError, f"TLS with {where} failed; is it https there?"),
            (aiohttp.ClientConnectorDNSError, f"the name {where} is not known in this network"),
            (aiohttp.ClientConnectorError, f"nobody listens at {where}"),
            (aiohttp.ServerDisconnectedError, f"{where} closed the connection"),
            (ConnectionError, f"{where} closed the connection"),
        )

    async def send(self, call: Call) -> Answer:
        """The answer; `LinkError` in words, which hold host and port and no secret, when there is none."""
        limit = aiohttp.ClientTimeout(total=self._settings.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=limit,
                    connector=aiohttp.TCPConnector(resolver=_Names(), force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                ) as door,
                door.request(
                    call.method,
                    self._url(call),
                    headers={"Accept-Encoding": "identity", "User-Agent": "EmberEye", **call.headers},
                    data=call.json if call.json is not None else call.form,
                    allow_redirects=False,
                    ssl=self._settings.tls_check,
                ) as answer,
            ):
                cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
                return Answer(answer.status, await _body(answer.content), cookies)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as err:
            raise (Silent if isinstance(err, TimeoutError) else LinkError)(self._why(err)) from None

    def _url(self, call: Call) -> URL:
        query = call.query_text
        mark = "&" if "?" in self._base else "?"
        return URL(
            f"{self._base if call.path else self._settings.url}{call.path}{mark + query if query else ''}", encoded=True
        )

    def _why(self, err: BaseException) -> str:
        """Never the error's own words: they may hold the address with a key in it."""
        return next((words for kind, words in self._words if isinstance(err, kind)), self._odd)


async def _body(content: aiohttp.StreamReader) -> bytes:
    """At most `ANSWER_MAX` bytes."""
    found = bytearray()
    while len(found) < ANSWER_MAX and (piece := await content.read(min(CHUNK, ANSWER_MAX - len(found)))):
        found += piece
    return bytes(found)
