"""What the RTSP server reads and writes."""

import base64
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.demo import rtsp_wire as wire
from embereye_addon.demo.clips import EncodedClip, Packet, units

REQUEST = b"DESCRIBE rtsp://h:1/yard RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nabc"
CLIP = EncodedClip("h264", 64, 48, 10.0, b"\x67\x64\x00\x1e", b"\x68\xee", (Packet(0.0, True, b""),))


def request(method: str = "DESCRIBE", url: str = "rtsp://h/yard", **headers: str) -> wire.Request:
    """A request as the reader gives it."""
    return wire.Request(method, url, headers)


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_any_bytes_are_survived_and_never_pile_up(pieces: list[bytes]) -> None:
    """A port scanner must not crash the demo or eat its memory."""
    reader = wire.RequestReader()
    for piece in pieces:
        reader.feed(piece)
    assert len(reader._held) <= 65_539 + 300


@given(st.integers(1, 60), st.integers(1, 3))
def test_requests_arrive_in_any_pieces(step: int, count: int) -> None:
    """TCP cuts where it likes; a packet of the client's between requests is skipped."""
    stream = (b"$\x01\x00\x04abcd" + REQUEST) * count
    reader = wire.RequestReader()
    found = [one for start in range(0, len(stream), step) for one in reader.feed(stream[start : start + step])]
    assert [(one.method, one.path, one.headers["cseq"]) for one in found] == [("DESCRIBE", "yard", "2")] * count
    assert reader.skipped == count
    assert not reader.broken


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"DESCRIBE rtsp://h/a RTSP/1.0\r\nno colon\r\n\r\n",
        b"DESCRIBE rtsp://h/a RTSP/1.0\r\nContent-Length: 999999\r\n\r\n",
        b"DESCRIBE rtsp://h/a RTSP/1.0\r\nContent-Length: minus\r\n\r\n",
        b"DESCRIBE rtsp://h/a RTSP/1.0\r\n" + b"a: b\r\n" * 80 + b"\r\n",
        b"x" * 9000,
    ],
)
def test_what_is_no_request_ends_the_reading(noise: bytes) -> None:
    """Too much, too many and other protocols are refused with a reason."""
    reader = wire.RequestReader()
    assert reader.feed(noise) == []
    assert reader.broken
    assert reader.feed(REQUEST) == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("rtsp://h:1/a/b/trackID=0", "a/b"),
        ("rtsp://u:p@h/a?x=1", "a"),
        ("rtsp://h/a/", "a"),
        ("*", "*"),
        ("rtsp://[h/a", ""),
    ],
)
def test_the_path_is_found_in_the_url(url: str, path: str) -> None:
    """Clients put slashes, queries and track names behind the path."""
    assert request(url=url).path == path


def test_an_answer_keeps_the_number_and_counts_its_body() -> None:
    """A wrong CSeq or length makes clients hang; a line break in CSeq must not become a header."""
    assert wire.answer(200, request(cseq="7"), {"A": "b"}, "é") == (
        b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nA: b\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )
    assert b"CSeq" not in wire.answer(400, None)
    assert b"CSeq" not in wire.answer(400, request(cseq="seven"))


def test_basic_login() -> None:
    """Old cameras ask for Basic: right opens, wrong and Digest do not."""
    login = wire.Login("me", "p:w", "basic")
    right = base64.b64encode(b"me:p:w").decode()
    assert login.challenge("n").startswith("Basic ")
    assert login.admits(request(authorization=f"Basic {right}"), "n")
    assert not login.admits(request(authorization="Basic xx"), "n")
    assert not login.admits(request(authorization="Digest xx"), "n")
    assert not login.admits(request(), "n")
    assert "p:w" not in repr(login)


@pytest.mark.parametrize("qop", [True, False])
def test_digest_login(qop: bool) -> None:
    """Both forms of Digest are understood; another password, user, nonce or method is not let in."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    def header(user: str, password: str, nonce: str) -> str:
        middle = f"{nonce}:00000001:c0ffee:auth" if qop else nonce
        proof = md5(f"{md5(f'{user}:{wire.REALM}:{password}')}:{middle}:{md5('DESCRIBE:rtsp://h/yard')}")
        more = ', qop=auth, nc=00000001, cnonce="c0ffee"' if qop else ""
        return (
            f'Digest username="{user}", realm="{wire.REALM}", nonce="{nonce}", uri="rtsp://h/yard", '
            f'response="{proof}"{more}'
        )

    login = wire.Login("me", "secret")
    assert 'nonce="n1"' in login.challenge("n1")
    assert login.admits(request(authorization=header("me", "secret", "n1")), "n1")
    assert not login.admits(request("PLAY", authorization=header("me", "secret", "n1")), "n1")
    for wrong in (header("me", "other", "n1"), header("you", "secret", "n1"), header("me", "secret", "n0")):
        assert not login.admits(request(authorization=wrong), "n1")


@given(st.text(max_size=200), st.sampled_from(["basic", "digest"]))
def test_no_header_crashes_the_login(text: str, scheme: str) -> None:
    """Authorization comes from strangers."""
    login = wire.Login("me", "secret", "basic" if scheme == "basic" else "digest")
    assert not login.admits(request(authorization=f"{scheme} {text}"), "n")


def test_transports() -> None:
    """The first way we can serve is taken; multicast, odd ports and unknown ones are not."""
    assert wire.transport("RTP/AVP/TCP;unicast;interleaved=2-3") == wire.Transport(channel=2)
    assert wire.transport("RTP/SAVP;x, RTP/AVP;unicast;client_port=5000-5001") == wire.Transport(client_port=5000)
    for wrong in ("RTP/AVP;multicast", "RTP/AVP;client_port=80-81", "RTP/AVP/TCP;interleaved=999", "", "RTP/AVP"):
        assert wire.transport(wrong) is None


@given(st.text(max_size=300))
def test_no_transport_header_crashes(text: str) -> None:
    """Transport comes from strangers too."""
    for header in (text, f"RTP/AVP;client_port={text}", f"RTP/AVP/TCP;interleaved={text}"):
        wire.transport(header)


def test_the_description_has_what_a_decoder_needs() -> None:
    """Without parameter sets in the description some players show nothing."""
    text = wire.sdp(CLIP, "127.0.0.1")
    assert "profile-level-id=64001E" in text
    assert f"sprop-parameter-sets={base64.b64encode(CLIP.sps).decode()}," in text


@given(st.lists(st.binary(min_size=1, max_size=9000).filter(lambda unit: b"\0\0" not in unit), max_size=4))
def test_units_survive_the_packets(made: list[bytes]) -> None:
    """What is cut into packets is put together again as it was (RFC 6184), each packet below the limit."""
    pieces = wire.payloads(b"".join(b"\0\0\0\1" + unit for unit in made))
    assert all(len(piece) <= wire.PAYLOAD_LIMIT for piece in pieces)
    joined: list[bytes] = []
    whole = {unit for unit in made if len(unit) <= wire.PAYLOAD_LIMIT}
    for piece in pieces:
        if piece in whole:
            joined.append(piece)
        elif piece[1] & 0x80:
            joined.append(bytes(((piece[0] & 0xE0) | (piece[1] & 31),)) + piece[2:])
        else:
            joined[-1] += piece[2:]
    assert joined == units(b"".join(b"\0\0\0\1" + unit for unit in made))


def test_the_last_packet_of_a_picture_is_marked_and_numbers_wrap() -> None:
    """Decoders wait for the marker; after 65,536 packets the number begins again."""
    rtp = wire.packets((b"a", b"b"), 0xFFFF, 1 << 32, 5)
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in rtp]
    assert heads == [(0x80, 96, 0xFFFF, 0, 5), (0x80, 96 | 0x80, 0, 0, 5)]
    assert wire.interleaved(rtp, 2) == b"$\x02\x00\x0d" + rtp[0] + b"$\x02\x00\x0d" + rtp[1]
