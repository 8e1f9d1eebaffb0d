"""The path language: what it reads, that it never raises on a payload, and that it can do nothing else."""

import contextlib
import json
import re
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.settings.paths import CONDITION, EXAMPLE, STEPS_MAX, Miss, Path, parse, parse_condition

NAMES = st.one_of(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,20}", fullmatch=True),
    st.text(st.characters(exclude_characters='"\\', exclude_categories=("Cc", "Cs")), min_size=1, max_size=20),
)
STEPS = st.lists(st.one_of(NAMES, st.integers(0, 9999)), max_size=STEPS_MAX).map(tuple)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("path", "payload", "found"),
    [
        ("value", b" ON \n", "ON"),
        ("value", b"\xff", "�"),
        ("value_json", b"true", "true"),
        ("value_json.smoke", b'{"smoke": false}', "false"),
        ("value_json.smoke", b'{"smoke": null}', "null"),
        ("value_json.a[1].b-c", b'{"a": [0, {"b-c": 2.50}]}', "2.5"),
        ('value_json["my room"].state', b'{"my room": {"state": "off"}}', "off"),
        (" value_json.after.label ", b'{"after": {"label": "fire"}}', "fire"),
    ],
)
def test_a_value_is_found(path: str, payload: bytes, found: str) -> None:
    """A detector whose value stands where the installer says must be read."""
    assert parse(path).take(payload) == found


@pytest.mark.parametrize(
    ("path", "payload", "why"),
    [
        ("value_json", b"ON", "not JSON"),
        ("value_json", b'{"a": 1', "not JSON"),
        ("value_json", b"[" * 5000, "not JSON"),
        ("value_json.smoke", b'{"fire": true}', "no value_json.smoke"),
        ("value_json.a[3]", b'{"a": [1]}', "no value_json.a[3]"),
        ("value_json.a.b", b'{"a": "b"}', "no value_json.a.b"),
        ("value_json[0]", b'{"0": 1}', "no value_json[0]"),
        ("value_json", b"[1]", "a list where one value"),
        ("value_json.a", b'{"a": {}}', "a mapping where one value"),
        ("value", b"x" * 201, "more than 200 characters"),
        ("value_json", b'"' + b"x" * 201 + b'"', "more than 200 characters"),
    ],
)
def test_what_is_not_there_is_told_in_words(path: str, payload: bytes, why: str) -> None:
    """An installer who mistyped a key is told which one is not there."""
    found = parse(path).take(payload)
    assert isinstance(found, Miss)
    assert why in found.why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begin with value"),
        ("payload", "begin with value"),
        ("value.smoke", "cannot follow"),
        ("value_json | float", "'| float' cannot follow"),
        ("value_json.a.__class__()", "'()' cannot follow"),
        ("value_json['a']", "cannot follow"),
        ("value_json[-1]", "cannot follow"),
        ("value_json" + ".a" * (STEPS_MAX + 1), "at most 8"),
        ("value_json" + ".a" * 200, "more than 200 characters"),
    ],
)
def test_it_is_no_template(text: str, why: str) -> None:
    """Filters, calls and arithmetic of templates are refused in words, not quietly ignored."""
    with pytest.raises(ValueError, match=re.escape(why)):
        parse(text)


@given(st.builds(Path, st.just(True), STEPS))
def test_a_path_is_what_it_says(path: Path) -> None:
    """The settings keep the words of a path; they must mean the same when they are read again."""
    if len(path.text()) <= 200:
        assert parse(path.text()) == path


@given(st.binary(max_size=300), STEPS)
def test_no_payload_raises(payload: bytes, steps: tuple[str | int, ...]) -> None:
    """Anybody may write to a topic; nothing they write ends the process."""
    for path in (Path(False), Path(True, steps)):
        assert isinstance(path.take(payload), str | Miss)


@given(JSON, st.data())
def test_a_walk_finds_what_stands_there(tree: Any, draw: st.DataObject) -> None:
    """Every value of a document can be named, and is given as JSON writes it."""
    steps: list[str | int] = []
    place = tree
    while len(steps) < STEPS_MAX and isinstance(place, list | dict) and place:
        keys = list(range(len(place))) if isinstance(place, list) else list(place)
        key: Any = draw.draw(st.sampled_from(keys))
        steps.append(key)
        place = place[key]
    found = Path(True, tuple(steps)).take(json.dumps(tree).encode())
    if isinstance(place, list | dict):
        assert isinstance(found, Miss)
    elif isinstance(place, str):
        assert found == place.strip()
    else:
        assert json.loads(str(found)) == place


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    """The form of a page sends anything; the answer is a path or words."""
    for read in (parse, parse_condition):
        with contextlib.suppress(ValueError):
            assert read(text).text()


def test_a_condition_chooses_messages() -> None:
    """One topic carries many things; only those that are meant count."""
    fire = parse_condition(CONDITION)
    assert fire.text() == CONDITION
    assert fire.holds(b'{"after": {"label": "Fire"}}')
    assert not fire.holds(b'{"after": {"label": "cat"}}')
    assert not fire.holds(b"garbage")
    other = parse_condition("value_json.type != end")
    assert other.text() == "value_json.type!=end"
    assert other.holds(b'{"type": "new"}')
    assert not other.holds(b'{"type": "end"}')
    assert not other.holds(b"{}")
    for wrong in (EXAMPLE, "value_json.a=", "value_json.a<3", "a=b"):
        with pytest.raises(ValueError, match="such as"):
            parse_condition(wrong)
