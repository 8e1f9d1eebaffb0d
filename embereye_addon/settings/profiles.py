"""What a zone's profile sets: tables of defaults for a sort of place, which the zone's own settings override.

A setting of a zone that is left empty is what its profile says, and where that says nothing, what `GENERAL` says.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from embereye_addon.settings.model import Zone


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one zone, all settled; units as in the settings. `None` of a persistence: that of `detection`.

    `night_sensitivity` None: that of the day.
    """

    sensitivity: str = "normal"
    night_sensitivity: str | None = None
    mode: str = "single"
    confirm_s: int = 60
    different_physics: bool = False
    needs_growth: bool = False
    fixed_pre_c: float = 65.0
    fixed_alarm_c: float = 85.0
    rise_pre_k_min: float = 10.0
    rise_alarm_k_min: float = 20.0
    fixed_rule: bool = True
    rise_rule: bool = True
    input_rule: bool = True
    habits: bool = True
    flame_persist_s: float | None = None
    smoke_persist_s: float | None = None
    clear_s: int = 30


GENERAL: Final = Rules()
NAMES: Final = tuple(field.name for field in msgspec.structs.fields(Rules))

PROFILES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "general": {},
        "office": {"smoke_persist_s": 4.0},
        "corridor": {
            "fixed_pre_c": 60.0,
            "fixed_alarm_c": 75.0,
            "rise_pre_k_min": 8.0,
            "rise_alarm_k_min": 15.0,
        },
        "kitchen": {
            "sensitivity": "low",
            "mode": "confirm",
            "needs_growth": True,
            "fixed_pre_c": 120.0,
            "fixed_alarm_c": 240.0,
            "rise_pre_k_min": 20.0,
            "rise_alarm_k_min": 60.0,
            "flame_persist_s": 10.0,
            "smoke_persist_s": 20.0,
            "clear_s": 60,
        },
        "boiler_room": {
            "fixed_pre_c": 90.0,
            "fixed_alarm_c": 110.0,
            "rise_pre_k_min": 20.0,
            "rise_alarm_k_min": 40.0,
            "flame_persist_s": 4.0,
            "smoke_persist_s": 10.0,
        },
        "garage": {
            "fixed_pre_c": 110.0,
            "fixed_alarm_c": 160.0,
            "rise_pre_k_min": 20.0,
            "rise_alarm_k_min": 40.0,
            "smoke_persist_s": 20.0,
            "clear_s": 60,
        },
        "workshop": {
            "sensitivity": "low",
            "mode": "confirm",
            "needs_growth": True,
            "fixed_pre_c": 110.0,
            "fixed_alarm_c": 200.0,
            "rise_pre_k_min": 30.0,
            "rise_alarm_k_min": 80.0,
            "flame_persist_s": 10.0,
            "smoke_persist_s": 20.0,
        },
        "server_room": {
            "sensitivity": "high",
            "fixed_pre_c": 60.0,
            "fixed_alarm_c": 75.0,
            "rise_pre_k_min": 6.0,
            "rise_alarm_k_min": 12.0,
        },
        "outdoors": {
            "sensitivity": "low",
            "mode": "confirm",
            "fixed_pre_c": 90.0,
            "fixed_alarm_c": 120.0,
            "rise_rule": False,
            "flame_persist_s": 4.0,
            "smoke_persist_s": 20.0,
            "clear_s": 60,
        },
    }
)
"""Of each sort of place, what differs from `GENERAL`; DOCS.md says why."""


def said(profile: object, key: str) -> object:
    """What a profile says of one key; an unknown profile is the general one."""
    own = PROFILES.get(str(profile), {})
    return own.get(key, getattr(GENERAL, key))


def rules(zone: Zone) -> Rules:
    """The rules of a zone: its own settings where they are given, else its profile's."""
    own = {name: value for name in NAMES if (value := getattr(zone, name)) is not None}
    return msgspec.convert({**PROFILES[zone.profile], **own}, Rules)
