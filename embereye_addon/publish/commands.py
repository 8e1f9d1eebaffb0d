"""From an MQTT message to a command for the panel. Pure; never raises on any input."""

from dataclasses import dataclass

from embereye_addon.messages import (
    Acknowledge,
    Command,
    Connect,
    Disable,
    Enable,
    EndTest,
    Isolate,
    Reset,
    Resound,
    Silence,
    WalkTest,
)
from embereye_addon.publish.topics import BUTTONS, Topics

BY = "Home Assistant / MQTT, person unknown"
"""A broker does not say who published; the journal must not pretend to know."""
MAX_PAYLOAD_BYTES = 64
"""The only payload is a word; a longer one is somebody's mistake."""
_MEANS: dict[tuple[str, bytes], type[Command]] = {
    ("acknowledge", b"PRESS"): Acknowledge,
    ("silence", b"PRESS"): Silence,
    ("resound", b"PRESS"): Resound,
    ("reset", b"PRESS"): Reset,
    ("outputs", b"ON"): Connect,
    ("outputs", b"OFF"): Isolate,
    ("in_service", b"ON"): Enable,
    ("in_service", b"OFF"): Disable,
    ("walk_test", b"ON"): WalkTest,
    ("walk_test", b"OFF"): EndTest,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no command, in words; `clear` asks for its retained copy to be removed."""

    why: str
    clear: bool = False


def parse(
    topics: Topics, zones: frozenset[str], topic: str, payload: bytes, retained: bool
) -> Command | Refusal | None:
    """The command in a message, or why it is refused; None for an empty one (a cleared topic), which means nothing."""
    if not payload:
        return None
    if retained:
        return Refusal("a retained command is refused: it would be carried out again at every connection", clear=True)
    place = topics.parse_command(topic)
    if place is None:
        return Refusal("no such command")
    if place.zone and place.zone not in zones:
        return Refusal("no such zone")
    kind = _MEANS.get((place.key, payload[: MAX_PAYLOAD_BYTES + 1].strip().upper()))
    if kind is None or len(payload) > MAX_PAYLOAD_BYTES:
        return Refusal("the payload must be PRESS" if place.key in BUTTONS else "the payload must be ON or OFF")
    return kind(by=BY, way="mqtt", target=place.zone)
