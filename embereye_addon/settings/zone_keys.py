"""The settings of a zone: a part of `schema`, in a file of its own."""

from typing import Final

from embereye_addon.settings.findings import REQUIRED, Key
from embereye_addon.settings.kinds import choice, flag, ident, number, or_none, text, whole
from embereye_addon.settings.profiles import PROFILES
from embereye_addon.settings.together import NEIGHBOURS

_LEVEL = or_none(choice("low", "normal", "high"))
_FLAG = or_none(flag())
_RULES = (
    Key("sensitivity", None, _LEVEL, "Sensitivity"),
    Key("night_sensitivity", None, _LEVEL, "At night", "Empty: as by day."),
    Key("mode", None, or_none(choice("single", "confirm", "coincidence")), "Mode", "What an alarm needs."),
    Key("confirm_s", None, or_none(whole(10, 600, "s")), "Within", "How long a second signal is awaited."),
    Key(
        "different_physics", None, _FLAG, "Different kinds", "A coincidence of a picture and heat, not of two cameras."
    ),
    Key("needs_growth", None, _FLAG, "Growth", "Flames are usual here: an alarm needs one that grows."),
    Key("fixed_pre_c", None, or_none(number(40, 290, "°C")), "Pre-alarm temperature", "Raise it for kitchens."),
    Key("fixed_alarm_c", None, or_none(number(45, 300, "°C")), "Alarm temperature", "Above the pre-alarm's."),
    Key(
        "rise_pre_k_min", None, or_none(number(2, 200, "K/min")), "Pre-alarm rise", "Raise it where things are heated."
    ),
    Key("rise_alarm_k_min", None, or_none(number(3, 300, "K/min")), "Alarm rise", "Above the pre-alarm's."),
    Key("fixed_rule", None, _FLAG, "Temperature rule", "Off: heat counts as evidence only."),
    Key("rise_rule", None, _FLAG, "Rise rule", "Off: a rise counts as evidence only."),
    Key("input_rule", None, _FLAG, "Input rule", "Off: flame and gas inputs count as evidence only."),
    Key("habits", None, _FLAG, "Learn what is usual", "Heat that comes and goes at one place asks for nothing."),
    Key("flame_persist_s", None, or_none(number(2, 120, "s")), "Flame lasts", "A shorter flame raises nothing."),
    Key("smoke_persist_s", None, or_none(number(2, 120, "s")), "Smoke lasts", "Shorter smoke raises nothing."),
    Key("clear_s", None, or_none(whole(5, 3600, "s")), "Clear after", "How long a pre-alarm outlasts its evidence."),
)

ZONE_KEYS: Final = (
    Key("id", REQUIRED, ident(), "Id", "Never changes; appears in topics and entity ids."),
    Key("name", REQUIRED, text(1, 64), "Name"),
    Key("profile", "general", choice(*PROFILES), "Profile", "A sort of place: what is left empty is as it says."),
    *_RULES,
    Key("ack_wait_s", 0, whole(0, 600, "s"), "Wait to acknowledge", "By day outputs wait so long; 0: never."),
    Key("reset_wait_s", 0, whole(0, 600, "s"), "Wait to look", "Once acknowledged, so long for a reset."),
    NEIGHBOURS,
)
"""Every key of a zone, in the order of the form."""
