"""What the rules of a zone cannot be together."""

from typing import Any

import pytest

from embereye_addon.errors import SettingsFileError
from embereye_addon.settings.schema import check

CAMERA = {"name": "A", "url": "rtsp://192.168.1.20/s", "zone": "z"}
CAM_A, CAM_B = {"id": "a", **CAMERA}, {"id": "b", **CAMERA}
DEVICE = {"id": "p", "name": "P", "zone": "z"}


def reasons(zone: dict[str, Any], **things: list[dict[str, Any]]) -> tuple[str, ...]:
    """What is wrong with a site of this zone."""
    try:
        check({"zones": [{"id": "z", "name": "Z", **zone}], **things}, "site.yaml")
    except SettingsFileError as error:
        return error.reasons
    return ()


def test_a_limit_is_compared_with_the_profiles_own() -> None:
    """A pre-alarm of 130 °C is right in a kitchen and wrong in an office, where the alarm is at 85."""
    assert reasons({"profile": "kitchen", "fixed_pre_c": 130}) == ()
    (office,) = reasons({"profile": "office", "fixed_pre_c": 130})
    assert office == "zones[0].fixed_pre_c: must be below fixed_alarm_c, which is 85, not 130"


def test_both_waits_are_ten_minutes_at_most() -> None:
    """Nobody may hold the sirens back for longer than the semantics of alarms allow."""
    assert reasons({"ack_wait_s": 180, "reset_wait_s": 420}) == ()
    (told,) = reasons({"ack_wait_s": 181, "reset_wait_s": 420})
    assert told == "zones[0].reset_wait_s: together with ack_wait_s at most 600 s, not 601 s"


@pytest.mark.parametrize(
    ("different", "cameras", "devices", "right"),
    [
        (False, [CAM_A], [], False),
        (False, [CAM_A, {**CAM_B, "enabled": False}], [], False),
        (False, [CAM_A, CAM_B], [], True),
        (True, [CAM_A, CAM_B], [], False),
        (True, [CAM_A], [DEVICE], True),
        (True, [], [DEVICE], True),
        (False, [], [{**DEVICE, "enabled": False}], False),
    ],
)
def test_a_coincidence_that_can_never_come_is_refused(
    different: bool, cameras: list[dict[str, Any]], devices: list[dict[str, Any]], right: bool
) -> None:
    """A zone with one camera that waits for a second point never alarms, and nobody notices until it burns."""
    told = reasons({"mode": "coincidence", "different_physics": different}, cameras=cameras, devices=devices)
    assert (told == ()) is right
    assert all(words.startswith("zones[0].mode: a coincidence needs a PF device") for words in told)


def test_a_wrong_wait_is_named_once() -> None:
    """What its own kind refuses is not counted again."""
    assert len(reasons({"ack_wait_s": "ten"})) == 1
