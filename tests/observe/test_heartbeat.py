"""The heartbeat: a process that lives says so, with figures that are true."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator

import pytest

from embereye_addon.errors import BusError
from embereye_addon.messages import Message, ProcessHealth
from embereye_addon.observe import heartbeat
from embereye_addon.observe.heartbeat import beat, rss_mib


class Hearer:
    """Keeps what is said, and refuses the beats whose numbers are in `away`."""

    def __init__(self, away: tuple[int, ...] = ()) -> None:
        self.away, self.heard, self.calls = away, list[ProcessHealth](), 0
        self.news = asyncio.Event()

    async def say(self, message: Message) -> None:
        assert isinstance(message, ProcessHealth)
        self.calls += 1
        self.news.set()
        if message.seq in self.away:
            raise BusError("no connection")
        self.heard.append(message)

    async def until(self, calls: int) -> None:
        while self.calls < calls:
            self.news.clear()
            await self.news.wait()


@contextlib.asynccontextmanager
async def beating(
    hearer: Hearer, period_s: float, faults: heartbeat.Faults = heartbeat.no_faults
) -> AsyncIterator[None]:
    """A heart that beats while the block runs."""
    notices = ("no AVX2", "x" * 1000)
    task = asyncio.create_task(
        beat(hearer.say, "n1", "detector-0", faults=faults, notices=lambda: notices, period_s=period_s)
    )
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_process_says_at_once_and_then_regularly_that_it_lives() -> None:
    """The first beat comes with the start, and each one is numbered, so that a loss is seen."""
    hearer = Hearer()
    async with beating(hearer, 0.02, lambda: (("model", "the model is missing"),) * 20):
        await hearer.until(3)
    first = hearer.heard[0]
    assert (first.source, first.node, first.pid) == ("n1.detector-0", "n1", os.getpid())
    assert first.rss_mib > 5.0
    assert first.started_at <= first.at
    assert len(first.faults) == heartbeat.FAULTS_MAX
    assert [len(notice) for notice in first.notices] == [7, heartbeat.NOTICE_CHARACTERS]
    assert [health.seq for health in hearer.heard[:3]] == [0, 1, 2]


async def test_a_blocked_loop_is_told_as_lag() -> None:
    """A process that stood still for a moment says so in its next beat."""
    hearer = Hearer()
    async with beating(hearer, 0.1):
        await hearer.until(1)
        await asyncio.sleep(0.02)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass
        await hearer.until(2)
    assert hearer.heard[0].loop_lag_ms == 0.0
    assert hearer.heard[1].loop_lag_ms > 150.0
    assert hearer.heard[1].cpu_pct > 0.0


async def test_a_bus_that_is_away_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The heart goes on beating without a bus, with one line for the loss and one for the return."""
    hearer = Hearer(away=(1, 2, 3))
    with caplog.at_level(logging.INFO):
        async with beating(hearer, 0.01):
            await hearer.until(6)
    own = [record for record in caplog.records if record.name == heartbeat.__name__]
    assert [(record.levelname, record.getMessage()) for record in own] == [
        ("WARNING", "Heartbeat not said: no connection"),
        ("INFO", "Heartbeat said again"),
    ]


def test_memory_is_that_of_this_process() -> None:
    """The figure grows with what is kept in memory."""
    before = rss_mib()
    kept = bytearray(b"x" * (64 << 20))
    assert rss_mib() - before > 40.0
    assert len(kept) == 64 << 20
