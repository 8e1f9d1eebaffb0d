"""How everything stands, as the panel says it: zones, what is out of service, the journal, the site."""

from typing import Annotated

import msgspec
from msgspec import Meta

from embereye_addon.messages.facts import Explanation, Fault, Message, SourceId, Text, ZoneState
from embereye_addon.messages.incident import Incident


class ZoneStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One zone as everybody is told of it.

    Its outputs wait until `waits_until` (UTC seconds, 0: they do not) for an `acknowledge` or a `reset`. While it is
    commissioned, what it has told since then is counted.
    """

    zone: SourceId
    name: Annotated[str, Meta(max_length=64)]
    state: ZoneState
    since: float
    alarm_id: str = ""
    acknowledged: bool = False
    disabled: bool = False
    testing: bool = False
    score_pct: float = 0.0
    explanation: Explanation | None = None
    points: Annotated[tuple[str, ...], Meta(max_length=256)] = ()
    test_until: float = 0.0
    responded: Annotated[tuple[str, ...], Meta(max_length=256)] = ()
    driving: bool = False
    waits_until: float = 0.0
    waits_for: Annotated[str, Meta(max_length=16)] = ""
    commissioning: bool = False
    commissioning_since: float = 0.0
    pre_alarms_told: int = 0
    alarms_told: int = 0


class Disablement(msgspec.Struct, frozen=True, kw_only=True):
    """A zone or point out of service, or all outputs (`about` is ''): since, until (0: no end) and by whom.

    `what` is `disabled`, or `commissioning` for a zone in its first days, whose outputs are isolated.
    """

    about: Annotated[str, Meta(max_length=80)]
    since: float
    until: float
    by: Annotated[str, Meta(max_length=80)]
    what: Annotated[str, Meta(max_length=16)] = "disabled"


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's last row as `number:hash`, when its chain was checked (UTC seconds), what is wrong, its size."""

    head: Annotated[str, Meta(max_length=96)] = ""
    verified_at: float = 0.0
    broken: Text = ""
    used_bytes: Annotated[int, Meta(ge=0)] = 0


class PanelState(Message, frozen=True, kw_only=True):
    """Revision, every zone's state and flags, every fault, outputs; on change and every 5 s.

    `sirens` are the PF devices (`pf.<id>`) that an operator sounds by hand.
    """

    revision: int
    state: ZoneState
    zones: Annotated[tuple[ZoneStatus, ...], Meta(max_length=512)]
    faults: Annotated[tuple[Fault, ...], Meta(max_length=1024)]
    silenced: bool = False
    last_alarm_id: str = ""
    last_alarm_at: float = 0.0
    disablements: Annotated[tuple[Disablement, ...], Meta(max_length=1024)] = ()
    isolated: bool = False
    sirens: Annotated[tuple[SourceId, ...], Meta(max_length=256)] = ()
    journal: JournalState | None = None
    day_mode: Annotated[str, Meta(max_length=8)] = "auto"
    night: bool = False
    incidents: Annotated[tuple[Incident, ...], Meta(max_length=64)] = ()
