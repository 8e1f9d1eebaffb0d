"""Commands by MQTT: bounded, checked, and honest about who sent them."""

from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import (
    Acknowledge,
    Command,
    Connect,
    Disable,
    Enable,
    EndSound,
    EndTest,
    Isolate,
    Promote,
    Reset,
    Resound,
    Restart,
    SelfTest,
    SetSetting,
    Silence,
    Sound,
    WalkTest,
)
from embereye_addon.publish.commands import BY, Refusal, parse
from embereye_addon.publish.topics import Topics
from tests.publish.samples import site

TOPICS = Topics()


def ask(topic: str, payload: bytes = b"PRESS", retained: bool = False) -> Command | Refusal | None:
    """Parse at the default topics."""
    return parse(TOPICS, site(), topic, payload, retained)


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


def test_a_setting_is_an_order_for_its_own_place() -> None:
    """The slider of one zone changes another one's limit, or a camera is switched off in place of its neighbour."""
    for topic, payload, section, target, key, value in (
        ("zone/barn/sensitivity", b"high", "zones", "barn", "sensitivity", "high"),
        ("camera/hay.1/detection", b"OFF", "cameras", "hay.1", "enabled", False),
        ("camera/stove/threshold", b"65", "cameras", "stove", "shown_pct", 65.0),
        ("pf/boiler/alarm_temperature", b"95.5", "zones", "kitchen", "fixed_alarm_c", 95.5),
        ("pf/boiler/detection", b"on", "devices", "boiler", "enabled", True),
        ("site/flame_persistence", b"4", "detection", "", "flame_persist_s", 4.0),
    ):
        order = SetSetting(by=BY, way="mqtt", target=target, section=section, key=key, value=value)
        assert ask(f"embereye/{topic}/set", payload) == order
    for topic, payload, word in (
        ("zone/barn/sensitivity", b"HIGH", "low, normal, high"),
        ("camera/stove/threshold", b"96", "5 to 95"),
        ("camera/stove/threshold", b"nan", "number"),
        ("camera/stove/detection", b"1", "ON or OFF"),
        ("pf/boiler/alarm_temperature", b"hot", "number"),
    ):
        refusal = ask(f"embereye/{topic}/set", payload)
        assert isinstance(refusal, Refusal)
        assert word in refusal.why


def test_a_siren_sounds_by_hand_and_the_sites_are_its_outputs() -> None:
    """A siren entity that sounds for ever, or one whose OFF resets something."""
    siren = "embereye/pf/boiler/siren/set"
    assert ask(siren, b"ON") == Sound(by=BY, way="mqtt", target="pf.boiler")
    assert ask(siren, b'{"state":"ON","duration":30}') == Sound(by=BY, way="mqtt", target="pf.boiler", for_s=30.0)
    assert ask(siren, b'{"state":"OFF"}') == EndSound(by=BY, way="mqtt", target="pf.boiler")
    assert ask("embereye/site/sounders/set", b'{"state":"OFF"}') == Silence(by=BY, way="mqtt")
    assert ask("embereye/site/sounders/set", b"ON") == Resound(by=BY, way="mqtt")
    for payload in (b"LOUD", b'{"state":"ON","duration":1e9}', b'{"state":7}', b"{"):
        assert isinstance(ask(siren, payload), Refusal)


def test_the_sites_own_buttons_are_not_a_zones() -> None:
    """A button of a zone restarts the whole program."""
    assert ask("embereye/site/self_test/set") == SelfTest(by=BY, way="mqtt")
    assert ask("embereye/site/restart/set") == Restart(by=BY, way="mqtt")
    assert isinstance(ask("embereye/zone/barn/restart/set"), Refusal)


def test_a_model_is_promoted_by_install_alone() -> None:
    """Another word than INSTALL changes what looks at the cameras."""
    assert ask("embereye/site/model/set", b"INSTALL") == Promote(by=BY, way="mqtt")
    assert isinstance(ask("embereye/site/model/set"), Refusal)


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
        ("embereye/pf/attic/siren/set", b"ON", "PF device"),
        ("embereye/site/reset/set", b"OFF", "PRESS"),
        ("embereye/site/reset/set", b"PRESS" + b" " * 200, "PRESS"),
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
