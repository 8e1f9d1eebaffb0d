"""From an MQTT message to a command for the panel. Pure; never raises on any input."""

from dataclasses import dataclass

from embereye_addon.messages import Acknowledge, Command, Reset, Resound, Silence
from embereye_addon.publish.topics import Topics

BY = "Home Assistant / MQTT, person unknown"
"""A broker does not say who published; the journal must not pretend to know."""
MAX_PAYLOAD_BYTES = 64
"""The only payload is a word; a longer one is somebody's mistake."""
PRESS = b"PRESS"

_COMMANDS: dict[str, type[Command]] = {
    "acknowledge": Acknowledge,
    "silence": Silence,
    "resound": Resound,
    "reset": Reset,
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
    if len(payload) > MAX_PAYLOAD_BYTES or payload.strip().upper() != PRESS:
        return Refusal("the payload must be PRESS")
    return _COMMANDS[place.key](by=BY, way="mqtt", target=place.zone)
