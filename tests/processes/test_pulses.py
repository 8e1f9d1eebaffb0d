"""Who hangs, by the supervisor's own count of time."""

import functools
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL, SIGTERM

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.bus.nats import connect
from embereye_addon.messages import ProcessHealth
from embereye_addon.processes.plan import Deaths
from embereye_addon.processes.pulses import (
    BUS_S,
    EVERYBODY_S,
    HUNG_S,
    LOOK_MOST_S,
    OWN,
    SERVER,
    START_S,
    TERM_S,
    Pulses,
)
from embereye_addon.processes.supervisor import Supervisor
from embereye_addon.settings import store
from tests.fakes.cameras import until
from tests.processes.test_supervisor import Sleeper, alive, beating, node, pid_of, settings, supervised
from tests.processes.world import Listener

PIDS = {OWN: 1, SERVER: 2, "panel": 3, "web": 4, "publisher": 5}
NAMES = frozenset(PIDS) - {SERVER}


class Node:
    """A supervisor that looks once a second at children of which some speak."""

    def __init__(self, pids: Mapping[str, int] = PIDS) -> None:
        self.pulses, self.pids, self.now_s = Pulses(), dict(pids), 100.0
        self.pulses.look(self.pids, self.now_s)

    def second(self, speaking: frozenset[str], passed_s: float = 1.0) -> dict[str, int]:
        """One look, after everybody who speaks has spoken."""
        self.now_s += passed_s
        for name in speaking:
            self.pulses.heard(name, PIDS[name])
        return {name: int(number) for name, number in self.pulses.look(self.pids, self.now_s).items()}

    def until_ended(self, speaking: frozenset[str], most: int = 200) -> tuple[int, dict[str, int]]:
        """How many looks it takes until somebody is ended, and who."""
        for count in range(1, most):
            if ended := self.second(speaking):
                return count, ended
        return most, {}

    def old(self) -> "Node":
        """Everybody has lived their first minute."""
        for _ in range(int(START_S) + 1):
            assert not self.second(NAMES)
        return self


def test_one_that_hangs_is_ended_and_at_last_killed() -> None:
    """A process that is alive but dead to the world would watch nothing for ever."""
    node = Node().old()
    count, ended = node.until_ended(NAMES - {"panel"})
    assert ended == {"panel": SIGTERM}
    assert abs(count - HUNG_S) <= 1
    for _ in range(int(TERM_S)):
        ended = node.second(NAMES - {"panel"})
    assert ended == {"panel": SIGKILL}
    node.pids["panel"] = 33
    node.pulses.heard("panel", 3)
    assert not node.second(NAMES), "its successor is not answered for by what it said"
    assert node.pulses.of["panel"].silent_s > 0.0


def test_nobody_is_ended_in_the_first_minute() -> None:
    """A model that compiles on a slow machine must not be started again for ever."""
    count, ended = Node().until_ended(NAMES - {"web"})
    assert ended == {"web": SIGKILL}
    assert count >= START_S


def test_everybody_silent_is_the_machine_first() -> None:
    """A machine that swaps must not lose all its processes on top; but a minute of it is enough."""
    count, ended = Node().old().until_ended(frozenset({OWN}))
    assert set(ended) == {"panel", "web", "publisher"}
    assert count >= EVERYBODY_S - HUNG_S


def test_a_bus_that_is_away_is_nobodys_fault_but_the_servers() -> None:
    """The server is named, to be asked; forgiven, it is asked again later; a new one gets its time."""
    node = Node().old()
    count, ended = node.until_ended(frozenset())
    assert ended == {SERVER: SIGKILL}
    assert abs(count - BUS_S) <= 1
    node.pulses.forgive()
    assert not node.second(frozenset())
    node.until_ended(frozenset())
    node.pids[SERVER] = 22
    assert not node.second(frozenset())
    count, ended = node.until_ended(frozenset())
    assert set(ended) == {SERVER}
    assert count >= START_S - 2 * BUS_S


def test_without_a_server_nobody_is_named() -> None:
    """While the server waits for its turn there is nobody to end."""
    node = Node({name: pid for name, pid in PIDS.items() if name != SERVER}).old()
    assert node.until_ended(frozenset()) == (200, {})
    assert Node({OWN: 1}).old().until_ended(frozenset({OWN})) == (200, {})


@given(
    st.lists(
        st.tuples(st.frozensets(st.sampled_from(sorted(NAMES))), st.sampled_from((1.0, 1.0, 1.3, 30.0, 86_400.0))),
        max_size=200,
    )
)
def test_whoever_speaks_lives_whatever_the_machine_does(looks: list[tuple[frozenset[str], float]]) -> None:
    """A machine that slept, or a supervisor that comes late, ends nobody who spoke within the last few looks."""
    node = Node().old()
    missed = dict.fromkeys(NAMES, 0)
    for speaking, passed_s in looks:
        missed = {name: 0 if name in speaking else missed[name] + 1 for name in NAMES}
        for name in node.second(speaking, passed_s):
            limit_s = BUS_S if name == SERVER else HUNG_S
            assert missed[OWN if name == SERVER else name] >= limit_s / LOOK_MOST_S - 1


@pytest.mark.timeout(150)
async def test_what_hangs_is_started_again(tmp_path: Path) -> None:
    """A child, and the bus's server, that live but do nothing any more (SIGSTOP) are replaced, and a fault says so."""
    supervisor = node(tmp_path)
    store.save(supervisor.site_file, settings())
    async with supervised(supervisor):
        await until(supervisor.ready.is_set, 20.0)
        assert supervisor.access is not None
        bus = await connect(supervisor.access.url, supervisor.access.token, "test")
        listener = Listener(bus)
        await listener.listen()
        try:
            for name in ("web", "panel"):
                await until(functools.partial(beating, listener, name, pid_of(supervisor, name)), 30.0)
            supervisor.pulses.start_s, supervisor.pulses.hung_s = 0.0, 7.0
            await _replaced(supervisor, listener, "web", "web")
            await until(lambda: any("web" in text for text in _said(listener, "process_hung")))
            listener.heard.clear()
            await _replaced(supervisor, listener, SERVER, "panel")
        finally:
            await bus.close()


async def _replaced(supervisor: Supervisor, listener: Listener, name: str, speaker: str) -> None:
    """`name` is stopped and gets a successor, after which `speaker` is heard."""
    pid = pid_of(supervisor, name)
    os.kill(pid, signal.SIGSTOP)
    await until(lambda: name in supervisor.running and pid_of(supervisor, name) != pid, 40.0)
    assert not alive(pid)
    assert supervisor.deaths[name].in_row == 1, "it is a death like any other"
    assert name in supervisor.faults["process_hung"]
    await until(lambda: speaker in supervisor.running and beating(listener, speaker, pid_of(supervisor, speaker)), 40.0)


def _said(listener: Listener, code: str) -> list[str]:
    return [text for beat in listener.all(ProcessHealth) for said, text in beat.faults if said == code]


async def test_a_fault_of_hanging_ends_with_a_minute_of_life(tmp_path: Path) -> None:
    """It stands while the process is ended, waits and starts, and not for ever; one no longer wanted takes it along."""
    sleeper = Sleeper(tmp_path)
    supervisor = sleeper.supervisor
    assert await sleeper.up("sleep", "60")
    supervisor.hung = {"panel": sleeper.child.process.pid, "detector-7": 1}
    supervisor.tell_restless()
    assert supervisor.faults["process_hung"].startswith("panel did not answer")
    sleeper.child.process.kill()
    await sleeper.child.process.wait()
    supervisor.bury("panel", sleeper.child, time.monotonic())
    supervisor.tell_restless()
    assert supervisor.faults
    supervisor.deaths["panel"] = Deaths(0.0, 1, 0.0)
    assert await sleeper.up("sleep", "60")
    sleeper.child.since_s -= 61.0
    assert await sleeper.up("sleep", "60")
    supervisor.tell_restless()
    assert supervisor.faults == {}
    await supervisor.stop()
