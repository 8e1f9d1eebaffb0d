"""The panel process: what is latched stays, what is lost is told, and no disk stops an alarm."""

import asyncio
import logging
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from embereye_addon.alarm import faults as trouble
from embereye_addon.bus import Lease
from embereye_addon.bus.memory import Hub
from embereye_addon.errors import BusError
from embereye_addon.messages import (
    Acknowledge,
    AlarmChanged,
    Belief,
    LinkState,
    PanelState,
    ProcessHealth,
    Reading,
    Reset,
    Sighting,
    Silence,
    SourceHealth,
    ZoneState,
)
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes import panel
from embereye_addon.processes.child import live, reasons
from embereye_addon.processes.incidents import key
from embereye_addon.processes.panel import DISK_AGAIN_S, PanelProcess, opened
from embereye_addon.processes.panel_watch import expected, zones_of
from embereye_addon.settings.model import Camera, Detection, Device, Site, Zone
from tests.fakes.cameras import until
from tests.processes.world import Listener, beat, child_of, cold, hot, listening, running, site

SITE = site(devices=("boiler",))


def made(path: Path, hub: Hub | None = None, of: Site = SITE) -> PanelProcess:
    """A panel as a start leaves it, without its tasks."""
    return opened(child_of(hub or Hub(), path, "panel", of), 1)


def state_of(listener: Listener) -> ZoneState | None:
    """What everybody was told last."""
    state = listener.last(PanelState)
    return None if state is None else state.state


@pytest.mark.timeout(30)
async def test_a_fire_is_an_alarm_until_it_is_reset(tmp_path: Path) -> None:
    """The main job: evidence in, one alarm out at once, latched; acknowledged, and reset when the fire is out."""
    hub = Hub()
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", SITE), panel.main):
        await until(lambda: listener.all(PanelState) and listener.all(Belief))
        await listener.bus.say(hot())
        await until(lambda: listener.all(AlarmChanged))
        (alarm,) = listener.all(AlarmChanged)
        assert (alarm.was, alarm.now, alarm.zone) == (ZoneState.NORMAL, ZoneState.ALARM, "hall")
        assert alarm.cause == "fixed_temperature"
        assert alarm.explanation.shares[0].value == 120.0
        await until(lambda: state_of(listener) is ZoneState.ALARM)
        refused = await listener.bus.ask(Reset(by="ann", way="ui"))
        assert not refused.ok
        assert "Hall stays in alarm" in refused.why
        assert (await listener.bus.ask(Acknowledge(by="ann", way="ui", target="hall"))).ok
        assert (await listener.bus.ask(Silence(by="ann", way="ui"))).ok
        await until(
            lambda: listener.all(PanelState)[-1].silenced and listener.all(PanelState)[-1].zones[0].acknowledged
        )
        await listener.bus.say(cold(2))
        await until(lambda: listener.all(PanelState)[-1].zones[0].points == ("pf.boiler.thermal",))
        while not (done := await listener.bus.ask(Reset(by="ann", way="ui"))).ok:
            assert "less than 5 s" in done.why
            await asyncio.sleep(0.2)
        await until(lambda: len(listener.all(AlarmChanged)) == 2)
        last = listener.all(AlarmChanged)[-1]
        assert (last.id, last.now, last.by) == (alarm.id, ZoneState.NORMAL, "ann")
        await until(lambda: state_of(listener) is ZoneState.NORMAL)
    assert hub.leases == {}, "the next panel takes over at once"


async def test_every_kind_of_evidence_counts(tmp_path: Path) -> None:
    """Cameras, heat and inputs are heard alike; strangers and empty looks change nothing."""
    hub = Hub()
    of = site({"door": "rtsp://h/"}, ("boiler",))
    piece = hot().evidence[0]
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", of), panel.main):
        await until(lambda: listener.all(PanelState))
        say = listener.bus.say
        seen = msgspec.structs.replace(piece, point="cam.door.flame", rules=())
        await say(Sighting(source="cam.door", node="node1", frame=1, model="m", looked=1, evidence=(seen,)))
        gas = msgspec.structs.replace(piece, point="pf.boiler.adc1", rules=())
        await say(
            Reading(
                source="pf.boiler",
                channel="adc1",
                role="gas",
                raw=1.0,
                baseline=1.0,
                change_sigma=0.0,
                warming_up=False,
                stuck=False,
                evidence=(gas,),
            )
        )
        await say(hot(3, "pf.stranger"))
        await say(msgspec.structs.replace(hot(4), evidence=()))
        points = ("cam.door.flame", "pf.boiler.adc1")
        await asyncio.sleep(0.2)
        assert (await listener.bus.ask(Acknowledge(by="ann", way="ui"))).why == "nothing to acknowledge"
        await until(lambda: listener.all(PanelState)[-1].zones[0].points == points)
        assert not listener.all(AlarmChanged)
        await until(lambda: listener.all(Belief)[-1].sum_nats > 0.0)


async def test_an_alarm_survives_a_killed_panel(tmp_path: Path) -> None:
    """After kill -9 the alarm stands under the same id before any new evidence, and is told exactly once."""
    first = made(tmp_path)
    first.on_evidence("pf.boiler", hot().evidence, 1e9)
    zone = first.panel.zones["hall"]
    assert (zone.state, len(first.records.outbox)) == (ZoneState.ALARM, 1)
    # killed here: nothing was closed, nothing was sent
    hub = Hub()
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", SITE), panel.main):
        await until(lambda: state_of(listener) is ZoneState.ALARM and listener.all(AlarmChanged))
        state = listener.all(PanelState)[0]
        assert (state.state, state.zones[0].alarm_id) == (ZoneState.ALARM, zone.alarm_id)
        await asyncio.sleep(0.3)
        (told,) = listener.all(AlarmChanged)
        assert told.id == zone.alarm_id
    again = made(tmp_path)
    again.records.outbox.sent(key(told))
    assert again.panel.zones["hall"].alarm_id == zone.alarm_id
    kinds = [row.kind for row in again.records.journal.rows() if row.kind != "incident"]
    assert kinds == ["start", "alarm", "start", "start"]
    assert again.records.journal.verify().broken == ""


async def test_a_crash_between_journal_and_outbox_loses_nothing(tmp_path: Path) -> None:
    """Power went after the alarm was written and before it was queued; a day later it is history and not said again."""
    first = made(tmp_path)
    first.on_evidence("pf.boiler", hot().evidence, 1e9)
    (waiting,) = first.records.outbox.waiting()
    first.records.outbox.sent(waiting.id)
    second = made(tmp_path)
    assert [row.id for row in second.records.outbox.waiting()] == [waiting.id]
    second.records.outbox.sent(waiting.id)
    body = first.records.journal.rows("alarm")[0].body
    other = tmp_path / "later"
    third = made(other)
    third.records.journal.append(1e9, "alarm", body)
    third.records.journal.append(time.time(), "alarm", '{"of": "another version"}')  # noqa: TID251 - the real clock
    assert len(made(other).records.outbox) == 0


async def test_a_bus_that_is_away_keeps_alarms_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be told now is told later, once, with its own time."""
    hub = Hub()
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", SITE), panel.main):
        await until(lambda: listener.all(PanelState))
        await listener.bus.say(hot())
        hub.away = True
        await asyncio.sleep(0.4)
        assert not listener.all(AlarmChanged)
        hub.away = False
        await until(lambda: listener.all(AlarmChanged))
        await asyncio.sleep(0.2)
        assert len(listener.all(AlarmChanged)) == 1


async def test_a_full_disk_stops_no_alarm(tmp_path: Path) -> None:
    """The alarm goes out, the fault is told, and when there is room again the latched state is on disk."""
    hub = Hub()
    process = made(tmp_path, hub)
    process.records.journal._base.execute("PRAGMA max_page_count=1")
    for size in (3000, 1):
        process.child.faults.clear()
        while "disk_full" not in process.child.faults:
            process.record("filler", "x" * size)
    process.records.outbox._base.execute("PRAGMA max_page_count=1")
    number = 0
    while not process.records.unkept:
        number += 1
        process.records.put(msgspec.structs.replace(_alarm(process), id=f"filler-{number}"))
    process.child.faults.pop("outbox_refused")
    async with listening(hub) as listener:
        process.on_evidence("pf.boiler", hot().evidence, 1e9)
        assert process.panel.zones["hall"].state is ZoneState.ALARM
        sending = asyncio.create_task(process.records.send())
        await until(lambda: [alarm for alarm in listener.all(AlarmChanged) if alarm.zone == "hall"])
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await process.tick()
    codes = {fault.code for fault in process.book.standing.values()}
    assert "disk_full" in codes
    process.records.journal._base.execute("PRAGMA max_page_count=100000")
    process.records.outbox._base.execute("PRAGMA max_page_count=100000")
    process.records.disk_tried_s -= DISK_AGAIN_S
    process.records.put(_alarm(process))
    await process.tick()
    assert process.child.faults == {}
    await process.tick()
    assert not [fault for fault in process.book.standing.values() if fault.about == "node1.panel"]
    assert made(tmp_path).panel.zones["hall"].state is ZoneState.ALARM


def _alarm(process: PanelProcess) -> AlarmChanged:
    """Some alarm of another zone."""
    explanation = process.wanted("hall", time.monotonic()).explanation
    return AlarmChanged(
        source="panel",
        id="other",
        zone="yard",
        name="Yard",
        was=ZoneState.NORMAL,
        now=ZoneState.ALARM,
        cause="c",
        by="b",
        explanation=explanation,
    )


async def test_an_alarm_in_memory_only_waits_for_the_bus(tmp_path: Path) -> None:
    """Neither disk nor bus: the alarm waits in memory, and is told when the bus is back."""
    hub = Hub()
    process = made(tmp_path, hub)
    process.records.outbox._limit = 0
    async with listening(hub) as listener:
        hub.away = True
        sending = asyncio.create_task(process.records.send())
        process.on_evidence("pf.boiler", hot().evidence, 1e9)
        assert "outbox_refused" in process.child.faults
        await asyncio.sleep(0.2)
        assert len(process.records.unkept) == 1
        hub.away = False
        await until(lambda: listener.all(AlarmChanged))
        assert not process.records.unkept
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_an_entry_that_cannot_be_read_holds_nobody_up(tmp_path: Path) -> None:
    """An outbox of another version must not end the panel again and again."""
    hub = Hub()
    process = made(tmp_path, hub)
    process.records.outbox.put("odd", "alarm_changed", b"\x93not ours")
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    async with listening(hub) as listener:
        sending = asyncio.create_task(process.records.send())
        await until(lambda: listener.all(AlarmChanged) and not len(process.records.outbox))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_what_fell_silent_is_a_fault_and_its_return_ends_it(tmp_path: Path) -> None:
    """A dead detector, an unwatched camera and a lost device are told, and told to be over; each is in the journal."""
    of = site({"door": "rtsp://h/"}, ("boiler",))
    process = made(tmp_path, of=of)
    now_s = time.monotonic()
    process.book = trouble.opened(expected(of, "node1", 1), now_s - 100.0)
    await process.tick()
    faults = {(fault.about, fault.code) for fault in process.book.standing.values()}
    assert {("cam.door", "not_watched"), ("pf.boiler", "not_watched"), ("node1.detector-0", "process_lost")} <= faults
    lost = SourceHealth(
        source="cam.door", node="node1", state=LinkState.OFFLINE, faults=(("stream_lost", "nothing came for 9 s"),)
    )
    process.on_source_health(lost)
    process.on_source_health(SourceHealth(source="pf.boiler", node="node1", state=LinkState.ONLINE))
    process.on_source_health(SourceHealth(source="cam.stranger", node="node1", state=LinkState.OFFLINE))
    process.on_process_health(beat("node1.detector-0"))
    await process.tick()
    after = {(fault.about, fault.code): fault.text for fault in process.book.standing.values()}
    assert after[("cam.door", "stream_lost")] == "nothing came for 9 s"
    assert not {"pf.boiler", "node1.detector-0", "cam.stranger"} & {about for about, _ in after}
    kinds = [row.kind for row in process.records.journal.rows()]
    assert kinds.count("fault") >= 4
    assert kinds.count("fault_ended") == 3
    assert process.state().faults


def test_everything_enabled_is_expected() -> None:
    """A process or camera that is missing can only be missed when it is on the list."""
    of = Site(
        zones=(Zone(id="hall", name="Hall"),),
        cameras=(
            Camera(id="a", name="a", url="rtsp://h/", zone="hall"),
            Camera(id="b", name="b", url="rtsp://h/", zone="hall", enabled=False),
        ),
        devices=(Device(id="c", name="c", zone="hall"), Device(id="d", name="d", zone="hall", enabled=False)),
        detection=Detection(shards=0),
    )
    names = set(expected(of, "node1", 2))
    assert {"cam.a", "pf.c", "node1.detector-0", "node1.detector-1", "node1.pf_gateway", "node1.web"} <= names
    assert not {"cam.b", "pf.d", "node1.panel"} & names
    assert zones_of(of) == {"cam.a": "hall", "pf.c": "hall"}


async def test_a_zone_that_left_the_settings_can_be_reset(tmp_path: Path) -> None:
    """A latched alarm does not disappear with its zone, and can still be ended."""
    made(tmp_path).on_evidence("pf.boiler", hot().evidence, 1e9)
    process = made(tmp_path, of=Site(zones=(Zone(id="yard", name="Yard"),)))
    assert process.panel.zones["hall"].state is ZoneState.ALARM
    assert process.state().state is ZoneState.ALARM
    await process.tick()
    quiet = replace(process.panel.zones["hall"], quiet_since_s=time.monotonic() - 10.0)
    process.panel = replace(process.panel, zones={**process.panel.zones, "hall": quiet})
    assert (await process.on_order(Reset(by="ann", way="ui"))).ok
    assert process.state().state is ZoneState.NORMAL


async def test_the_second_panel_waits(tmp_path: Path) -> None:
    """Two panels would tell every alarm twice; the second takes over when the first is gone."""
    hub = Hub()
    lease: Lease = child_of(hub, tmp_path, "other", SITE).bus.lease("panel", "node2.panel")
    assert await lease.renew()
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "panel", SITE), panel.main):
        await until(lambda: listener.all(ProcessHealth))
        await asyncio.sleep(0.3)
        assert not listener.all(PanelState)
        await lease.release()
        await until(lambda: listener.all(PanelState))


async def test_a_panel_without_its_lease_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Cut off from the bus, it must not act beside the panel that took over."""
    caplog.set_level(logging.CRITICAL)
    hub = Hub()
    shift_s = [0.0]
    hub.clock = lambda: time.monotonic() + shift_s[0]
    async with listening(hub) as listener:
        task = asyncio.create_task(live(child_of(hub, tmp_path, "panel", SITE), panel.main))
        await until(lambda: listener.all(PanelState))
        shift_s[0] = 60.0
        assert await child_of(hub, tmp_path, "x", SITE).bus.lease("panel", "node2.panel").renew()
        await until(task.done)
        error = task.exception()
        assert error is not None
        (reason,) = reasons(error)
        assert isinstance(reason, BusError)
        assert "lease was lost" in str(reason)


async def test_the_delay_of_a_loss_is_measured(tmp_path: Path) -> None:
    """The 30 s limit from a device's last sign to its fault must be readable from the metrics."""
    before = REGISTRY.get_sample_value("embereye_fault_delay_seconds_count", {"what": "pf"}) or 0.0
    process = made(tmp_path, of=site(devices=("boiler",)))
    process.on_evidence("pf.boiler", hot().evidence, 1e9)
    silent = SourceHealth(
        source="pf.boiler", node="node1", state=LinkState.OFFLINE, faults=(("device_silent", "nothing came for 20 s"),)
    )
    process.on_source_health(silent)
    await process.tick()
    assert REGISTRY.get_sample_value("embereye_fault_delay_seconds_count", {"what": "pf"}) == before + 1.0
