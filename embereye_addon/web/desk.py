"""Long work for the page: EmberEye's own commands as processes of low priority, one piece of work at a time."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from embereye_addon.errors import EmberEyeError
from embereye_addon.observe.metrics import DIED_VARIABLE, FOLDER_VARIABLE, PROCESS_VARIABLE
from embereye_addon.web.answers import answer
from embereye_addon.web.ingress import RefusedError

_log = logging.getLogger(__name__)

NICE: Final = 15
"""Detection comes first: this work gets what is left over."""
LINE_MAX: Final = 4 << 20
SAID_MAX: Final = 2000
"""Of what a command said in words when it failed, the end."""
CHUNK: Final = 4096
STOP_S: Final = 5.0
NOT_OURS: Final = (FOLDER_VARIABLE, PROCESS_VARIABLE, DIED_VARIABLE)
"""A command must not write into this process's metrics."""

OnLine = Callable[[bytes], None]


@dataclass(slots=True)
class Job:
    """One piece of work. `state` is running, done, failed or cancelled; `progress` and `result` are plain JSON."""

    number: int
    kind: str
    by: str
    state: str = "running"
    progress: Any = None
    result: Any = None
    why: str = ""


Work = Callable[[Job], Awaitable[Any]]


class Desk:
    """Runs one job at a time and remembers the last one. `command` is how this program is started."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.job: Job | None = None
        self._command = command
        self._task: asyncio.Task[None] | None = None
        self._count = 0

    def start(self, kind: str, by: str, work: Work) -> Job:
        """Begin; `RefusedError` 409 while another job runs."""
        if self.job is not None and self.job.state == "running":
            raise RefusedError(409, f"Something runs already, begun by {self.job.by}; wait for it or cancel it")
        self._count += 1
        self.job = job = Job(self._count, kind, by)
        self._task = asyncio.create_task(self._run(job, work), name=f"job {kind}")
        return job

    async def cancel(self) -> None:
        """End what runs, and its process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if self.job is not None and self.job.state == "running":  # it had not even begun
                self.job.state = "cancelled"

    async def _run(self, job: Job, work: Work) -> None:
        try:
            job.result = await work(job)
            job.state = "done"
        except asyncio.CancelledError:
            job.state = "cancelled"
        except EmberEyeError as err:
            job.state, job.why = "failed", str(err)
        except Exception:  # noqa: BLE001 - the top of a task: its failure must be shown, not lost
            _log.exception("the page's %s failed", job.kind)
            job.state, job.why = "failed", "It failed; the log says why"

    async def run(self, words: tuple[str, ...], on_line: OnLine, given: bytes = b"") -> tuple[int, str]:
        """One command to its end: its exit code, and in words what it said when it failed. Cancelled, it is ended."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_MAX,
            env={name: value for name, value in os.environ.items() if name not in NOT_OURS},
        )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        try:
            _, said, _ = await asyncio.gather(_hear(process, on_line), _said(process), _tell(process, given))
            return await process.wait(), said
        finally:
            await _end(process)

    # --- for the page -------------------------------------------------------------------------------------
    async def shown(self, _request: web.Request) -> web.Response:
        """GET /api/job: the newest job, or null."""
        return answer(self.job)

    async def cancelled(self, _request: web.Request) -> web.Response:
        """POST /api/job/cancel."""
        await self.cancel()
        return answer({"ok": True, "why": ""})


async def _hear(process: asyncio.subprocess.Process, on_line: OnLine) -> None:
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            on_line(line)
    except ValueError:  # a line beyond LINE_MAX
        raise RefusedError(500, "The command said more at once than can be shown") from None


async def _said(process: asyncio.subprocess.Process) -> str:
    """The end of what it said in words."""
    assert process.stderr is not None
    end = b""
    while part := await process.stderr.read(CHUNK):
        end = (end + part)[-SAID_MAX:]
    return end.decode(errors="replace").strip()


async def _tell(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """No process outlives its work."""
    for stop in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_S)
