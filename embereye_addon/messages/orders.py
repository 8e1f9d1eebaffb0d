"""What is asked for and how it is answered: operators' orders, and requests between processes. Frozen msgspec types."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from embereye_addon.messages.facts import SourceId, Text


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The root of every request to the panel: by whom, which way (ui, api, mqtt), and the zone ('' = all)."""

    by: Annotated[str, Meta(min_length=1, max_length=80)]
    way: Annotated[str, Meta(max_length=16)]
    target: Annotated[str, Meta(max_length=80)] = ""


class Acknowledge(Command, frozen=True, kw_only=True):
    """An operator has seen it."""


class Silence(Command, frozen=True, kw_only=True):
    """Outputs off; no state changes."""


class Resound(Command, frozen=True, kw_only=True):
    """Outputs on again."""


class Reset(Command, frozen=True, kw_only=True):
    """Back to normal, if the evidence is gone."""


class Lasting(Command, frozen=True, kw_only=True):
    """An order with a time: `for_s` seconds, at most a week; 0 is until somebody ends it."""

    for_s: Annotated[float, Meta(ge=0.0, le=604800.0)] = 0.0


class Disable(Lasting, frozen=True, kw_only=True):
    """A zone or a point (the target) out of service: detection goes on and is logged, outputs are not driven."""


class Enable(Command, frozen=True, kw_only=True):
    """Back into service: ends the disablement of the target; with '' those of everything."""


class WalkTest(Lasting, frozen=True, kw_only=True):
    """A walk test of the target's zone: alarms tick off points and drive nothing; 0 is half an hour."""


class EndTest(Command, frozen=True, kw_only=True):
    """Ends the walk test of the target's zone; with '' all of them."""


class Isolate(Lasting, frozen=True, kw_only=True):
    """No output is driven, of any zone."""


class Connect(Command, frozen=True, kw_only=True):
    """Ends `Isolate`."""


class Sound(Lasting, frozen=True, kw_only=True):
    """The siren of the PF device `target` (`pf.<id>`) sounds by hand, whatever its zone does; 0 is a minute."""


class EndSound(Command, frozen=True, kw_only=True):
    """Ends `Sound`; a siren that its zone sounds goes on, which is for `Silence` to end."""


class SetSetting(Command, frozen=True, kw_only=True):
    """One setting gets a new value: `key` of the entry `target` of a section ('' where the section is one mapping).

    Only what `settings.single.ADJUSTABLE` lists can be set this way.
    """

    section: Annotated[str, Meta(max_length=32)]
    key: Annotated[str, Meta(max_length=32)]
    value: bool | float | Annotated[str, Meta(max_length=64)]


class Promote(Command, frozen=True, kw_only=True):
    """The model `target` becomes the one that looks, if it passed its replay gate."""


class SelfTest(Command, frozen=True, kw_only=True):
    """Every detector's model looks at its reference pictures now, as it does every hour; the answer names failures."""


class Restart(Command, frozen=True, kw_only=True):
    """Every process starts anew; what is latched stays so."""


class Commission(Command, frozen=True, kw_only=True):
    """The target's zone begins its first days: all is told, logged and counted, its outputs are isolated."""


class EndCommission(Command, frozen=True, kw_only=True):
    """Ends `Commission`: the zone is in service."""


class DayMode(Command, frozen=True, kw_only=True):
    """By day, by night, or as the schedule says (`auto`)."""

    mode: Literal["auto", "day", "night"] = "auto"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a command, with a reason in words when refused."""

    ok: bool
    why: Text = ""


class SnapshotRequest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks a camera's watcher for a JPEG: the evidence frame, or the newest one when `live`."""

    source: SourceId
    live: bool = False


class ClipRequest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks a camera's watcher for a film of an alarm: the first asking begins it, a later one fetches it.

    `key` names it; it goes from `before_s` before to `after_s` after the UTC second `at`.
    """

    source: SourceId
    key: Annotated[str, Meta(min_length=1, max_length=96)]
    at: float
    before_s: Annotated[float, Meta(ge=0.0, le=30.0)] = 10.0
    after_s: Annotated[float, Meta(ge=0.0, le=30.0)] = 10.0


class CheckModel(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks one detector to test its model now; answered with `Done`, the reason in words when it failed."""

    asked_by: Annotated[str, Meta(max_length=80)] = ""


class Sirens(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The panel's order to the PF gateway: the zones whose devices sound their sirens; all others are silent.

    `devices` (`pf.<id>`) sound by hand, whatever their zones do.
    """

    zones: Annotated[tuple[SourceId, ...], Meta(max_length=512)]
    devices: Annotated[tuple[SourceId, ...], Meta(max_length=256)] = ()
