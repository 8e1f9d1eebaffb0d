"""Commands by MQTT: bounded, checked, and honest about who sent them."""

from hypothesis import given
from hypothesis import strategies as st

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
from embereye_addon.publish.commands import BY, Refusal, parse
from embereye_addon.publish.topics import Topics

TOPICS = Topics()
ZONES = frozenset({"barn"})


def ask(topic: str, payload: bytes = b"PRESS", retained: bool = False) -> Command | Refusal | None:
    """Parse at the default topics."""
    return parse(TOPICS, ZONES, topic, payload, retained)


def test_each_key_is_its_command() -> None:
    """The four buttons do what they say, for the site and for a zone."""
    kinds = {"acknowledge": Acknowledge, "silence": Silence, "resound": Resound, "reset": Reset}
    for key, kind in kinds.items():
        assert ask(f"embereye/site/{key}/set") == kind(by=BY, way="mqtt")
        assert ask(f"embereye/zone/barn/{key}/set", b" press\n") == kind(by=BY, way="mqtt", target="barn")


def test_switches_say_on_and_off() -> None:
    """A switch in Home Assistant does the opposite of what it shows, or takes more than its zone out of service."""
    assert ask("embereye/site/outputs/set", b"OFF") == Isolate(by=BY, way="mqtt")
    assert ask("embereye/site/outputs/set", b"ON") == Connect(by=BY, way="mqtt")
    assert ask("embereye/zone/barn/in_service/set", b"OFF") == Disable(by=BY, way="mqtt", target="barn")
    assert ask("embereye/zone/barn/in_service/set", b"ON") == Enable(by=BY, way="mqtt", target="barn")
    assert ask("embereye/zone/barn/walk_test/set", b"ON") == WalkTest(by=BY, way="mqtt", target="barn")
    assert ask("embereye/zone/barn/walk_test/set", b"off") == EndTest(by=BY, way="mqtt", target="barn")
    for topic in ("embereye/site/in_service/set", "embereye/zone/barn/outputs/set"):
        assert isinstance(ask(topic, b"OFF"), Refusal)
    refusal = ask("embereye/zone/barn/walk_test/set")
    assert isinstance(refusal, Refusal)
    assert "ON or OFF" in refusal.why


def test_a_retained_command_is_refused_for_clearing() -> None:
    """It would be carried out at every connection."""
    refusal = ask("embereye/site/reset/set", retained=True)
    assert isinstance(refusal, Refusal)
    assert refusal.clear


def test_an_empty_message_means_nothing() -> None:
    """The echo of our own clearing is not a command, nor worth a warning."""
    assert ask("embereye/site/reset/set", b"") is None
    assert ask("embereye/site/reset/set", b"", retained=True) is None


def test_what_is_not_a_command_is_refused_in_words() -> None:
    """Wrong topic, unknown zone, wrong or endless payload."""
    for topic, payload, word in (
        ("embereye/site/explode/set", b"PRESS", "command"),
        ("embereye/zone/attic/reset/set", b"PRESS", "zone"),
        ("embereye/site/reset/set", b"OFF", "PRESS"),
        ("embereye/site/reset/set", b"PRESS" + b" " * 100, "PRESS"),
    ):
        refusal = ask(topic, payload)
        assert isinstance(refusal, Refusal)
        assert word in refusal.why
        assert not refusal.clear


@given(st.text(), st.binary(), st.booleans())
def test_any_message_may_come(topic: str, payload: bytes, retained: bool) -> None:
    """A stranger's bytes never raise."""
    found = ask(topic, payload, retained)
    assert found is None or isinstance(found, Refusal)
