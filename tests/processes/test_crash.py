"""kill -9 and power cuts: what was published or acknowledged is still there, and damage is told, never hidden.

Every random choice comes from a seed that a failure prints.
"""

import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from embereye_addon.alarm.journal import Journal
from embereye_addon.bus.memory import Hub
from embereye_addon.bus.nats import NatsBus, connect
from embereye_addon.errors import BusError
from embereye_addon.messages import (
    Acknowledge,
    AlarmChanged,
    Command,
    Disable,
    Enable,
    PanelState,
    Reset,
    Silence,
    ZoneState,
)
from embereye_addon.processes.folder import BusAccess, Folder
from embereye_addon.processes.panel import PanelProcess, opened
from embereye_addon.settings.model import Device, Site, Zone
from tests.fakes.nats_server import NatsServer
from tests.processes.world import child_of, cold, hot

ZONES = ("hall", "yard", "attic")
SITE = Site(
    zones=tuple(Zone(id=zone, name=zone, clear_s=5) for zone in ZONES),
    devices=tuple(Device(id=zone, name=zone, zone=zone) for zone in ZONES),
)
ROUNDS = 3
ROOT = Path(__file__).resolve().parents[2]


# --- kill -9 of the real process ---------------------------------------------------------------------------------


@dataclass
class World:
    """The panel as a command on a real bus, and what it has promised by what it said and answered."""

    folder: Folder
    bus: NatsBus
    states: list[PanelState] = field(default_factory=list)
    alarms: dict[str, str] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    published: set[tuple[str, str]] = field(default_factory=set)
    panel: "subprocess.Popen[bytes] | None" = None
    seq: int = 0

    def on_alarm(self, change: AlarmChanged) -> None:
        """What was published is a promise."""
        self.published.add((change.id, change.now.value))
        if change.now is ZoneState.ALARM:
            self.alarms[change.zone] = change.id
        elif self.alarms.get(change.zone) == change.id:
            del self.alarms[change.zone]

    def start(self) -> None:
        """Start the process by its command."""
        self.states.clear()
        words = [sys.executable, "-m", "embereye_addon", "panel", "--folder", str(self.folder.path)]
        log = (self.folder.path / "panel.log").open("ab")
        with log:
            self.panel = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.panel is not None
        self.panel.kill()
        self.panel.wait(5)

    async def until_told(self) -> PanelState:
        """The first state of the process that was started last."""
        end_s = time.monotonic() + 20.0
        while not self.states:
            assert time.monotonic() < end_s, (self.folder.path / "panel.log").read_text()[-2000:]
            assert self.panel is None or self.panel.poll() is None, (self.folder.path / "panel.log").read_text()[-2000:]
            await asyncio.sleep(0.02)
        return self.states[0]

    async def order(self, order: Command) -> bool | None:
        """Whether it was carried out; None when nobody answered, and it may have been or not."""
        try:
            return bool((await self.bus.ask(order, timeout_s=0.5)).ok)
        except BusError:
            return None

    async def something(self, chance: random.Random) -> None:
        """Evidence, or an order, and what is promised by its answer."""
        zone = chance.choice(ZONES)
        self.seq += 1
        match chance.randrange(8):
            case 0 | 1 | 2:
                await self.bus.say(hot(self.seq, f"pf.{zone}"))
            case 3:
                await self.bus.say(cold(self.seq, f"pf.{zone}"))
            case 4:
                await self.acknowledge(zone)
            case 5:
                await self.serve(zone, away=chance.random() < 0.6)
            case 6:
                await self.reset(zone)
            case _:
                await self.order(Silence(by="ann", way="ui"))

    async def acknowledge(self, zone: str) -> None:
        """What was acknowledged stays so, as long as it is the same alarm."""
        held = self.alarms.get(zone)
        if await self.order(Acknowledge(by="ann", way="ui", target=zone)) and held is not None:
            self.acknowledged[zone] = held

    async def serve(self, zone: str, *, away: bool) -> None:
        """A zone that was taken out of service is listed until somebody asks for it to be back."""
        self.disabled.discard(zone)
        order = Disable if away else Enable
        if await self.order(order(by="ann", way="ui", target=zone)) and away:
            self.disabled.add(zone)

    async def reset(self, zone: str) -> None:
        """A reset that was refused has ended no alarm; one without an answer may have."""
        held = self.alarms.pop(zone, None)
        if held is not None and await self.order(Reset(by="ann", way="ui", target=zone)) is False:
            self.alarms.setdefault(zone, held)

    def check(self, state: PanelState) -> None:
        """Every promise is kept by the first word after a restart."""
        zones = {status.zone: status for status in state.zones}
        for zone, ident in self.alarms.items():
            assert (zones[zone].state, zones[zone].alarm_id) == (ZoneState.ALARM, ident), (zone, self.alarms, state)
        for zone, ident in self.acknowledged.items():
            if zones[zone].alarm_id == ident and zones[zone].state is ZoneState.ALARM:
                assert zones[zone].acknowledged, (zone, state)
        assert self.disabled <= {each.about for each in state.disablements}
        assert not {fault.code for fault in state.faults} & {
            "journal_cut",
            "journal_lost",
            "outbox_lost",
            "state_lost",
            "spare_lost",
        }


@contextlib.asynccontextmanager
async def real_world(tmp_path: Path) -> AsyncIterator[World]:
    """A real server, a data folder as the supervisor leaves it, and somebody who listens."""
    server = NatsServer(tmp_path)
    server.start()
    folder = Folder(tmp_path / "data")
    folder.write_run("bus.json", msgspec.json.encode(BusAccess(server.url, server.token, "node1")))
    folder.write_run("site.json", msgspec.json.encode(SITE))
    bus = await connect(server.url, server.token, "test")
    world = World(folder, bus)
    try:
        await bus.hear(PanelState, world.states.append)
        await bus.hear(AlarmChanged, world.on_alarm)
        yield world
    finally:
        if world.panel is not None and world.panel.poll() is None:
            world.kill()
        await bus.close()
        server.stop()


@pytest.mark.timeout(60)
async def test_kill_at_any_moment_loses_nothing_that_was_said(tmp_path: Path) -> None:
    """Killed at random moments while alarms and orders flow, its first word after that keeps every promise."""
    seed = int(os.environ.get("EMBEREYE_SEED", random.randrange(1 << 30)))
    print(f"EMBEREYE_SEED={seed}")
    chance = random.Random(seed)
    async with real_world(tmp_path) as world:
        for number in range(ROUNDS):
            world.start()
            await world.bus.say(cold(1000 + number, f"pf.{chance.choice(ZONES)}"))
            world.check(await world.until_told())
            end_s = time.monotonic() + chance.uniform(0.05, 0.8)
            while time.monotonic() < end_s:
                await world.something(chance)
                await asyncio.sleep(chance.uniform(0.0, 0.03))
            talking = asyncio.create_task(world.something(chance))
            await asyncio.sleep(chance.uniform(0.0, 0.01))
            world.kill()
            await talking
        world.start()
        world.check(await world.until_told())
        world.kill()
    journal = Journal(world.folder.journal, read_only=True)
    assert journal.verify().broken == ""
    bodies = [msgspec.json.decode(row.body) for row in journal.rows("alarm", "zone", newest=10_000)]
    journal.close()
    assert world.published <= {(body["id"], body["now"]) for body in bodies}
    assert world.published
    assert "Traceback" not in (world.folder.path / "panel.log").read_text()


# --- power cuts: the files as they are on the disk, damaged ---------------------------------------------------------

FILES = ("journal.db", "journal.db-wal", "outbox.db", "outbox.db-wal", "panel.state")


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a panel with two latched alarms, one acknowledged and none of them sent, at the moment of a cut."""
    path = tmp_path_factory.mktemp("cut")

    async def lived() -> None:
        live = path / "live"
        process = panel(live)
        for number in range(40):
            process.record("filler", {"n": number, "text": "x" * 300}, state=False)
        process.on_evidence("pf.hall", hot(1, "pf.hall").evidence, 1e9)
        process.records.journal._base.execute("PRAGMA wal_checkpoint(PASSIVE)")
        process.on_evidence("pf.yard", hot(2, "pf.yard").evidence, 1e9)
        await process.on_order(Acknowledge(by="ann", way="ui", target="yard"))
        await process.records.copy()
        copied(live, path / "as_it_was")
        process.records.close()

    asyncio.run(lived())
    return path / "as_it_was"


def panel(path: Path) -> PanelProcess:
    """A panel as a start leaves it."""
    return opened(child_of(Hub(), path, "panel", SITE), 1)


def copied(of: Path, to: Path) -> None:
    """What a power cut leaves: all files but the shared memory."""
    to.mkdir(exist_ok=True)
    for name in FILES:
        if (of / name).exists():
            shutil.copy(of / name, to / name)


def torn(path: Path, where: float) -> None:
    """The file ends at this share of its length."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(where * len(whole))])


def smeared(path: Path, where: float) -> None:
    """From this share of its length on there is something else."""
    whole = path.read_bytes()
    begin = int(where * len(whole))
    path.write_bytes(whole[:begin] + random.Random(begin).randbytes(len(whole) - begin))


def gone(path: Path, where: float) -> None:
    """The file is not there."""
    path.unlink()


DAMAGES: tuple[Callable[[Path, float], None], ...] = (torn, smeared, gone)
TOLD = {"journal_cut", "journal_lost", "outbox_lost", "state_lost", "spare_lost"}


def latched(process: PanelProcess) -> bool:
    """Whether both alarms stand, with the acknowledgement."""
    zones = process.panel.zones
    standing = zones["hall"].state is zones["yard"].state is ZoneState.ALARM
    return standing and zones["yard"].acknowledged and not zones["hall"].acknowledged


def alive(process: PanelProcess) -> None:
    """It takes a new alarm, keeps it, and comes up again with it."""
    process.on_evidence("pf.attic", hot(9, "pf.attic").evidence, 1e9)
    assert process.panel.zones["attic"].state is ZoneState.ALARM
    process.records.close()
    again = panel(process.child.folder.path)
    assert again.panel.zones["attic"].state is ZoneState.ALARM
    assert not set(again.child.faults) - {"state_lost", "journal_cut", "spare_lost"}, again.child.faults
    again.records.close()


@pytest.mark.parametrize("tail", [b"\x00" * 4096, b"\xff" * 137, bytes(range(256)) * 40])
@pytest.mark.parametrize("name", ["journal.db-wal", "outbox.db-wal"])
def test_what_was_torn_past_the_last_sync_is_nothing(cut: Path, tmp_path: Path, name: str, tail: bytes) -> None:
    """Half a row that nobody was told of is left out: no fault, nothing lost."""
    copied(cut, tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(tail)
    process = panel(tmp_path)
    assert latched(process)
    assert process.child.faults == {}
    assert process.records.journal.verify().broken == ""
    assert len(process.records.outbox.waiting()) == 2
    alive(process)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(name=st.sampled_from(FILES), damage=st.sampled_from(DAMAGES), where=st.floats(0.0, 1.0))
def test_one_damaged_file_loses_no_latched_alarm(
    cut: Path, tmp_path: Path, name: str, damage: Callable[[Path, float], None], where: float
) -> None:
    """Whichever file the disk spoils, and wherever: both alarms stand, the lost rows are told, and work goes on."""
    shutil.rmtree(tmp_path)
    copied(cut, tmp_path)
    damage(tmp_path / name, where)
    process = panel(tmp_path)
    note(f"{process.child.faults}")
    assert latched(process)
    assert "state_lost" not in process.child.faults or name != "panel.state"
    waiting = {row.id.rpartition(":")[0] for row in process.records.outbox.waiting()}
    kept = {row.number for row in process.records.journal.rows("alarm")}
    whole = len(kept) == 2
    assert whole or TOLD & set(process.child.faults), "a lost row must be told"
    ids = {process.panel.zones[zone].alarm_id for zone in ("hall", "yard")}
    assert ids <= waiting or not whole or "outbox" not in name, "what was not sent is sent"
    alive(process)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(damages=st.lists(st.tuples(st.sampled_from(FILES), st.sampled_from(DAMAGES), st.floats(0.0, 1.0)), max_size=5))
def test_many_damaged_files_are_told(
    cut: Path, tmp_path: Path, damages: list[tuple[str, Callable[[Path, float], None], float]]
) -> None:
    """Where nothing can be read any more an alarm may be lost, but never silently."""
    shutil.rmtree(tmp_path)
    copied(cut, tmp_path)
    for name, damage, where in damages:
        if (tmp_path / name).exists():
            damage(tmp_path / name, where)
    process = panel(tmp_path)
    note(f"{process.child.faults}")
    deleted = (gone, "panel.state") in {(damage, name) for name, damage, _ in damages}  # no power cut does that
    assert latched(process) or TOLD & set(process.child.faults) or deleted
    alive(process)


async def test_a_lost_state_stands_until_a_person_has_seen_it(cut: Path, tmp_path: Path) -> None:
    """The fault outlasts restarts; an acknowledgement ends it."""
    copied(cut, tmp_path)
    for name in ("journal.db", "panel.state"):
        (tmp_path / name).write_bytes(b"rubbish" * 2000)
    (tmp_path / "journal.db-wal").unlink()
    assert "state_lost" in panel(tmp_path).child.faults
    again = panel(tmp_path)
    assert "must be looked for" in again.child.faults["state_lost"]
    assert again.child.faults.keys() == {"state_lost", "spare_lost"}
    await again.records.copy()
    again = panel(tmp_path)
    assert again.child.faults.keys() == {"state_lost"}
    await again.on_order(Acknowledge(by="ann", way="ui"))
    assert again.child.faults == {}
    assert panel(tmp_path).child.faults == {}


async def test_a_journal_that_breaks_while_it_is_used_is_replaced(tmp_path: Path) -> None:
    """A disk that fails under the running panel: set aside in words, the alarm is kept in the new one."""
    process = panel(tmp_path)
    for number in range(80):
        process.record("filler", {"n": number, "text": "x" * 500}, state=False)
    process.records.journal._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    process.records.journal._base.execute("PRAGMA cache_size=0")
    for name in ("journal.db", "outbox.db"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    process.on_evidence("pf.hall", hot(1, "pf.hall").evidence, 1e9)
    assert "it was set aside" in process.child.faults["journal_lost"]
    again = panel(tmp_path)
    assert again.panel.zones["hall"].state is ZoneState.ALARM
    assert "journal_lost" not in again.child.faults
    assert len(again.records.outbox) == 1
