"""A process says that it lives: memory, CPU, the lag of its loop, losses and faults."""

import asyncio
import logging
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from embereye_addon.errors import BusError
from embereye_addon.messages import Message, ProcessHealth
from embereye_addon.observe import log as own_log
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import CPU, LOOP_LAG, RSS

log = logging.getLogger(__name__)

Say = Callable[[Message], Awaitable[None]]
Faults = Callable[[], tuple[tuple[str, str], ...]]
Notices = Callable[[], tuple[str, ...]]

TICK_S: Final = 0.25
"""How often the lag is looked at; a blocked loop is seen if it lasts about this long."""
FAULTS_MAX: Final = 16
NOTICES_MAX: Final = 8
NOTICE_CHARACTERS: Final = 400
"""As many and as long as the message carries."""
_STATM: Final = Path("/proc/self/statm")


def rss_mib() -> float:
    """Memory of this process in MiB: what is resident now (Linux), else the most it ever was."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 2**20 if sys.platform == "darwin" else most / 2**10


def no_faults() -> tuple[tuple[str, str], ...]:
    """A process without faults of its own."""
    return ()


async def _lag_s(period_s: float) -> float:
    """Sleep for about `period_s`; the longest time that the loop woke too late."""
    worst, end = 0.0, time.monotonic() + period_s
    while (now := time.monotonic()) < end:
        tick_s = min(TICK_S, end - now)
        await asyncio.sleep(tick_s)
        worst = max(worst, time.monotonic() - now - tick_s)
    return worst


async def beat(
    say: Say,
    node: str,
    process: str,
    *,
    faults: Faults = no_faults,
    notices: Notices = tuple,
    period_s: float = 2.0,
) -> None:
    """Say a `ProcessHealth` of the source `NODE.PROCESS` at once and every `period_s`, until cancelled.

    `faults` gives the process's own (code, text), `notices` what an installer should know. A bus that is
    away is logged once; the next beat tries again.
    """
    began, seq, lag_s, silent = utc_s(), 0, 0.0, False
    while True:
        cpu_s, at_s = time.process_time(), time.monotonic()
        lag_s = await _lag_s(period_s) if seq else 0.0
        spent_s = time.monotonic() - at_s
        health = ProcessHealth(
            source=f"{node}.{process}",
            seq=seq,
            at=utc_s(),
            node=node,
            pid=os.getpid(),
            rss_mib=round(await asyncio.to_thread(rss_mib), 1),
            cpu_pct=round(100.0 * (time.process_time() - cpu_s) / spent_s, 1) if seq else 0.0,
            loop_lag_ms=round(lag_s * 1000.0, 1),
            started_at=began,
            lost_logs=own_log.lost(),
            faults=faults()[:FAULTS_MAX],
            notices=tuple(notice[:NOTICE_CHARACTERS] for notice in notices()[:NOTICES_MAX]),
        )
        _measure(process, health)
        seq += 1
        try:
            await say(health)
        except BusError as error:
            log.log(logging.DEBUG if silent else logging.WARNING, "Heartbeat not said: %s", error)
            silent = True
        else:
            if silent:
                log.info("Heartbeat said again")
            silent = False


def _measure(process: str, health: ProcessHealth) -> None:
    RSS.labels(process).set(health.rss_mib)
    CPU.labels(process).set(health.cpu_pct)
    LOOP_LAG.labels(process).set(health.loop_lag_ms / 1000.0)
