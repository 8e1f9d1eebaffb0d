"""Keys and checks of what lies outside: `externals`, heard by MQTT, and `adapters`, told over HTTP."""

import re
from collections.abc import Mapping
from typing import Final

import voluptuous as vol

from embereye_addon.settings import paths
from embereye_addon.settings.findings import REQUIRED, Findings, Key, Section
from embereye_addon.settings.kinds import (
    Hint,
    Kind,
    choice,
    flag,
    ident,
    number,
    or_none,
    reference,
    secret,
    several,
    split_credentials,
    text,
    url,
    whole,
)
from embereye_addon.settings.mistakes import CodedError
from embereye_addon.settings.model import Adapter, External

EXTERNALS_MAX: Final = 64
ADAPTERS_MAX: Final = 16
TARGETS_MAX: Final = 64
NATS_MAX: Final = 11.5
"""Below the alarm threshold of the highest sensitivity (12): what a stranger says is never an alarm on its own."""
SECRET_MIN: Final = 16
_UNTOPIC: Final = re.compile(r"[+#\x00-\x1f\x7f\ufffd]")
_HEADER: Final = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,63}$")
_PART: Final = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_TARGET: Final = re.compile(r"^(\*|[a-z0-9][a-z0-9_-]{0,39}|cam\.[a-z0-9][a-z0-9_-]{0,39})\s*=\s*(\S.{0,63})$")
_NUMBERED: Final = ("agent_dvr", "zoneminder")
_TOLD: Final = ("frigate", "blue_iris", "agent_dvr", "zoneminder", "shinobi", "webhook")
TARGET_EXAMPLE: Final = "hall=hall_door"

_Row = Mapping[str, object]


def foreign_topic(*, empty: bool = False) -> Kind:
    """A topic of somebody else's: anything MQTT allows, without wildcards; with `empty` also ''."""

    def checked(value: str) -> str:
        if _UNTOPIC.search(value):
            raise Hint("topic_wildcard")
        if not value and not empty:
            raise vol.Invalid("empty")
        return value

    base = text(0, 200)
    words = "an MQTT topic of at most 200 characters without + and #" + (", or empty" if empty else "")
    form = {"input": "text", "min_length": 0 if empty else 1, "max_length": 200}
    return Kind(words, "str", form, vol.Schema(vol.All(base.schema, checked)))


def value_path() -> Kind:
    """A path as `paths.parse` reads it."""

    def parsed(value: str) -> str:
        try:
            return paths.parse(value).text()
        except CodedError as err:
            raise Hint(err.code, **err.values) from None

    form = {"input": "text", "min_length": 5, "max_length": paths.TEXT_MAX}
    words = f"value, or a path such as {paths.EXAMPLE}"
    return Kind(words, "str", form, vol.Schema(vol.All(text(1, 400).schema, parsed)))


def condition() -> Kind:
    """A condition as `paths.parse_condition` reads it."""

    def parsed(value: str) -> str:
        try:
            return paths.parse_condition(value).text()
        except CodedError as err:
            raise Hint(err.code, **err.values) from None

    form = {"input": "text", "min_length": 7, "max_length": paths.TEXT_MAX}
    words = f"a condition such as {paths.CONDITION}"
    return Kind(words, "str", form, vol.Schema(vol.All(text(1, 400).schema, parsed)))


def split_target(line: str) -> tuple[str, str]:
    """What is meant here (`*`, a zone or `cam.<id>`) and what the other system calls it; `CodedError` in words."""
    found = _TARGET.match(line.strip())
    if found is None:
        raise CodedError("target_form", example=TARGET_EXAMPLE)
    return found[1], found[2].strip()


def target() -> Kind:
    """A line as `split_target` reads it."""

    def parsed(value: str) -> str:
        try:
            return "=".join(split_target(value))
        except CodedError as err:
            raise Hint(err.code, **err.values) from None

    form = {"input": "text", "min_length": 3, "max_length": 112}
    return Kind(f"a line such as {TARGET_EXAMPLE}", "str", form, vol.Schema(vol.All(text(1, 112).schema, parsed)))


def header() -> Kind:
    """The name of an HTTP header."""
    form = {"input": "text", "pattern": _HEADER.pattern, "min_length": 1, "max_length": 64}
    words = "1 to 64 of a-z, A-Z, 0-9 and -, beginning with a letter"
    return Kind(words, "str", form, vol.Schema(vol.All(text(1, 64).schema, vol.Match(_HEADER))))


EXTERNALS: Final = Section(
    "externals",
    "Detectors from elsewhere",
    External,
    (
        Key("id", REQUIRED, ident(), "Id", "Never changes; appears in topics and entity ids."),
        Key("name", REQUIRED, text(1, 64), "Name"),
        Key("zone", REQUIRED, reference("zones"), "Zone"),
        Key("kind", REQUIRED, choice("smoke", "heat", "gas", "flame"), "Kind"),
        Key("topic", REQUIRED, foreign_topic(), "Topic", "Where the detector speaks; no wildcards."),
        Key("value", "value", value_path(), "Value", "value is the whole payload; value_json.smoke a key of its JSON."),
        Key("on_words", ["on", "true", "1"], several(text(1, 40), 1, 16), "Words for on"),
        Key("off_words", ["off", "false", "0"], several(text(1, 40), 1, 16), "Words for off"),
        Key("threshold", None, or_none(number(-1e6, 1e6)), "Threshold", "The value is a number; on from here."),
        Key("hysteresis", 0.0, number(0, 1e6), "Hysteresis", "Off only so far back from the threshold."),
        Key("below", False, flag(), "On below", "On at or below the threshold instead."),
        Key("only", [], several(condition(), 0, 8), "Only if", "Messages that do not meet all of these are skipped."),
        Key("worth", "pre_alarm", choice("pre_alarm", "evidence"), "Worth", "A pre-alarm alone, or evidence only."),
        Key("nats", 7.5, number(0.5, NATS_MAX, "nats"), "Weight", "What it adds to its zone's sum."),
        Key("hold_s", 0, whole(0, 3600, "s"), "Hold", "On lasts so long when nothing says off; 0: until off."),
        Key("silence_s", 90000, whole(10, 2592000, "s"), "Silence", "Hearing nothing for so long is a fault."),
        Key("availability_topic", "", foreign_topic(empty=True), "Availability topic", "online or offline."),
        Key("enabled", True, flag(), "Enabled"),
    ),
    most=EXTERNALS_MAX,
)
ADAPTERS: Final = Section(
    "adapters",
    "Other systems that are told",
    Adapter,
    (
        Key("id", REQUIRED, ident(), "Id", "Never changes; keeps the place among the alarms."),
        Key("kind", REQUIRED, choice(*_TOLD), "System"),
        Key("url", REQUIRED, url("http", "https"), "Address", "Without user and password."),
        Key("username", "", text(0, 64), "User name"),
        Key("password", "", secret(), "Password"),
        Key("key", "", secret(0, 256), "Key", "Shinobi's API key; the webhook's signing secret."),
        Key("group", "", text(0, 64), "Group", "Shinobi's group key."),
        Key(
            "targets",
            [],
            several(target(), 0, TARGETS_MAX),
            "Cameras there",
            "A zone, cam.<id> or *, then = and the camera's name, short name, id or number there.",
        ),
        Key("begin_at", "alarm", choice("pre_alarm", "alarm"), "From", "The state at which they are told."),
        Key("label", "embereye", text(1, 32), "Label", "What a manual event of Frigate is called."),
        Key("header", "X-EmberEye-Signature", header(), "Signature header", "Only of the webhook."),
        Key("per_minute", 30, whole(1, 600), "Requests a minute", "Never more than so many."),
        Key("keep_s", 900, whole(10, 86400, "s"), "Keep", "What could not be told for so long is dropped."),
        Key("timeout_s", 10.0, number(1, 60, "s"), "Timeout", "Of one request."),
        Key("tls_check", True, flag(), "Check certificate", "Off only for a certificate of their own."),
        Key("enabled", True, flag(), "Enabled"),
    ),
    most=ADAPTERS_MAX,
)


def cross_outside(clean: _Row, found: Findings) -> None:
    """What no key of an external or an adapter can tell alone."""
    lists: dict[str, list[dict[str, object]]] = {name: rows for name, rows in clean.items() if isinstance(rows, list)}
    broker = clean.get("mqtt")
    base = str(broker.get("base_topic", "")) if isinstance(broker, Mapping) else ""
    for i, row in enumerate(lists["externals"]):
        _external(row, f"externals[{i}]", base, found)
    for i, row in enumerate(lists["adapters"]):
        _adapter(row, f"adapters[{i}]", found)
        _targets(row, f"adapters[{i}].targets", lists, found)
    _echoes(lists, found)


def _external(row: _Row, where: str, base: str, found: Findings) -> None:
    for key in ("topic", "availability_topic"):
        if base and str(row.get(key, "")).startswith(f"{base}/"):
            found.tell(f"{where}.{key}", "own_topic")
    both = _folded(row.get("on_words")) & _folded(row.get("off_words"))
    if both and row.get("threshold") is None:
        found.tell(f"{where}.off_words", "on_and_off", word=min(both))


def _folded(words: object) -> set[str]:
    return {str(word).casefold() for word in words} if isinstance(words, list) else set()


def _adapter(row: _Row, where: str, found: Findings) -> None:
    _bare, username, password = split_credentials(str(row.get("url", "")))
    if username or password:
        found.tell(f"{where}.url", "url_credentials")
    kind, key = row.get("kind"), str(row.get("key", ""))
    if kind != "webhook" and "?" in str(row.get("url", "")):
        found.tell(f"{where}.url", "url_query")
    if kind == "webhook" and "key" in row and len(key) < SECRET_MIN:
        found.tell(f"{where}.key", "webhook_key", least=SECRET_MIN)
    if kind == "shinobi" and not (_PART.match(key) and _PART.match(str(row.get("group", "")))):
        found.tell(f"{where}.key", "shinobi_keys")


def _targets(row: _Row, where: str, lists: Mapping[str, list[dict[str, object]]], found: Findings) -> None:
    lines = row.get("targets")
    lines = lines if isinstance(lines, list) else []
    if row.get("kind") not in (None, "webhook") and "targets" in row and not lines:
        found.tell(where, "no_targets", example=TARGET_EXAMPLE)
    known = {"*", *(str(zone.get("id")) for zone in lists["zones"])}
    known |= {f"cam.{camera.get('id')}" for camera in lists["cameras"]}
    for i, line in enumerate(lines):
        what, theirs = split_target(str(line))
        if what not in known:
            found.tell(f"{where}[{i}]", "no_target", target=what)
        if row.get("kind") in _NUMBERED and not (theirs.isascii() and theirs.isdigit()):
            found.tell(f"{where}[{i}]", "camera_number", system=str(row["kind"]), theirs=theirs)


def _echoes(lists: Mapping[str, list[dict[str, object]]], found: Findings) -> None:
    """An event that we make at Frigate must not come back as a detector's word."""
    labels = {str(row.get("label", "")).casefold() for row in lists["adapters"] if row.get("kind") == "frigate"}
    for i, row in enumerate(lists["externals"]):
        heard = _folded(row.get("on_words")) | _folded([str(line).rpartition("=")[2] for line in _lines(row)])
        heard.add(str(row.get("topic", "")).rpartition("/")[2].casefold())
        if same := sorted(labels & heard):
            found.tell(f"externals[{i}]", "echo", label=same[0])


def _lines(row: _Row) -> list[object]:
    lines = row.get("only")
    return lines if isinstance(lines, list) else []
