"""Where in a stranger's payload a value stands: `value`, or `value_json.name[0]["other name"]`. Pure; not a template.

The words look like the templates that installers know, and can do nothing else: no calls, no filters, no loops. A
path has at most `STEPS_MAX` steps and is walked once, so nobody who writes to a topic can make it work long.
"""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from embereye_addon.settings.mistakes import CodedError

STEPS_MAX: Final = 8
TEXT_MAX: Final = 200
FOUND_MAX: Final = 200
"""Longest value; whatever is longer is no state of a detector."""
EXAMPLE: Final = "value_json.smoke"
CONDITION: Final = "value_json.after.label=fire"

_HEAD: Final = re.compile(r"value_json|value")
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]{0,63})|\[(0|[1-9]\d{0,3})\]|\[\"([^\"\\\x00-\x1f]{1,64})\"\]")
_PLAIN: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")

Step = str | int


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a payload holds no value there, in words that repeat nothing of it but names of its types."""

    why: str


@dataclass(frozen=True, slots=True)
class Path:
    """The whole payload as text (`json` is False), or a place in its JSON."""

    json: bool
    steps: tuple[Step, ...] = ()

    def text(self) -> str:
        """The words that `parse` reads."""
        return ("value_json" if self.json else "value") + "".join(_words(step) for step in self.steps)

    def take(self, payload: bytes) -> str | Miss:
        """The value there, as text: `true`, `false`, `null`, a number as JSON writes it. Never raises."""
        if not self.json:
            return _bounded(payload[: FOUND_MAX + 1].decode(errors="replace").strip())
        try:
            place = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Miss("it is not JSON")
        for count, step in enumerate(self.steps):
            there, place = _walked(place, step)
            if not there:
                return Miss(f"it has no {Path(True, self.steps[: count + 1]).text()}")
        return _as_text(place)


@dataclass(frozen=True, slots=True)
class Condition:
    """A path and the word that must, or must not, stand there for a message to be meant."""

    path: Path
    word: str
    equal: bool = True

    def text(self) -> str:
        """The words that `parse_condition` reads."""
        return f"{self.path.text()}{'=' if self.equal else '!='}{self.word}"

    def holds(self, payload: bytes) -> bool:
        """Whether the message is meant; one that has nothing at the path is not."""
        found = self.path.take(payload)
        return isinstance(found, str) and (found.casefold() == self.word.casefold()) is self.equal


def parse(text: str) -> Path:
    """The path in `text`; `ValueError` with words the installer can act on."""
    path, rest = _parsed(text.strip())
    if rest:
        raise CodedError("path_rest", rest=rest[:24], example=EXAMPLE)
    return path


def parse_condition(text: str) -> Condition:
    """The condition in `text`; `ValueError` in words."""
    path, rest = _parsed(text.strip())
    equal = rest.startswith("=")
    word = rest.removeprefix("=" if equal else "!=").strip()
    if not (equal or rest.startswith("!=")) or not word:
        raise CodedError("condition_form", example=CONDITION)
    return Condition(path, word, equal)


def _parsed(text: str) -> tuple[Path, str]:
    """The longest path at the beginning, and what follows it."""
    if len(text) > TEXT_MAX:
        raise CodedError("path_long", most=TEXT_MAX)
    head = _HEAD.match(text)
    if head is None:
        raise CodedError("path_begin", example=EXAMPLE)
    steps: list[Step] = []
    at = head.end()
    while head[0] == "value_json" and (found := _STEP.match(text, at)) is not None:
        name, number, quoted = found.groups()
        steps.append(int(number) if number is not None else str(name or quoted))
        at = found.end()
    if len(steps) > STEPS_MAX:
        raise CodedError("path_steps", n=len(steps), most=STEPS_MAX)
    return Path(head[0] == "value_json", tuple(steps)), text[at:].strip()


def _walked(place: object, step: Step) -> tuple[bool, object]:
    """Whether there is such a place, and what stands there."""
    if isinstance(step, int):
        return (True, place[step]) if isinstance(place, list) and step < len(place) else (False, None)
    return (True, place[step]) if isinstance(place, dict) and step in place else (False, None)


def _words(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.match(step) else f'["{step}"]'


def _as_text(value: object) -> str | Miss:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case str():
            return _bounded(value.strip())
        case int() | float():
            return _bounded(msgspec.json.encode(value).decode())
        case _:
            return Miss(f"there is a {'list' if isinstance(value, list) else 'mapping'} where one value should be")


def _bounded(text: str) -> str | Miss:
    return text if len(text) <= FOUND_MAX else Miss(f"the value has more than {FOUND_MAX} characters")
