"""Kinds: what a setting accepts, and what an error may show of it."""

import datetime as dt

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.settings import kinds
from embereye_addon.settings.kinds import Kind

EVERY = (
    kinds.text(1, 32),
    kinds.whole(1, 8),
    kinds.port(),
    kinds.number(0.5, 15, "s"),
    kinds.choice("low", "high"),
    kinds.flag(),
    kinds.secret(16, 128),
    kinds.ident(),
    kinds.reference("zones"),
    kinds.topic(),
    kinds.host(),
    kinds.host(empty=True),
    kinds.network(),
    kinds.url("rtsp", "rtsps"),
    kinds.or_none(kinds.number(-40, 300, "°C")),
    kinds.several(kinds.network(), 1, 4),
)

ACCEPTED: tuple[tuple[Kind, object, object], ...] = (
    (kinds.address(), "", ""),
    (kinds.address(), "bridge.lan:23", "bridge.lan:23"),
    (kinds.address(), "[fe80::1]:4001", "[fe80::1]:4001"),
    (kinds.chip(), "", ""),
    (kinds.chip(), "021c5626618B", "021c5626618B"),
    (kinds.text(1, 5), "  Hall ", "Hall"),
    (kinds.text(0, 5), "", ""),
    (kinds.whole(1, 8), 8, 8),
    (kinds.port(), 65535, 65535),
    (kinds.number(0, 1), 1, 1.0),
    (kinds.choice("low", "high"), "low", "low"),
    (kinds.flag(), False, False),
    (kinds.secret(16), "", ""),
    (kinds.secret(4), "abcd", "abcd"),
    (kinds.ident(), "dock-3_b", "dock-3_b"),
    (kinds.topic(), "site/embereye", "site/embereye"),
    (kinds.host(), "core-mosquitto", "core-mosquitto"),
    (kinds.host(), "::1", "::1"),
    (kinds.host(), "nas.local.", "nas.local."),
    (kinds.host(empty=True), "", ""),
    (kinds.network(), "192.168.1.0/24", "192.168.1.0/24"),
    (kinds.network(), "10.1.2.3", "10.1.2.3/32"),
    (kinds.url("rtsp"), "rtsp://joe:pw@cam.local:8554/s?x=1", "rtsp://joe:pw@cam.local:8554/s?x=1"),
    (kinds.url("rtsp"), "rtsp://[fe80::1]/s", "rtsp://[fe80::1]/s"),
    (kinds.or_none(kinds.whole(1, 8)), None, None),
    (kinds.several(kinds.whole(1, 8), 0, 2), [1, 2], [1, 2]),
)

REFUSED: tuple[tuple[Kind, object], ...] = (
    (kinds.text(1, 5), " "),
    (kinds.text(1, 5), "Kitchen"),
    (kinds.text(1, 5), "a\nb"),
    (kinds.text(1, 5), ["a"]),
    (kinds.whole(1, 8), True),
    (kinds.whole(1, 8), 2.0),
    (kinds.whole(1, 8), 9),
    (kinds.number(0, 1), float("nan")),
    (kinds.number(0, 1), float("inf")),
    (kinds.number(0, 1), 10**400),
    (kinds.number(0, 1), True),
    (kinds.number(0, 1), "1"),
    (kinds.choice("low", "high"), "medium"),
    (kinds.choice("low", "high"), ["low"]),
    (kinds.flag(), "on"),
    (kinds.flag(), 1),
    (kinds.secret(16), "short"),
    (kinds.secret(), "x" * 257),
    (kinds.secret(), kinds.STARS),
    (kinds.ident(), "Dock"),
    (kinds.ident(), "-a"),
    (kinds.ident(), "a" * 41),
    (kinds.topic(), "/embereye"),
    (kinds.topic(), "ember/+/eye"),
    (kinds.host(), ""),
    (kinds.host(), "a b"),
    (kinds.host(), "999.1.1.1"),
    (kinds.host(), "broker:1883"),
    (kinds.host(), "mqtt://broker"),
    (kinds.address(), "bridge"),
    (kinds.address(), "bridge:0"),
    (kinds.address(), "bridge:70000"),
    (kinds.address(), "fe80::1:4001"),
    (kinds.address(), "a b:23"),
    (kinds.chip(), "021C5626618"),
    (kinds.chip(), "../../etc/pw"),
    (kinds.network(), "10.0.0.5/8"),
    (kinds.network(), "lan"),
    (kinds.url("rtsp"), "http://cam/s"),
    (kinds.url("rtsp"), "cam/s"),
    (kinds.url("rtsp"), "rtsp:///s"),
    (kinds.url("rtsp"), "rtsp://cam:0/s"),
    (kinds.url("rtsp"), "rtsp://cam:99999/s"),
    (kinds.url("rtsp"), "rtsp://cam/a b"),
    (kinds.url("rtsp"), "rtsp://u%0a:p@cam/s"),
    (kinds.url("rtsp"), "rtsp://cam/" + "x" * 1024),
    (kinds.url("rtsp"), "rtsp://joe:p/w@cam/s"),
    (kinds.url("rtsp"), "rtsp://joe:p#w@cam/s"),
    (kinds.url("rtsp"), "rtsp://[::1/s"),
    (kinds.or_none(kinds.whole(1, 8)), 9),
    (kinds.several(kinds.whole(1, 8), 1, 2), []),
    (kinds.several(kinds.whole(1, 8), 0, 2), [1, 2, 3]),
    (kinds.several(kinds.whole(1, 8), 0, 2), "12"),
)


@pytest.mark.parametrize(("kind", "value", "kept"), ACCEPTED)
def test_what_is_right_is_kept(kind: Kind, value: object, kept: object) -> None:
    """A right value is not refused, and is kept in its plain form."""
    assert kind.clean(value) == kept


@pytest.mark.parametrize(("kind", "value"), REFUSED)
def test_what_is_wrong_is_refused(kind: Kind, value: object) -> None:
    """A wrong value never reaches the program."""
    with pytest.raises(vol.MultipleInvalid):
        kind.clean(value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(EVERY), JUNK)
def test_any_value_is_kept_or_refused_in_words(kind: Kind, value: object) -> None:
    """No value at all makes the check fall over: it is kept, or refused as voluptuous refuses."""
    try:
        kind.clean(value)
    except vol.MultipleInvalid as refusal:
        told = refusal.errors
    else:
        return
    assert told
    assert len(repr(kind.shown(value))) < 300


@given(st.sampled_from(("rtsp://", "rtsps://", "http://", "")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_password_of_a_url_is_ever_shown(scheme: str, password: str) -> None:
    """Whatever a user types as a password, an error about the URL does not repeat it."""
    marked = f"Q7{password}Q7"
    assert "Q7" not in str(kinds.url("rtsp").shown(f"{scheme}joe:{marked}@10.0.0.9/s"))


def test_a_secret_is_shown_as_stars_also_when_it_has_the_wrong_type() -> None:
    """A password written without quotes is refused without being repeated."""
    kind = kinds.secret()
    assert kind.shown(123456) == kinds.STARS
    with pytest.raises(vol.MultipleInvalid, match="quotes"):
        kind.clean(123456)


def test_password_parameters_of_a_url_are_hidden() -> None:
    """Cameras that take the password as a parameter do not leak it either."""
    assert kinds.without_secrets("rtsp://cam/s?user=a&password=geheim&ch=1") == "rtsp://cam/s?user=a&password=***&ch=1"
    assert kinds.without_secrets("rtsp://cam/user=a_password=geheim_channel=1") == "rtsp://cam/user=a_password=***"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("x" * 100, "x" * 59 + "…"),
        pytest.param(10**5000, "a very large number", id="large"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        (b"x", "bytes"),
        (None, None),
        (4.5, 4.5),
        (dt.date(2026, 1, 2), "date"),
    ],
)
def test_errors_repeat_only_a_short_piece(value: object, seen: object) -> None:
    """A page of rubbish in one value does not become a page of error."""
    assert kinds.shown(value) == seen


def test_credentials_leave_the_url() -> None:
    """The part before the @ becomes user and password, decoded, and the rest stays as it was."""
    assert kinds.split_credentials("rtsp://joe:p%40%2Fw@cam:8554/a/b?c=d") == ("rtsp://cam:8554/a/b?c=d", "joe", "p@/w")
    assert kinds.split_credentials("rtsp://joe@[::1]:554/a") == ("rtsp://[::1]:554/a", "joe", "")
    assert kinds.split_credentials("rtsp://cam/a") == ("rtsp://cam/a", "", "")


def test_hints_say_what_was_meant() -> None:
    """A host bit in a network is answered with the network that was probably meant."""
    with pytest.raises(vol.MultipleInvalid, match=r"10\.0\.0\.0/8"):
        kinds.network().clean("10.0.0.5/8")
    with pytest.raises(vol.MultipleInvalid, match="%2F"):
        kinds.url("rtsp").clean("rtsp://joe:p/w@cam/s")


def test_a_mistake_in_a_list_names_its_place() -> None:
    """Of a list of networks the wrong ones are named, all of them."""
    with pytest.raises(vol.MultipleInvalid) as refusal:
        kinds.several(kinds.network(), 1, 9).clean(["10.0.0.0/8", "lan", "10.0.0.1/8"])
    assert [error.path for error in refusal.value.errors] == [[1], [2]]


def test_every_kind_knows_its_addon_text_and_its_input() -> None:
    """A kind without a schema text or a form input would show nothing to the user."""
    assert [kind.addon for kind in EVERY] == [
        "str",
        "int(1,8)",
        "port",
        "float(0.5,15)",
        "list(low|high)",
        "bool",
        "password",
        "match(^[a-z0-9][a-z0-9_-]{0,39}$)",
        "match(^[a-z0-9][a-z0-9_-]{0,39}$)",
        "str",
        "str",
        "str",
        "str",
        "match(^(rtsp|rtsps)://.+)",
        "float(-40,300)",
        "[str]",
    ]
    assert all(kind.form["input"] for kind in EVERY)
