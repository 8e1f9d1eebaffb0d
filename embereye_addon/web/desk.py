"""Long work for the page: EmberEye's own commands as processes of low priority, one piece of work at a time.

The newest job is kept in a file: a restart of the page's process loses neither its result nor, where a kind of job can
be begun again, the work itself.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from embereye_addon.errors import EmberEyeError
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import DIED_VARIABLE, FOLDER_VARIABLE, PROCESS_VARIABLE
from embereye_addon.settings import store
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
BEGUN_MAX: Final = 3
"""A job that was cut off so often is not begun again: it may be what ends the process."""
KEPT_MAX: Final = 64 << 20
NOT_OURS: Final = (FOLDER_VARIABLE, PROCESS_VARIABLE, DIED_VARIABLE)
"""A command must not write into this process's metrics."""

OnLine = Callable[[bytes], None]


@dataclass(slots=True)
class Job:
    """One piece of work: its kind, by whom and when (UTC s) it was begun; `progress` and `result` are plain JSON.

    `state` is running, done, failed, cancelled, or interrupted by a restart. `begun`: how often; above 1 it goes on
    after a restart, with the `result` so far.
    """

    number: int
    kind: str
    by: str
    at: float
    state: str = "running"
    progress: Any = None
    result: Any = None
    why: str = ""
    begun: int = 1


Work = Callable[[Job], Awaitable[Any]]
Ways = Mapping[str, Callable[[Any], Work]]
"""By kind of job: the work, made of what was asked (blocking); `EmberEyeError` where that is not to be had any more."""


class _Kept(msgspec.Struct, frozen=True):
    """The file: the newest job, and what it needs to be begun again (None where it cannot)."""

    job: Job
    asked: Any


class Desk:
    """Runs one job at a time and remembers the last one in `file`. `command` is how this program is started."""

    def __init__(self, command: tuple[str, ...], file: Path) -> None:
        self.job: Job | None = None
        self._command = command
        self._file = file
        self._asked: Any = None
        self._task: asyncio.Task[None] | None = None
        self._leaving = False
        self._writing = threading.Lock()
        self._version = self._written = 0

    def start(self, kind: str, by: str, work: Work, asked: object = None) -> Job:
        """Begin; `RefusedError` 409 while another job runs. `asked` (JSON) is what `resume` begins it again with."""
        if self.job is not None and self.job.state == "running":
            raise RefusedError(409, f"Something runs already, begun by {self.job.by}; wait for it or cancel it")
        number = 1 if self.job is None else self.job.number + 1
        self._begin(Job(number, kind, by, utc_s()), work, asked)
        assert self.job is not None
        return self.job

    def _begin(self, job: Job, work: Work, asked: object) -> None:
        self.job, self._asked = job, asked
        self._task = asyncio.create_task(self._run(job, work), name=f"job {job.kind}")

    async def resume(self, ways: Ways) -> None:
        """Take up the job that the file knows: a running one goes on where `ways` has its kind, or is interrupted."""
        kept = await asyncio.to_thread(_read, self._file)
        if kept is None:
            return
        self.job, self._asked = job, asked = kept.job, kept.asked
        if job.state != "running":
            return
        way = ways.get(job.kind)
        if way is None or asked is None or job.begun >= BEGUN_MAX:
            job.state = "interrupted"
            await self.keep()
            return
        job.begun += 1
        try:
            work = await asyncio.to_thread(way, asked)
        except EmberEyeError as err:
            job.state, job.why = "failed", str(err)
            await self.keep()
            return
        _log.info("the page's %s of %s goes on after a restart", job.kind, job.by)
        self._begin(job, work, asked)

    async def keep(self) -> None:
        """Write the job as it is now; a disk that refuses costs only what a restart would have kept."""
        if self.job is not None:
            self._version += 1
            await asyncio.to_thread(self._write, self._version, msgspec.json.encode(_Kept(self.job, self._asked)))

    def _write(self, version: int, content: bytes) -> None:
        """Never an older state over a newer one, however the threads come."""
        with self._writing:
            if version < self._written:
                return
            self._written = version
            try:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                store.write(self._file, content)
            except OSError as err:
                _log.warning("%s cannot be written: %s", self._file, err.strerror)

    async def cancel(self) -> None:
        """End what runs, and its process."""
        await self._stop()
        if self.job is not None and self.job.state == "running":  # it had not even begun
            self.job.state = "cancelled"
            await self.keep()

    async def leave(self) -> None:
        """End what runs, for the next process to take it up."""
        self._leaving = True
        await self._stop()
        await self.keep()  # nothing that a thread still writes comes after this

    @property
    def leaving(self) -> bool:
        """Whether what runs ends only for a while."""
        return self._leaving

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, job: Job, work: Work) -> None:
        try:
            await self.keep()
            job.result = await work(job)
            job.state = "done"
        except asyncio.CancelledError:
            if self._leaving:
                return
            job.state = "cancelled"
        except EmberEyeError as err:
            job.state, job.why = "failed", str(err)
        except Exception:  # noqa: BLE001 - the top of a task: its failure must be shown, not lost
            _log.exception("the page's %s failed", job.kind)
            job.state, job.why = "failed", "It failed; the log says why"
        await self.keep()

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


def _read(file: Path) -> _Kept | None:
    """What was kept; None where there is nothing that can be read."""
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(KEPT_MAX), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
