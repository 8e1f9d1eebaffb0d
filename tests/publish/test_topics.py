"""Topics: stable, parseable, and nothing but commands is a command."""

from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.publish.topics import BUTTONS, CommandTopic, Subject, Topics, plain

TOPICS = Topics("site/embereye", "ha")


def test_the_tree_is_the_one_in_the_documents() -> None:
    """An automation written by the documents finds its topics."""
    topics = Topics()
    assert topics.app == "embereye/status"
    assert topics.of(Subject.SITE, "", "state") == "embereye/site/state"
    assert topics.of(Subject.CAMERA, "dock-3", "snapshot") == "embereye/camera/dock-3/snapshot"
    assert topics.command(Subject.SITE, "", "reset") == "embereye/site/reset/set"
    assert topics.command(Subject.ZONE, "barn", "reset") == "embereye/zone/barn/reset/set"
    assert topics.answer == "embereye/site/answer"
    assert topics.birth == "homeassistant/status"
    assert topics.discovery(Subject.PF, "10-0-0-31") == "homeassistant/device/embereye_pf_10-0-0-31/config"


def test_two_sites_on_one_broker_do_not_share_devices() -> None:
    """Another base topic is another hub in Home Assistant."""
    assert TOPICS.device_id(Subject.SITE, "") == "site_embereye_site"
    assert TOPICS.device_id(Subject.ZONE, "barn") != Topics().device_id(Subject.ZONE, "barn")


def test_an_id_with_a_dot_becomes_a_valid_discovery_id() -> None:
    """A camera called hay.1 is not the camera called hay-1."""
    assert plain("hay-1") == "hay-1"
    assert plain("hay.1").startswith("hay-1-")
    assert len({plain("hay.1"), plain("hay-1"), plain("hay/1")}) == 3


@given(st.sampled_from(BUTTONS), st.from_regex(r"^[A-Za-z0-9_.-]{1,80}\Z"))
def test_a_command_topic_is_understood_again(key: str, zone: str) -> None:
    """What a button writes to is what the program reads."""
    for subject in (Subject.ZONE, Subject.CAMERA, Subject.PF):
        assert TOPICS.parse_command(TOPICS.command(subject, zone, key)) == CommandTopic(subject, zone, key)
    assert TOPICS.parse_command(TOPICS.command(Subject.SITE, "", key)) == CommandTopic(Subject.SITE, "", key)


@given(st.text())
def test_any_topic_may_come(topic: str) -> None:
    """A stranger's topic is no command and no crash."""
    assert TOPICS.parse_command(topic) is None


def test_near_misses_are_no_commands() -> None:
    """Another base, no key, one level more or less."""
    for topic in (
        "embereye/site/reset/set",
        "site/embereye/site/Explode/set",
        "site/embereye/attic/a/reset/set",
        "site/embereye/zone/reset/set",
        "site/embereye/zone/a/b/reset/set",
        "site/embereye/zone//reset/set",
        "site/embereye/site/reset",
    ):
        assert TOPICS.parse_command(topic) is None
