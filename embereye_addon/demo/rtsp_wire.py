"""What an RTSP server reads and writes, without I/O: requests, answers, logins, SDP, H.264 and H.265 in RTP.

RFC 2326 (RTSP 1.0), RFC 2617 and 7616 (Basic and Digest), RFC 6184 (H.264 in RTP), RFC 7798 (H.265), RFC 4566 (SDP).
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from embereye_addon.demo.clips import EncodedClip, units

# A real client's request is under 1 KiB; more is noise or an attack.
HEAD_LIMIT = 8192
BODY_LIMIT = 4096
HEADERS_LIMIT = 64
# Below the 1500 octets of Ethernet with IP, UDP and RTP headers.
PAYLOAD_LIMIT = 1400
PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000
REALM = "EmberEye demo"
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The stream's name: the URL's path without slashes around it and without the track."""
        try:
            path = urlsplit(self.url).path
        except ValueError:
            return ""
        return path.strip("/").removesuffix("trackID=0").rstrip("/")


@dataclass(slots=True)
class RequestReader:
    """Bytes from a client to requests; never raises. `broken` says why nothing more is read."""

    broken: str = ""
    skipped: int = 0
    _held: bytearray = field(default_factory=bytearray)

    def feed(self, received: bytes) -> list[Request]:
        """The requests completed by these bytes; interleaved packets ($) are skipped and counted."""
        self._held += received
        found: list[Request] = []
        while not self.broken and self._held:
            taken = self._interleaved() if self._held[0] == 0x24 else self._request(found)
            if not taken:
                break
            del self._held[:taken]
        if self.broken:
            self._held.clear()
        return found

    def _interleaved(self) -> int:
        if len(self._held) < 4:
            return 0
        size = 4 + int.from_bytes(self._held[2:4], "big")
        if len(self._held) < size:
            return 0
        self.skipped += 1
        return size

    def _request(self, found: list[Request]) -> int:
        end = self._held.find(b"\r\n\r\n", 0, HEAD_LIMIT)
        if end < 0:
            if len(self._held) >= HEAD_LIMIT:
                self.broken = "the request's head is too long"
            return 0
        lines = bytes(self._held[:end]).decode("utf-8", "replace").split("\r\n")
        headers = _headers(lines[1:])
        first = lines[0].split(" ")
        if headers is None or len(first) != 3 or not first[2].startswith("RTSP/1."):
            self.broken = "this is not an RTSP request"
            return 0
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,5}", length) or int(length) > BODY_LIMIT:
            self.broken = "the request's body is too long"
            return 0
        size = end + 4 + int(length)
        if len(self._held) < size:
            return 0
        found.append(Request(first[0], first[1], headers))
        return size


def _headers(lines: list[str]) -> dict[str, str] | None:
    if len(lines) > HEADERS_LIMIT:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, text = line.partition(":")
        if not colon or not name.strip():
            return None
        headers[name.strip().lower()] = text.strip()
    return headers


def answer(status: int, request: Request | None, headers: dict[str, str] | None = None, body: str = "") -> bytes:
    """An answer's bytes; the request's CSeq is given back when it is a number."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    cseq = request.headers.get("cseq", "") if request else ""
    if re.fullmatch("[0-9]{1,10}", cseq):
        lines.append(f"CSeq: {cseq}")
    lines += [f"{name}: {text}" for name, text in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Login:
    """Who may watch a path, and how it is asked."""

    user: str
    password: str = field(repr=False)
    scheme: Literal["basic", "digest"] = "digest"

    def challenge(self, nonce: str) -> str:
        """The WWW-Authenticate header of a 401."""
        if self.scheme == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"'

    def admits(self, request: Request, nonce: str) -> bool:
        """Whether the request's Authorization header is right; never raises."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != self.scheme:
            return False
        if self.scheme == "basic":
            right = base64.b64encode(f"{self.user}:{self.password}".encode())
            return hmac.compare_digest(rest.strip().encode(), right)
        return self._digest(request, dict(re.findall(r'(\w+)\s*=\s*"?([^",]*)"?', rest)), nonce)

    def _digest(self, request: Request, given: dict[str, str], nonce: str) -> bool:
        if given.get("username") != self.user or given.get("nonce") != nonce:
            return False
        who = _md5(f"{self.user}:{REALM}:{self.password}")
        what = _md5(f"{request.method}:{given.get('uri', '')}")
        middle = f"{nonce}:{given.get('nc')}:{given.get('cnonce')}:auth" if given.get("qop") else nonce
        right = _md5(f"{who}:{middle}:{what}")
        return hmac.compare_digest(given.get("response", "").encode(), right.encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sdp(clip: EncodedClip, host: str) -> str:
    """The stream's description."""
    coding: tuple[str, ...] = (f"a=rtpmap:{PAYLOAD_TYPE} H265/{CLOCK_HZ}",)
    if clip.codec == "h264":
        sets = ",".join(base64.b64encode(one).decode() for one in (clip.sps, clip.pps))
        formats = f"packetization-mode=1;profile-level-id={clip.sps[1:4].hex().upper()};sprop-parameter-sets={sets}"
        coding = (f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}", f"a=fmtp:{PAYLOAD_TYPE} {formats}")
    lines = (
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=EmberEye demo camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        *coding,
        f"a=framerate:{clip.fps:g}",
        "a=control:trackID=0",
    )
    return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True, slots=True)
class Transport:
    """How a client wants its packets: the interleaved channel of its connection, or its UDP port."""

    channel: int | None = None
    client_port: int | None = None


def transport(header: str) -> Transport | None:
    """The first way of a Transport header which can be served, or None; never raises."""
    for choice in header[:1024].split(","):
        words = [word.strip() for word in choice.split(";")]
        given = dict(word.split("=", 1) for word in words if "=" in word)
        if "multicast" in words:
            continue
        if words[0].upper() == "RTP/AVP/TCP":
            channel = _number(given.get("interleaved", "0"))
            if channel is not None and channel < 255:
                return Transport(channel=channel)
        elif words[0].upper() in {"RTP/AVP", "RTP/AVP/UDP"}:
            port = _number(given.get("client_port", ""))
            if port is not None and 1024 <= port < 65535:
                return Transport(client_port=port)
    return None


def _number(pair: str) -> int | None:
    """The first of `a-b` or `a`."""
    match = re.match("[0-9]{1,5}", pair, re.ASCII)
    return int(match[0]) if match else None


def payloads(annex_b: bytes, codec: str = "h264") -> tuple[bytes, ...]:
    """RTP payloads of one coded picture: a NAL unit each, or fragments (FU-A, FU) of those above PAYLOAD_LIMIT."""
    pieces: list[bytes] = []
    for unit in units(annex_b):
        if len(unit) <= PAYLOAD_LIMIT:
            pieces.append(unit)
            continue
        if codec == "hevc":
            head, kind, begin = bytes(((unit[0] & 0x81) | 49 << 1, unit[1])), unit[0] >> 1 & 63, 2
        else:
            head, kind, begin = bytes(((unit[0] & 0xE0) | 28,)), unit[0] & 31, 1
        step = PAYLOAD_LIMIT - 3
        for start in range(begin, len(unit), step):
            first, last = (0x80 if start == begin else 0), (0x40 if start + step >= len(unit) else 0)
            pieces.append(head + bytes((first | last | kind,)) + unit[start : start + step])
    return tuple(pieces)


def packets(pieces: tuple[bytes, ...], sequence: int, stamp: int, source: int) -> list[bytes]:
    """RTP packets of one picture: the marker on the last, numbers wrapped to their fields."""
    last = len(pieces) - 1
    return [
        struct.pack(
            "!BBHII",
            0x80,
            PAYLOAD_TYPE | (0x80 if index == last else 0),
            (sequence + index) & 0xFFFF,
            stamp & 0xFFFFFFFF,
            source,
        )
        + piece
        for index, piece in enumerate(pieces)
    ]


def interleaved(rtp: list[bytes], channel: int) -> bytes:
    """RTP packets framed for the RTSP connection."""
    return b"".join(struct.pack("!BBH", 0x24, channel, len(packet)) + packet for packet in rtp)
