"""The panel's incidents: a flood is one incident and few calls, a kill repeats none of them, a disk stops none."""

import asyncio
from dataclasses import replace
from pathlib import Path

from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.service import Out
from embereye_addon.bus.memory import Hub
from embereye_addon.messages import AlarmChanged, IncidentChanged, IncidentNews, IncidentState, PanelState, Reset
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes import panel
from embereye_addon.processes.incidents import SAID, entry, key, rules_of
from embereye_addon.processes.panel import PanelProcess, opened
from embereye_addon.settings.model import Device, Incidents, Site, Zone
from tests.fakes.cameras import until
from tests.processes.world import child_of, cold, hot, listening, running
from tests.samples import SAMPLES

CAMERAS = 100
FLOOD = Site(
    zones=tuple(Zone(id=f"z{n}", name=f"Zone {n}", clear_s=1) for n in range(CAMERAS)),
    devices=tuple(Device(id=f"d{n}", name=f"Device {n}", zone=f"z{n}") for n in range(CAMERAS)),
)


def made(path: Path, site: Site = FLOOD) -> PanelProcess:
    """A panel as a start leaves it, without its tasks."""
    return opened(child_of(Hub(), path, "panel", site), 1)


def told(process: PanelProcess) -> list[str]:
    """The news of incidents in the journal."""
    return [row.body for row in process.records.journal.rows("incident", newest=1000)]


async def test_a_hundred_alarms_in_a_minute_are_one_incident_few_calls_and_a_hundred_rows(tmp_path: Path) -> None:
    """The flood: a phone rings a hundred times, or the journal lacks an alarm because it did not."""
    process = made(tmp_path)
    for n in range(CAMERAS):
        process.on_evidence(f"pf.d{n}", hot(n, f"pf.d{n}").evidence, 1e9 + 0.6 * n)
        process.gathering.look(process, Now(1000.0 + 0.6 * n, 1e9 + 0.6 * n))
    assert len(process.records.journal.rows("alarm", newest=1000)) == CAMERAS
    assert len([row for row in process.records.outbox.waiting(1000) if row.kind == "alarm_changed"]) == CAMERAS
    assert len(told(process)) == 3, "new, several zones, and once after half a minute"
    state = process.state()
    assert [len(incident.alarms) for incident in state.incidents] == [CAMERAS]
    assert process.records.journal.verify().broken == ""
    again = made(tmp_path)
    again.gathering.look(again, Now(5.0, 1e9 + 61.0))
    assert [incident.id for incident in again.state().incidents] == [state.incidents[0].id]
    assert len(told(again)) == 3, "a killed panel calls nobody a second time"


async def test_news_travel_the_bus_and_end_with_the_reset(tmp_path: Path) -> None:
    """Nobody hears of an incident, or never that it is over."""
    hub = Hub()
    before = REGISTRY.get_sample_value("embereye_incident_news_total", {"news": "over"}) or 0.0
    site = Site(zones=FLOOD.zones[:1], devices=FLOOD.devices[:1])
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", site), panel.main):
        await until(lambda: listener.all(PanelState))
        await listener.bus.say(hot(1, "pf.d0"))
        await until(lambda: listener.all(IncidentChanged))
        (alarm,) = listener.all(AlarmChanged)
        (news,) = listener.all(IncidentChanged)
        assert (news.news, news.incident.alarms[0].id) == (IncidentNews.NEW, alarm.id)
        await until(lambda: listener.all(PanelState)[-1].incidents)
        await listener.bus.say(cold(2, "pf.d0"))
        while not (await listener.bus.ask(Reset(by="ann", way="ui"))).ok:
            await asyncio.sleep(0.2)
        await until(lambda: len(listener.all(IncidentChanged)) == 2)
        over = listener.all(IncidentChanged)[-1]
        assert (over.news, over.incident.state) == (IncidentNews.OVER, IncidentState.CLOSED)
        await until(lambda: not listener.all(PanelState)[-1].incidents)
    assert REGISTRY.get_sample_value("embereye_incident_news_total", {"news": "over"}) == before + 1


async def test_a_disabled_zone_calls_nobody(tmp_path: Path) -> None:
    """Welding in a disabled zone rings phones."""
    process = made(tmp_path)
    zone = replace(process.panel.zones["z0"], disabled=Out(0.0, 0.0, None, "ann"))
    process.panel = replace(process.panel, zones={**process.panel.zones, "z0": zone})
    process.on_evidence("pf.d0", hot(1, "pf.d0").evidence, 1e9)
    process.gathering.look(process, Now(1000.0, 1e9))
    assert (len(process.records.journal.rows("alarm")), told(process)) == (1, [])
    process.panel = replace(process.panel, zones={**process.panel.zones, "z0": replace(zone, disabled=None)})
    assert process.panel.zones["z0"].state.value == "normal", "only the copy was changed back"
    process.on_evidence("pf.d0", hot(2, "pf.d0").evidence, 1e9 + 1)
    process.gathering.look(process, Now(1001.0, 1e9 + 1))
    assert len(told(process)) == 1


def test_the_settings_say_what_belongs_together() -> None:
    """A window or neighbours that are set and not used."""
    site = Site(
        incidents=Incidents(merge_s=60, grew_s=10),
        zones=(Zone(id="a", name="A", neighbours=("b",)), Zone(id="b", name="B")),
    )
    rules = rules_of(site)
    assert (rules.merge_s, rules.grew_s) == (60, 10)
    assert rules.neighbours == {"a": frozenset({"b"}), "b": frozenset({"a"})}


def test_what_the_outbox_keeps_is_read_again() -> None:
    """News that waited for the bus cannot be read after a restart."""
    for sample in SAMPLES:
        if isinstance(sample, AlarmChanged | IncidentChanged):
            ident, kind, _ = entry(sample)
            assert SAID[kind] is type(sample)
            assert ident == key(sample)
