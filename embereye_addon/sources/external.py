"""Detectors of somebody else's, heard by MQTT: from payloads to what a point says. Pure; never raises on any payload.

What a message says is a state: it holds until another message says something else. A retained copy, which the broker
hands out when we begin to listen, is a state as well, of unknown age: it counts like any other, but it is no sign of
life. What the detector's silence or absence makes unknown is no longer said, in either direction.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from embereye_addon.messages import Evidence, Kind, LinkState, Rule
from embereye_addon.settings import paths
from embereye_addon.settings.model import External
from embereye_addon.settings.paths import Condition, Miss, Path

PAYLOAD_MAX: Final = 16384
"""Longest payload that is looked at; an event of Frigate has 2 to 6 KB."""
UNHEARD_S: Final = 60.0
"""A topic on which nothing has come for so long since the start says nothing: not yet "no fire"."""
QUIET_NATS: Final = -0.1
"""As an input of a PF device that is off (`fuse.analog`)."""
SHOWN_MAX: Final = 40
UNKNOWN_WORDS: Final = frozenset(("unavailable", "unknown", "none", "null", ""))
"""What Home Assistant and others say when they do not know."""
UP_WORDS: Final = frozenset(("online", "available", "on", "true", "1"))
DOWN_WORDS: Final = frozenset(("offline", "unavailable", "stopped", "off", "false", "0"))
_AVAILABILITY: Final = Path(True, ("state",))


Read = tuple[bool | None, float | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """One external as it is read: its paths parsed, its words folded, whether its hard rule is in force."""

    settings: External
    path: Path
    only: tuple[Condition, ...]
    on: frozenset[str]
    off: frozenset[str]
    ruled: bool

    @property
    def source(self) -> str:
        """Its source id."""
        return f"ext.{self.settings.id}"

    @property
    def point(self) -> str:
        """The id of its one point."""
        return f"{self.source}.{self.settings.kind}"


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one external; times are monotonic seconds of this machine.

    `on` is None while it is not known. `value` is what was read, as it may be shown; `retained` says that the state
    came as a retained copy. `available` is None where nobody says.
    """

    since_s: float
    on: bool | None = None
    value: str = ""
    number: float | None = None
    on_s: float = 0.0
    heard_s: float | None = None
    retained: bool = False
    available: bool | None = None
    wrong: str = ""
    received: int = 0
    rejected: int = 0
    skipped: int = 0


def planned(settings: External, *, hard: bool) -> Plan:
    """How to read an external of checked settings; `hard` says whether its zone's rule for inputs is in force."""
    return Plan(
        settings,
        paths.parse(settings.value),
        tuple(paths.parse_condition(line) for line in settings.only),
        frozenset(word.casefold() for word in settings.on_words),
        frozenset(word.casefold() for word in settings.off_words),
        hard and settings.worth == "pre_alarm",
    )


def heard(plan: Plan, state: State, payload: bytes, now_s: float, *, retained: bool) -> State:
    """The state after one message on the topic. What cannot be read changes nothing but the count, and says why."""
    if not payload:
        return state  # a cleared topic
    if len(payload) > PAYLOAD_MAX:
        return _rejected(state, f"the message has more than {PAYLOAD_MAX // 1024} KiB")
    if not all(each.holds(payload) for each in plan.only):
        return replace(state, skipped=state.skipped + 1)
    found = plan.path.take(payload)
    read = found if isinstance(found, Miss) else _read(plan, state, found)
    if isinstance(read, Miss):
        return _rejected(state, read.why)
    on, number = read
    return replace(
        state,
        on=on,
        value=str(found)[:SHOWN_MAX],
        number=number,
        on_s=now_s if on else state.on_s,
        heard_s=state.heard_s if retained else now_s,
        retained=retained,
        wrong="",
        received=state.received + 1,
    )


def _read(plan: Plan, state: State, found: str) -> Read | Miss:
    """What the value says: on, off or None (they do not know), and the number it is."""
    word = found.casefold()
    if word in UNKNOWN_WORDS - plan.on - plan.off:
        return None, None
    return _worded(plan, found) if plan.settings.threshold is None else _numbered(plan, state, found)


def _rejected(state: State, why: str) -> State:
    return replace(state, rejected=state.rejected + 1, wrong=why)


def _worded(plan: Plan, found: str) -> Read | Miss:
    word = found.casefold()
    if word in plan.on or word in plan.off:
        return word in plan.on, None
    return Miss(f"{_shown(found)} is none of the words for on or off")


def _numbered(plan: Plan, state: State, found: str) -> Read | Miss:
    """On at the threshold; off again only `hysteresis` behind it."""
    settings = plan.settings
    try:
        number = float(found)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        return Miss(f"{_shown(found)} is no number")
    assert settings.threshold is not None
    beyond = settings.threshold - number if settings.below else number - settings.threshold
    return beyond >= (-settings.hysteresis if state.on else 0.0), number


def _shown(found: str) -> str:
    return repr(found if len(found) <= SHOWN_MAX else f"{found[: SHOWN_MAX - 1]}…")


def told_available(state: State, payload: bytes) -> State:
    """The state after one message on the availability topic: a word, or JSON with the word as `state`."""
    if not payload:
        return replace(state, available=None)
    found = _AVAILABILITY.take(payload[:PAYLOAD_MAX]) if payload.lstrip()[:1] == b"{" else Path(False).take(payload)
    word = found.casefold() if isinstance(found, str) else ""
    if word in UP_WORDS or word in DOWN_WORDS:
        return replace(state, available=word in UP_WORDS)
    return _rejected(state, "what its availability topic says is neither online nor offline")


def known(plan: Plan, state: State, now_s: float) -> bool | None:
    """Whether the detector is on, as far as that can be known now."""
    if state.available is False or _silent(plan, state, now_s):
        return None
    if state.on and plan.settings.hold_s and now_s - state.on_s > plan.settings.hold_s:
        return False
    return state.on


def _silent(plan: Plan, state: State, now_s: float) -> bool:
    last_s = state.since_s if state.heard_s is None else state.heard_s
    return now_s - last_s > plan.settings.silence_s


def evidence(plan: Plan, state: State, now_s: float) -> tuple[Evidence, ...]:
    """What the point says now; nothing while its state is not known."""
    on = known(plan, state, now_s)
    if on is None:
        return ()
    return (
        Evidence(
            point=plan.point,
            kind=Kind(plan.settings.kind),
            llr_nats=plan.settings.nats if on else QUIET_NATS,
            value=float(on) if state.number is None else state.number,
            unit="on/off" if state.number is None else "",
            cap_nats=plan.settings.nats,
            rules=(Rule.EXTERNAL_INPUT,) if on and plan.ruled else (),
        ),
    )


def link(plan: Plan, state: State, now_s: float, *, listening: bool) -> LinkState:
    """How well the detector is heard; `listening` says that the broker is there and lets us listen."""
    if not listening or state.available is False or _silent(plan, state, now_s):
        return LinkState.OFFLINE
    if known(plan, state, now_s) is None:
        return LinkState.CONNECTING
    return LinkState.DEGRADED if state.wrong else LinkState.ONLINE


def faults(plan: Plan, state: State, now_s: float) -> tuple[tuple[str, str], ...]:
    """What is wrong with one that we listen to, as (code, words)."""
    topic = plan.settings.topic
    found: list[tuple[str, str]] = []
    if state.available is False:
        found.append(("external_unavailable", "The detector's own system says that it is not there"))
    elif _silent(plan, state, now_s):
        found.append(("external_silent", f"Nothing has come on {topic} for {_lasting(plan.settings.silence_s)}"))
    elif state.on is None and now_s - state.since_s > UNHEARD_S:
        words = "says that its state is not known" if state.received else "has said nothing since the start"
        found.append(("external_unknown", f"The topic {topic} {words}"))
    if state.wrong:
        found.append(("external_unreadable", f"What comes on {topic} cannot be read: {state.wrong}"))
    return tuple((code, text[:400]) for code, text in found)


def _lasting(seconds: int) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds} s"
