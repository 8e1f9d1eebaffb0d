"""The panel process: evidence in, beliefs and alarms out, journal first."""

import asyncio
import logging
import os
import time
from dataclasses import dataclass, field, replace

import msgspec

from embereye_addon.alarm import faults as trouble
from embereye_addon.alarm import orders
from embereye_addon.alarm import panel as panels
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Note, Panel
from embereye_addon.alarm.zone import Change, Wanted
from embereye_addon.bus import LEASE_RENEW_S
from embereye_addon.errors import BusError
from embereye_addon.fuse import agreement
from embereye_addon.fuse import zone as fusion
from embereye_addon.messages import (
    Belief,
    Command,
    Done,
    Evidence,
    HotSpots,
    PanelState,
    ProcessHealth,
    Reading,
    Sighting,
    SourceHealth,
    ZoneState,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.disk import LOOK_S as DISK_LOOK_S
from embereye_addon.observe.metrics import PF_DECISION
from embereye_addon.processes import adjusting, incidents, nights, panel_watch, pf_siren
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.keeping import journal_at, kept_in, outbox_at, restored
from embereye_addon.processes.panel_watch import Machine, expected, machine, watchers_of, zones_of
from embereye_addon.processes.records import Records
from embereye_addon.processes.ruling import beliefs_of, place_of
from embereye_addon.processes.ties import ties_of

_log = logging.getLogger(__name__)

STATE_PERIOD_S = 5.0
TICK_S = 0.5
SOURCE = "panel"
DISK_AGAIN_S = 5.0
"""While the disk refuses, the panel's state is offered to it again this often."""
UNHEEDED_NATS = 1.0
UNHEEDED_S = 60.0


@dataclass(slots=True)
class PanelProcess:
    """The panel with its state; everything here runs in one event loop, so nothing is locked."""

    child: Child
    records: Records
    panel: Panel
    beliefs: dict[str, fusion.Beliefs]
    book: trouble.Book
    zone_of: dict[str, str]
    points: dict[str, set[str]]
    machine: Machine
    gathering: incidents.Gathering = field(default_factory=incidents.Gathering)
    ties: tuple[agreement.Tie, ...] = ()
    signs_s: dict[str, float] = field(default_factory=dict)
    unheeded_s: dict[str, float] = field(default_factory=dict)
    seq: int = 0
    say_now: asyncio.Event = field(default_factory=asyncio.Event)

    # --- evidence -----------------------------------------------------------------------------------------
    def on_evidence(self, source: str, pieces: tuple[Evidence, ...], at: float) -> None:
        """Take evidence and decide at once."""
        zone_id = self.zone_of.get(source)
        if zone_id is None or not pieces:
            return
        now = Now(time.monotonic(), at)
        self.signs_s[source] = now.mono_s
        for piece in pieces:
            self.points[zone_id].add(piece.point)
            if piece.point in self.panel.points_out:
                self.unheeded(piece, now)
            else:
                self.beliefs[zone_id] = agreement.hear(self.ties, self.beliefs[zone_id], piece, now.mono_s)
        self.decide(zone_id, now)

    def unheeded(self, piece: Evidence, now: Now) -> None:
        """What a disabled point says counts for nothing; what would support a fire is logged, once a minute."""
        if not piece.rules and piece.llr_nats < UNHEEDED_NATS:
            return
        if now.mono_s - self.unheeded_s.get(piece.point, -UNHEEDED_S) >= UNHEEDED_S:
            self.unheeded_s[piece.point] = now.mono_s
            self.record("disabled_response", piece, state=False)

    def wanted(self, zone_id: str, now_mono_s: float) -> Wanted:
        """What a zone's evidence asks for now; a zone that left the settings has none."""
        beliefs = self.beliefs.get(zone_id) or fusion.fresh("normal")
        want = fusion.want(beliefs, now_mono_s)
        return Wanted(want.state, want.gone, agreement.worded(want.explanation), hard=want.hard)

    def decide(self, zone_id: str, now: Now) -> None:
        """Step one zone and make its changes known."""
        self.panel, changes = panels.judge(self.panel, zone_id, self.wanted(zone_id, now.mono_s), now)
        self.announce(changes, now.at)

    def announce(self, changes: tuple[Change | Note, ...], at: float) -> None:
        """Journal, outbox, then the world. A disk that refuses is a fault and stops no alarm."""
        for change in changes:
            if isinstance(change, Note):
                _log.info("%s: %s: %s", change.kind.replace("_", " "), change.about, change.text)
                self.record(change.kind, change)
                continue
            self.seq += 1
            message = panels.changed(change, SOURCE, self.seq, at)
            _log.warning("%s: %s -> %s: %s", message.name, message.was, message.now, message.explanation.text)
            self.record("alarm" if message.now is ZoneState.ALARM else "zone", message)
            self.records.put(message)
        if changes:  # what was disabled or tested is news too
            self.records.to_send.set()
            self.say_now.set()

    def record(self, kind: str, body: object, *, state: bool = True) -> None:
        """One journal row, with the panel's state."""
        self.records.record(kind, body, msgspec.msgpack.encode(panels.keep(self.panel)) if state else None)

    # --- orders -------------------------------------------------------------------------------------------
    async def on_order(self, order: Command) -> Done:
        """Carry out an operator's order; it is logged with who and which way."""
        now = Now(time.monotonic(), utc_s())
        wanted = {zone_id: self.wanted(zone_id, now.mono_s) for zone_id in self.panel.zones}
        points = frozenset(self.panel.points_out).union(*self.points.values())  # one that fell silent can come back
        self.panel, changes, done = orders.command(self.panel, order, wanted, now, points)
        if not self.panel.lost:
            self.child.faults.pop("state_lost", None)
        self.forget_disabled()
        self.record("action", {"order": order, "done": done})
        self.announce(changes, now.at)
        self.turn(now)
        self.say_now.set()
        return done

    def forget_disabled(self) -> None:
        """What a disabled point had claimed until now counts no longer."""
        gone = frozenset(self.panel.points_out)
        self.beliefs = {zone_id: fusion.forget(beliefs, gone) for zone_id, beliefs in self.beliefs.items()}

    # --- health -------------------------------------------------------------------------------------------
    def on_source_health(self, health: SourceHealth) -> None:
        """A source spoke of itself."""
        if health.source in self.zone_of:
            self.book = trouble.heard(self.book, health.source, health.faults, time.monotonic())

    def on_process_health(self, health: ProcessHealth) -> None:
        """A process spoke of itself."""
        now_s = self.signs_s[health.source] = time.monotonic()
        self.book = panel_watch.with_node(self.book, health, now_s)
        self.book = trouble.heard(self.book, health.source, health.faults, now_s)

    # --- periods ------------------------------------------------------------------------------------------
    async def tick(self) -> None:
        """Time passes: zones clear, faults begin and end, beliefs are said."""
        now = Now(time.monotonic(), utc_s())
        self.turn(now)
        self.panel, notes = panels.timed(self.panel, now)
        self.announce(notes, now.at)
        for zone_id in tuple(self.panel.zones):
            self.decide(zone_id, now)
        self.gathering.look(self, now)
        if "disk_full" in self.child.faults and now.mono_s - self.records.disk_tried_s >= DISK_AGAIN_S:
            self.record("kept", {"after": self.child.faults["disk_full"]})
        if by_s := self.machine.look_at_clock(now):
            self.record("clock_jump", {"by_s": round(by_s, 3), "mono_s": round(now.mono_s, 3)}, state=False)
        self.book = trouble.heard(self.book, self.child.source, self.child.claims(), now.mono_s)
        self.book, began, ended = trouble.check(self.book, now.mono_s, now.at)
        for kind, changed in (("fault", began), ("fault_ended", ended)):
            for fault in changed:
                _log.warning("%s: %s: %s", kind.replace("_", " "), fault.about, fault.text)
                self.record(kind, fault, state=False)
        panel_watch.measure(began, self.book.standing, self.signs_s, now)
        if began or ended:
            self.panel = replace(self.panel, revision=self.panel.revision + 1)
            self.say_now.set()

    def turn(self, now: Now) -> None:
        """By day or by night, as the schedule or an operator says; the zones are judged by its sensitivity."""
        self.panel, notes = panels.turned(self.panel, dark=nights.dark(self.child.site.day, now.at))
        if notes:
            self.beliefs = nights.judged(self.beliefs, self.child.site, night=self.panel.night)
        self.announce(notes, now.at)

    async def say_beliefs(self) -> None:
        """Every zone's sum, once a second."""
        now = Now(time.monotonic(), utc_s())
        for zone_id, beliefs in self.beliefs.items():
            self.seq += 1
            explanation = fusion.want(beliefs, now.mono_s).explanation
            await self.child.bus.say(
                Belief(
                    source=SOURCE,
                    seq=self.seq,
                    at=now.at,
                    zone=zone_id,
                    sum_nats=explanation.sum_nats,
                    pre_alarm_nats=beliefs.pre_alarm_nats,
                    alarm_nats=beliefs.alarm_nats,
                    shares=explanation.shares,
                )
            )

    def state(self) -> PanelState:
        """What everybody is told now."""
        now = Now(time.monotonic(), utc_s())
        scores = {
            zone_id: 100.0
            * min(1.0, max(0.0, fusion.want(beliefs, now.mono_s).explanation.sum_nats / beliefs.alarm_nats))
            for zone_id, beliefs in self.beliefs.items()
        }
        points = {zone_id: tuple(sorted(names)) for zone_id, names in self.points.items()}
        faults = tuple(self.book.standing.values())
        told = panels.told(self.panel, faults, scores, points, SOURCE, now)
        return msgspec.structs.replace(told, sirens=pf_siren.by_hand(self.panel, now), journal=self.records.told())

    async def say_state(self) -> None:
        """Say the state on change and every 5 s."""
        while True:
            self.say_now.clear()
            await self.child.bus.say(self.state())
            try:
                await asyncio.wait_for(self.say_now.wait(), STATE_PERIOD_S)
            except TimeoutError:
                continue


def opened(child: Child, cores: int) -> PanelProcess:
    """The panel as it was left: restored before any evidence is taken. A damaged journal is set aside in words."""
    site = child.site
    zones = {zone.id: place_of(zone) for zone in site.zones}
    journal = kept_in(child.folder.journal, journal_at, child)
    panel = pf_siren.still_there(restored(child, journal, Panel(zones)), site)
    process = PanelProcess(
        child=child,
        records=Records(child, journal, kept_in(child.folder.outbox, outbox_at, child)),
        panel=panel,
        beliefs={zone.id: beliefs_of(zone, site.cameras) for zone in site.zones},
        book=trouble.opened(expected(site, child.node, cores), time.monotonic(), watchers_of(site)),
        zone_of=zones_of(site),
        points={zone_id: set() for zone_id in panel.zones},
        machine=machine(child, Now(time.monotonic(), utc_s())),
        gathering=incidents.Gathering(incidents.rules_of(site)),
        ties=ties_of(site),
    )
    process.beliefs = nights.judged(process.beliefs, site, night=panel.night)
    process.records.put_unsent()
    process.record("start", {"process": child.name})
    return process


async def listen(process: PanelProcess) -> None:
    """Hear evidence and health, and answer orders."""
    bus = process.child.bus

    def on_hot_spots(spots: HotSpots) -> None:
        process.on_evidence(spots.source, spots.evidence, spots.at)
        PF_DECISION.observe(max(0.0, utc_s() - spots.at))

    def on_facts(fact: Sighting | Reading) -> None:
        process.on_evidence(fact.source, fact.evidence, fact.at)

    await bus.hear(Sighting, on_facts)
    await bus.hear(HotSpots, on_hot_spots)
    await bus.hear(Reading, on_facts)
    await bus.hear(SourceHealth, process.on_source_health)
    await bus.hear(ProcessHealth, process.on_process_health)
    for order in orders.KINDS:
        await bus.answer(order, process.on_order)
    await adjusting.listen(process)


async def main(child: Child) -> None:
    """Wait for the panel's lease, restore, decide until the lease is lost."""
    lease = child.bus.lease("panel", child.source)
    while not await lease.renew():
        await asyncio.sleep(LEASE_RENEW_S)
    process = opened(child, os.cpu_count() or 1)

    async def hold() -> None:
        while lease.held(time.monotonic()):
            await asyncio.sleep(LEASE_RENEW_S)
            await lease.renew()
        raise BusError("the panel's lease was lost; another node may hold it now")

    await listen(process)
    try:
        async with asyncio.TaskGroup() as work:
            work.create_task(hold(), name="hold")
            work.create_task(every(TICK_S, process.tick), name="tick")
            work.create_task(every(DISK_LOOK_S, process.machine.look_at_disk), name="disk")
            work.create_task(every(1.0, process.say_beliefs), name="say beliefs")
            work.create_task(process.say_state(), name="say state")
            work.create_task(process.records.send(), name="send")
            work.create_task(process.records.look_after(), name="look after records")
            if any(device.siren for device in child.site.devices):
                sirens = pf_siren.Orders(child.bus)
                work.create_task(every(TICK_S, lambda: sirens.give(*adjusting.sounding(process))), name="sirens")
    finally:
        await lease.release()
        process.records.close()
