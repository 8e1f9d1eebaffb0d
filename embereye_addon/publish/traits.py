"""What goes with a message beside its payload: content type and message expiry, by its topic. Pure.

An alarm's state never expires: it is latched. What ages is handed out by the broker no longer than it is worth.
"""

from dataclasses import dataclass
from typing import Final

EVENT_S: Final = 3600
"""An event that a client gets later than this is history; its id and time are in the retained state."""
PICTURE_S: Final = 600
MEASURED_S: Final = 600
"""A measurement of a program that is gone; while it lives it is said again in a third of this."""
MEASURED: Final = frozenset(("camera", "pf", "external"))
"""Subjects whose state is a measurement."""
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Traits:
    """The content type ('' = unsaid) and the seconds after which the broker forgets it (0 = never)."""

    content_type: str = ""
    expiry_s: int = 0


def traits_of(base: str, topic: str) -> Traits:
    """The traits of what is published at a topic of ours; anything outside our base is JSON for Home Assistant."""
    if not topic.startswith(f"{base}/"):
        return Traits(_JSON)
    levels = topic[len(base) + 1 :].split("/")
    match levels[-1]:
        case "snapshot" | "picture":
            return Traits("image/png" if levels[0] == "pf" else "image/jpeg", PICTURE_S)
        case "event":
            return Traits(_JSON, EVENT_S)
        case "state":
            return Traits(_JSON, MEASURED_S if levels[0] in MEASURED else 0)
        case "answer":
            return Traits(_JSON, EVENT_S)
        case _:
            return Traits(_TEXT)
