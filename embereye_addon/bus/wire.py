"""How a message crosses: MessagePack bytes, its subject, and the identity that makes a second sending harmless."""

import functools
import re
from typing import Any, TypeVar

import msgspec

from embereye_addon.messages import AlarmChanged, IncidentChanged, Message
from embereye_addon.topology import CHANNEL_OF, REQUEST_OF

T = TypeVar("T")

MAX_PAYLOAD_BYTES = 1024 * 1024  # a Snapshot is at most 512 KiB of JPEG and 32 boxes; the server has the same limit

_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[type, msgspec.msgpack.Decoder[Any]] = {}
_NOT_IN_A_SUBJECT = re.compile(r"[^A-Za-z0-9_-]")


def encode(message: msgspec.Struct) -> bytes:
    """The MessagePack bytes of a fact, a question or an answer."""
    return _ENCODER.encode(message)


def decode(kind: type[T], payload: bytes) -> T | None:
    """A message of type `kind`, its limits checked; None when the payload is too long or is not one. Never raises."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        if kind not in _DECODERS:
            _DECODERS[kind] = msgspec.msgpack.Decoder(kind)
        message: T = _DECODERS[kind].decode(payload)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    return message


@functools.lru_cache(maxsize=4096)
def tokens(name: str) -> str:
    """`name` as subject tokens: dots divide, empty tokens vanish, what a subject cannot hold becomes `_`."""
    parts = (_NOT_IN_A_SUBJECT.sub("_", part) for part in name.split(".") if part)
    return ".".join(parts) or "_"


def fact_subject(message: Message) -> str:
    """`ee.<channel>.<source>`; KeyError for a type that is not in `topology.CHANNELS`."""
    return f"ee.{CHANNEL_OF[type(message)].name}.{tokens(message.source)}"


def hear_subject(kind: type[Message]) -> str:
    """The pattern of every fact of one type."""
    return f"ee.{CHANNEL_OF[kind].name}.>"


def ask_subject(kind: type, at: str) -> str:
    """`ee.ask.<request>[.<at>]`; KeyError for a type that is not in `topology.REQUESTS`."""
    name = REQUEST_OF[kind].name
    return f"ee.ask.{name}.{tokens(at)}" if at else f"ee.ask.{name}"


def identity(message: Message) -> str:
    """What makes two sayings of an event the same: incident, new state and number; else source and number."""
    if isinstance(message, AlarmChanged):
        return f"{message.id}:{message.now}:{message.seq}"
    if isinstance(message, IncidentChanged):
        return f"{message.incident.id}:{message.news}:{message.number}"
    return f"{message.source}:{message.seq}"


def unanswered(request: Any, to: str, why: str) -> str:
    """The words of a question without an answer: who was asked for what, and why there is none."""
    row = REQUEST_OF[type(request)]
    whom = f"{row.answerer} for {to}" if to else f"{row.answerer}"
    return f"'{row.name}' was not answered by the {whom}: {why}"
