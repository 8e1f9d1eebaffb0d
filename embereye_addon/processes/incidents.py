"""The panel's incidents: which zones are looked at, and what is told of them."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from embereye_addon.alarm import incidents
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.incidents import Rules, Seen
from embereye_addon.alarm.panel import Panel
from embereye_addon.alarm.zone import Wanted, Zone
from embereye_addon.messages import AlarmChanged, Explanation, IncidentChanged, Share, ZoneState
from embereye_addon.observe.metrics import INCIDENT_NEWS, INCIDENTS_OPEN
from embereye_addon.settings.model import Site
from embereye_addon.topology import CHANNEL_OF

_log = logging.getLogger(__name__)

SOURCE = "panel"
SAID: Mapping[str, type[AlarmChanged] | type[IncidentChanged]] = {
    "alarm_changed": AlarmChanged,
    "incident_changed": IncidentChanged,
}
"""What goes through the outbox, by the channel that it is kept for."""


def rules_of(site: Site) -> Rules:
    """How alarms come together, as set."""
    named = {zone.id: zone.neighbours for zone in site.zones}
    return incidents.rules_of(site.incidents.merge_s, site.incidents.grew_s, named)


def stirred(panel: Panel) -> tuple[Zone, ...]:
    """The zones that are not normal and in service: a disabled one calls nobody."""
    return tuple(zone for zone in panel.zones.values() if zone.state is not ZoneState.NORMAL and zone.disabled is None)


class Written(Protocol):
    """What is needed of journal and outbox."""

    to_send: asyncio.Event

    def put(self, message: AlarmChanged | IncidentChanged) -> None:
        """Into the outbox."""


class Gathered(Protocol):
    """What is needed of the panel's process."""

    panel: Panel
    say_now: asyncio.Event

    @property
    def records(self) -> Written:
        """Journal and outbox."""

    def wanted(self, zone_id: str, now_mono_s: float) -> Wanted:
        """What a zone's evidence asks for now."""

    def record(self, kind: str, body: object) -> None:
        """Write one row into the journal, with the panel's state."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Puts together what belongs together; each alarm was told by itself before, at once."""

    rules: Rules = Rules()  # noqa: RUF009 - frozen

    def look(self, process: Gathered, now: Now) -> None:
        """Look at all zones; what is to be told goes on disk before anybody hears of it."""
        wants = {zone.id: process.wanted(zone.id, now.mono_s).explanation for zone in stirred(process.panel)}
        process.panel, told = looked(process.panel, self.rules, wants, now)
        for message in told:
            process.record("incident", message)
            process.records.put(message)
            process.records.to_send.set()
            process.say_now.set()


def looked(
    panel: Panel, rules: Rules, wants: Mapping[str, Explanation], now: Now
) -> tuple[Panel, tuple[IncidentChanged, ...]]:
    """The panel after a look at its zones, and what is to be told of its incidents.

    `wants` says what supports each zone now; where nothing is left, what made it change counts.
    """
    zones = [
        Seen(
            zone=zone.id,
            name=zone.name,
            alarm_id=zone.alarm_id,
            state=zone.state,
            acknowledged=zone.acknowledged,
            shares=_shares(wants.get(zone.id)) or _shares(zone.explanation),
        )
        for zone in stirred(panel)
    ]
    if not zones and not panel.incidents:
        return panel, ()
    book, notices = incidents.look(panel.incidents, zones, rules, now)
    INCIDENTS_OPEN.set(len(book))
    return replace(panel, incidents=book), tuple(_message(notice, now) for notice in notices)


def _shares(why: Explanation | None) -> tuple[Share, ...]:
    return why.shares if why else ()


def _message(notice: incidents.Notice, now: Now) -> IncidentChanged:
    """The message of a notice, counted and logged."""
    INCIDENT_NEWS.labels(notice.news.value).inc()
    _log.warning("incident %s: %s: %s", notice.incident.id, notice.news.value, notice.text)
    return IncidentChanged(
        source=SOURCE,
        seq=notice.number,
        at=now.at,
        news=notice.news,
        number=notice.number,
        incident=notice.incident,
        text=notice.text,
    )


def key(message: AlarmChanged | IncidentChanged) -> str:
    """What makes a second sending harmless: the alarm and the state it went to, the incident and what was told."""
    if isinstance(message, IncidentChanged):
        return f"{message.incident.id}:{message.news.value}:{message.number}"
    return f"{message.id}:{message.now.value}"


def entry(message: AlarmChanged | IncidentChanged) -> tuple[str, str, bytes]:
    """A message as the outbox keeps it: key, kind and payload."""
    return key(message), CHANNEL_OF[type(message)].name, msgspec.msgpack.encode(message)
