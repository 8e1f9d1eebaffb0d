"""Who may come in, and under which name: Home Assistant's ingress, this machine, or a holder of the token."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from embereye_addon.errors import ProtocolError

INGRESS_PEER: Final = "172.30.32.2"
"""The Supervisor's address in its own network; every ingress request comes from there."""
SUPERVISOR_PEERS: Final = frozenset({INGRESS_PEER, "172.30.32.1"})
"""Who may ask /health inside an add-on: the Supervisor, and the host's end of its network."""
HEALTH: Final = "/health"
COOKIE: Final = "embereye_token"
NAME_MAX: Final = 80
"""As long as `messages.Command.by` may be."""


class RefusedError(ProtocolError):
    """A request that is not let in; the text says what to do about it."""

    code = "refused"

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Door:
    """How this server is reached: inside an add-on or not, and the token of the settings ('' = none set)."""

    inside: bool = False
    token: str = ""
    ingress: str = INGRESS_PEER


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules look at: the peer's address, and the request's path, headers, cookies and `?token=`."""

    peer: str
    path: str
    headers: Mapping[str, str]
    cookie: str = ""
    query_token: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was let in: the name for the journal, the way, whether by ingress, and whether to set the cookie."""

    by: str
    way: str
    ingress: bool = False
    set_cookie: bool = False


def cookie_value(token: str) -> str:
    """What the cookie holds: not the token, but something only its holder can have."""
    return hmac.new(token.encode(), b"embereye page cookie", hashlib.sha256).hexdigest()


def admit(door: Door, asked: Asked) -> Caller:
    """The caller, or `RefusedError` in words."""
    peer = _plain(asked.peer)
    if door.inside:
        if peer == door.ingress:
            return Caller(by=_person(asked.headers), way="ui", ingress=True)
        if asked.path == HEALTH and peer in SUPERVISOR_PEERS:
            return Caller(by="Supervisor", way="api")
        if not _is_loopback(peer):
            raise RefusedError(403, "Open this page from Home Assistant's side bar: no other address is let in")
    if _is_loopback(peer) and _is_local(asked.headers):
        return Caller(by="local page", way="ui")
    return _token_holder(door, asked, peer)


def _token_holder(door: Door, asked: Asked, peer: str) -> Caller:
    if not door.token:
        raise RefusedError(
            403, "Only this machine may open the page. To open it from elsewhere, set web.token in the settings"
        )
    bearer = asked.headers.get("Authorization", "")
    offered = bearer.removeprefix("Bearer ").strip() if bearer.startswith("Bearer ") else ""
    if _same(offered, door.token):
        return Caller(by=f"token web.token from {peer}"[:NAME_MAX], way="api")
    by_query = _same(asked.query_token, door.token)
    if by_query or _same(asked.cookie, cookie_value(door.token)):
        return Caller(by=f"token web.token from {peer}"[:NAME_MAX], way="ui", set_cookie=by_query)
    raise RefusedError(
        401,
        "A token is needed: open the page once with ?token=..., or send it as Authorization: Bearer ... (web.token)",
    )


def from_own_page(caller: Caller, headers: Mapping[str, str]) -> bool:
    """Whether a request that does something comes from our own page or from no page at all (CSRF).

    The browser's own word (Sec-Fetch-Site) counts; an older one's Origin must name this host. Behind ingress the
    host's name depends on proxies we do not know, and Home Assistant's SameSite cookie has kept strangers out.
    """
    said = headers.get("Sec-Fetch-Site")
    if said is not None:
        return said in ("same-origin", "none")
    origin = headers.get("Origin")
    if origin is None or caller.ingress:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("Host", "").lower() != ""
    except ValueError:
        return False


def _person(headers: Mapping[str, str]) -> str:
    """Home Assistant's user, as the Supervisor names him; it removes such headers where the browser sent them."""
    for header in ("X-Remote-User-Display-Name", "X-Remote-User-Name"):
        name = "".join(letter for letter in headers.get(header, "") if letter.isprintable()).strip()
        if name:
            return name[:NAME_MAX]
    return "Home Assistant, person unknown"


def _plain(peer: str) -> str:
    """The address without an IPv4-in-IPv6 wrapping or an interface's name; what is none stays as it is."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_local(headers: Mapping[str, str]) -> bool:
    """Whether the browser meant this machine: no proxy between, and no foreign name that leads here (DNS rebinding)."""
    if any(name in headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded")):
        return False
    try:
        name = urlsplit(f"//{headers.get('Host', '')}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _same(given: str, right: str) -> bool:
    """Compared in constant time; nothing given is never right."""
    return bool(given) and hmac.compare_digest(given.encode(errors="surrogateescape"), right.encode())
