"""Faults (trouble): what is expected to speak, what it says of itself, and what follows. Pure.

A fault begins when its cause is first seen and ends by itself when the cause ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from embereye_addon.messages import BLIND, Fault

CODES = {
    "stream_lost": "The camera's stream is lost",
    "no_picture": "The camera's stream holds no picture that can be decoded",
    "picture_black": "The camera's picture is black",
    "picture_over_exposed": "The camera's picture is over-exposed",
    "picture_frozen": "The camera's picture is frozen",
    "picture_defocused": "The camera's picture is out of focus",
    "lens_covered": "The camera's lens is covered, or dense smoke is before it",
    "view_moved": "The camera was moved or turned",
    "not_watched": "No process watches this source",
    "rate_too_low": "Fewer pictures a second are looked at than the camera's minimum",
    "not_looked": "Pictures come, but the model has not looked at them",
    "model_failed": "The detection model fails on this picture",
    "device_silent": "The PF device is silent",
    "uncalibrated": "The PF device is not calibrated, so its heat cannot be judged",
    "not_judged": "The PF device speaks, but its heat is not judged",
    "bad_frames": "The PF device sends damaged frames",
    "device_late": "The PF device is late",
    "frames_implausible": "Thermal frames of the PF device cannot be true",
    "supply_drift": "The thermal array's supply drifts",
    "chip_drift": "The thermal array's chip temperature drifts",
    "gain_drift": "The thermal array's gain drifts",
    "dead_pixels": "Too many pixels of the thermal array cannot be believed",
    "pixels_unreliable": "The thermal array's pixels are unreliable",
    "frame_frozen": "The thermal picture of the PF device is frozen",
    "dead_subpage": "One half of the thermal picture is frozen",
    "supply_out_of_range": "The thermal array's supply or chip temperature is out of range",
    "sensor_swapped": "Another thermal chip is in the PF device than before",
    "input_out_of_range": "An input of the PF device is at the end of its range",
    "input_stuck": "An input of the PF device does not move",
    "input_warming_up": "A gas or smoke input of the PF device warms up and is not judged yet",
    "thermal_self_test": "The judging of heat fails its self-test",
    "port_taken": "The port for PF devices cannot be opened",
    "model_missing": "The detection model cannot be loaded",
    "model_fallback": "The promoted model cannot be used; the shipped one looks instead",
    "model_self_test": "The detection model fails its self-test",
    "external_unheard": "The broker cannot be heard, so a detector from elsewhere says nothing",
    "external_unavailable": "A detector from elsewhere is not there",
    "external_silent": "A detector from elsewhere is silent",
    "external_unknown": "The state of a detector from elsewhere is not known",
    "external_unreadable": "What a detector from elsewhere says cannot be read",
    "adapter_failing": "Another system cannot be told of alarms",
    "broker_disconnected": "The MQTT broker is not connected; alarms wait and keep their time",
    "broker_refuses": "The MQTT broker refuses our messages",
    "web_port_taken": "The page's port cannot be opened",
    "panel_silent": "The panel does not speak",
    "node_lost": "A machine does not answer, or nobody supervises it",
    "zone_blind": "Nothing in this zone can see a fire",
    "clock_jump": "The machine's clock jumped",
    "process_lost": "A process does not answer",
    "process_hung": "A process hung and was started again",
    "process_restarts": "A process keeps ending and is restarted again and again",
    "disk_nearly_full": "The disk is nearly full; history and clips are given up, alarms are kept",
    "disk_full": "The disk refuses; alarms go out but cannot be kept",
    "journal_lost": "The journal was damaged and set aside, or is kept in memory only",
    "journal_cut": "The journal lacks rows at its end; alarms were restored from its second copy",
    "spare_lost": "The second copy of the panel's state was damaged, so the journal's end cannot be checked",
    "journal_broken": "The journal's chain is broken",
    "outbox_lost": "The outbox was damaged and set aside, or is kept in memory only",
    "outbox_refused": "The outbox cannot be written; alarms wait in memory",
    "state_lost": "What the panel had kept could not be read",
    "configuration_rejected": "The settings were refused; the last good ones are in use",
}
"""Every code with its words; a source that claims another code is shown with the words it sends."""

SOURCE_SILENCE_S = 12.0
PROCESS_SILENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that must speak: the longest silence (s), and the fault that silence is."""

    silence_s: float
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """Who must speak, when each was last heard (monotonic s), what each says, and the faults that stand.

    `zones` says by zone which sources watch it.
    """

    expected: dict[str, Expected]
    heard_s: dict[str, float]
    said: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    standing: dict[tuple[str, str], Fault] = field(default_factory=dict)
    zones: Mapping[str, frozenset[str]] = field(default_factory=dict)


def opened(expected: dict[str, Expected], now_mono_s: float, zones: Mapping[str, frozenset[str]] | None = None) -> Book:
    """A book at the start: everybody gets one full silence before being missed."""
    return Book(expected, dict.fromkeys(expected, now_mono_s), zones=zones or {})


def expecting(book: Book, about: str, expected: Expected, now_mono_s: float) -> Book:
    """From now on `about` is missed when it falls silent; who was on the list stays there as it is."""
    if about in book.expected:
        return book
    heard_s = {**book.heard_s, about: now_mono_s}
    return replace(book, expected={**book.expected, about: expected}, heard_s=heard_s)


def heard(book: Book, about: str, says: tuple[tuple[str, str], ...], now_mono_s: float) -> Book:
    """`about` spoke and claims these faults (code, text); an empty tuple claims to be well."""
    return replace(book, heard_s={**book.heard_s, about: now_mono_s}, said={**book.said, about: says})


def check(book: Book, now_mono_s: float, at: float) -> tuple[Book, tuple[Fault, ...], tuple[Fault, ...]]:
    """The book after a look at the clock, the faults that began and those that ended."""
    now = dict(_claims(book, now_mono_s))
    now.update(_blind_zones(book.zones, tuple(now)))
    began = tuple(
        Fault(code=key[0], about=key[1], since=at, text=text) for key, text in now.items() if key not in book.standing
    )
    ended = tuple(fault for key, fault in book.standing.items() if key not in now)
    standing = {key: fault for key, fault in book.standing.items() if key in now}
    standing.update({(fault.code, fault.about): fault for fault in began})
    return replace(book, standing=standing), began, ended


def _claims(book: Book, now_mono_s: float) -> Iterable[tuple[tuple[str, str], str]]:
    """Every fault that stands now. One that fell silent has only that to its name: what it last said is old."""
    for about, expected in book.expected.items():
        if now_mono_s - book.heard_s[about] > expected.silence_s:
            yield (expected.code, about), expected.text
    for about, says in book.said.items():
        silence_s = book.expected[about].silence_s if about in book.expected else PROCESS_SILENCE_S
        if now_mono_s - book.heard_s[about] <= silence_s:
            for code, text in says:
                yield (code, about), text or CODES.get(code, code)


def _blind_zones(
    zones: Mapping[str, frozenset[str]], claims: tuple[tuple[str, str], ...]
) -> Iterable[tuple[tuple[str, str], str]]:
    """The zones none of whose sources can see. One without any sources has nothing that could fail."""
    why: dict[str, str] = {}
    for code, about in claims:
        if code in BLIND:
            why.setdefault(about, code)
    for zone, sources in zones.items():
        if sources and sources <= why.keys():
            listed = "; ".join(f"{source}: {CODES[why[source]]}" for source in sorted(sources))
            words = f"Nothing in this zone can see a fire: it is not watched until one of these is mended: {listed}"
            yield ("zone_blind", f"zone.{zone}"), words[:400]
