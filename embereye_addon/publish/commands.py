"""From an MQTT message to a command for the panel. Pure; never raises on any input."""

from dataclasses import dataclass

import msgspec

from embereye_addon.messages import (
    Acknowledge,
    Command,
    Commission,
    Connect,
    DayMode,
    Disable,
    Enable,
    EndCommission,
    EndSound,
    EndTest,
    Isolate,
    Promote,
    Reset,
    Resound,
    Restart,
    SelfTest,
    Silence,
    Sound,
    WalkTest,
)
from embereye_addon.publish.entities import DAY_MODES, ROWS
from embereye_addon.publish.rows import Row
from embereye_addon.publish.topics import BUTTONS, CommandTopic, Subject, Topics
from embereye_addon.publish.tuning import ids, wanted
from embereye_addon.settings import model

BY = "Home Assistant / MQTT, person unknown"
"""A broker does not say who published; the journal must not pretend to know."""
MAX_PAYLOAD_BYTES = 128
"""A payload is a word, a number, or what a siren is sent; a longer one is somebody's mistake."""
MAX_SOUND_S = 3600.0
"""A siren that is sounded by hand ends by itself after an hour at the latest."""
_MEANS: dict[tuple[str, str], type[Command]] = {
    ("acknowledge", "PRESS"): Acknowledge,
    ("silence", "PRESS"): Silence,
    ("resound", "PRESS"): Resound,
    ("reset", "PRESS"): Reset,
    ("self_test", "PRESS"): SelfTest,
    ("restart", "PRESS"): Restart,
    ("outputs", "ON"): Connect,
    ("outputs", "OFF"): Isolate,
    ("in_service", "ON"): Enable,
    ("in_service", "OFF"): Disable,
    ("walk_test", "ON"): WalkTest,
    ("walk_test", "OFF"): EndTest,
    ("commissioning", "ON"): Commission,
    ("commissioning", "OFF"): EndCommission,
    ("sounders", "ON"): Resound,
    ("sounders", "OFF"): Silence,
    ("model", "INSTALL"): Promote,
}
_WORDS = {"button": "PRESS", "update": "INSTALL"}
_ROWS = {(row.subject, row.key): row for row in ROWS if row.commanded}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is no command, in words; `clear` asks for its retained copy to be removed."""

    why: str
    clear: bool = False


class _Siren(msgspec.Struct, frozen=True):
    """What Home Assistant sends to a siren."""

    state: str
    duration: float = 0.0


def parse(topics: Topics, site: model.Site, topic: str, payload: bytes, retained: bool) -> Command | Refusal | None:
    """The command in a message, or why it is refused; None for an empty one (a cleared topic), which means nothing.

    `Promote` comes without the name of the model, which the topic does not tell.
    """
    if not payload:
        return None
    if retained:
        return Refusal("a retained command is refused: it would be carried out again at every connection", clear=True)
    place = topics.parse_command(topic)
    row = _row(place) if place is not None else None
    if place is None or row is None:
        return Refusal("no such command")
    if place.thing not in ids(site, place.subject):
        return Refusal(f"no such {'PF device' if place.subject is Subject.PF else place.subject}")
    word = payload.decode(errors="replace").strip() if len(payload) <= MAX_PAYLOAD_BYTES else ""
    wish = _wish(site, place, row, word)
    return Refusal(wish) if isinstance(wish, str) else wish


def _wish(site: model.Site, place: CommandTopic, row: Row, word: str) -> Command | str:
    """The command that a payload means at a place; else, in words, what the payload must be."""
    if row.setting:
        return wanted(site, row, place.thing, word, BY)
    if row.platform == "siren":
        return _siren(place, word)
    if row.key == "day_mode":
        return _day_mode(word)
    kind = _MEANS.get((place.key, word.upper()))
    if kind is None:
        return f"the payload must be {_WORDS.get(row.platform, 'ON or OFF')}"
    return kind(by=BY, way="mqtt", target=place.thing)


def _day_mode(word: str) -> Command | str:
    """By day, by night, or as the schedule says."""
    try:
        return msgspec.convert({"type": "DayMode", "by": BY, "way": "mqtt", "mode": word.lower()}, DayMode)
    except msgspec.ValidationError:
        return f"the payload must be one of {', '.join(DAY_MODES)}"


def _row(place: CommandTopic) -> Row | None:
    """The row that is commanded at a place; a zone takes every button of the site."""
    row = _ROWS.get((place.subject, place.key))
    if row is None and place.subject is Subject.ZONE and place.key in BUTTONS:
        return _ROWS[Subject.SITE, place.key]
    return row


def _siren(place: CommandTopic, word: str) -> Command | str:
    """A siren is sent ON, OFF, or JSON with a time; one of a PF device sounds by hand, the site's are its outputs."""
    try:
        asked = msgspec.json.decode(word, type=_Siren) if word.startswith("{") else _Siren(word)
    except msgspec.DecodeError:
        asked = _Siren("")
    state, for_s = asked.state.upper(), asked.duration
    if state not in ("ON", "OFF") or not 0.0 <= for_s <= MAX_SOUND_S:
        return f"the payload must be ON or OFF, or JSON with a state and a duration to {MAX_SOUND_S:g} s"
    if place.subject is Subject.SITE:
        return _MEANS[place.key, state](by=BY, way="mqtt")
    target = f"pf.{place.thing}"
    if state == "OFF":
        return EndSound(by=BY, way="mqtt", target=target)
    return Sound(by=BY, way="mqtt", target=target, for_s=for_s)
