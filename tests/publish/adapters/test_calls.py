"""What a change means to another system."""

from typing import Any

from embereye_addon.messages import ZoneState
from embereye_addon.publish.adapters.calls import Call, begins, news_of, targets_of
from embereye_addon.settings.model import Adapter
from tests.publish.samples import change


def adapter(**more: Any) -> Adapter:
    """An adapter whose cameras are named by zone, camera and everything."""
    targets = ("kitchen=k", "cam.stove=s", "cam.hay=h", "barn=b", "*=all", "kitchen=all")
    return Adapter(id="a", kind="frigate", url="http://h", targets=targets, **more)


def test_the_cameras_of_zone_and_evidence_are_meant() -> None:
    """The zone's own, those that contributed, and those for everything; each once."""
    assert targets_of(adapter(), change()) == ("k", "s", "all")


def test_from_which_state_on() -> None:
    """Back to normal is an end, never a beginning."""
    assert [begins(adapter(), state) for state in ZoneState] == [False, False, True]
    assert [begins(adapter(begin_at="pre_alarm"), state) for state in ZoneState] == [False, True, True]


def test_the_words_are_short_and_one_delivery_is_one_change() -> None:
    """A memo fits on a line; who was told twice can see it."""
    news = news_of(change(ZoneState.PRE_ALARM), b"{}")
    assert news.headline == "EmberEye: fire pre-alarm in Kitchen"
    assert news.delivery == "a-1:pre_alarm"
    assert Call("GET", "/", (("a b", "c&d"), ("trigger", None))).query_text == "a%20b=c%26d&trigger"
