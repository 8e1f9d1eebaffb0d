"""Long work for the page, with real processes."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from embereye_addon.errors import ModelError
from embereye_addon.web.desk import NICE, Desk, Job
from embereye_addon.web.ingress import RefusedError

DESK_COMMAND = (sys.executable, "-c")


async def finished(desk: Desk) -> Job:
    """The job when it has ended."""
    assert desk.job is not None
    while desk.job.state == "running":
        await asyncio.sleep(0.01)
    return desk.job


async def test_a_command_is_heard_line_by_line_and_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying settings must not slow detection down, nor write into the page's metrics."""
    monkeypatch.setenv("EMBEREYE_PROCESS", "web")
    desk, heard = Desk(DESK_COMMAND), list[bytes]()
    script = (
        "import os, sys, time; time.sleep(0.2); print(os.nice(0)); print(os.environ.get('EMBEREYE_PROCESS'));"
        "print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"
    )
    assert await desk.run((script,), heard.append, b"given") == (3, "why")
    least = os.nice(0)
    assert [line.strip().decode() for line in heard] == [str(max(NICE, least)), "None", "given"]


async def test_one_job_at_a_time_and_cancelling_ends_its_process(tmp_path: Path) -> None:
    """A second click must not start a second load, and a cancelled one must not go on unseen."""
    desk, mark = Desk(DESK_COMMAND), tmp_path / "pid"
    script = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    async def work(_job: Job) -> None:
        await desk.run((script,), lambda _line: None)

    desk.start("trial", "Ann", work)
    with pytest.raises(RefusedError, match="begun by Ann"):
        desk.start("trial", "Bob", work)
    while not (mark.exists() and mark.read_text()):
        await asyncio.sleep(0.01)
    await desk.cancel()
    assert (await finished(desk)).state == "cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


async def test_what_fails_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A job that ended for a reason shows it; one that broke shows that, and the log has the rest."""
    desk = Desk(DESK_COMMAND)

    async def refused(_job: Job) -> None:
        raise ModelError("it does not fit")

    async def broken(_job: Job) -> None:
        raise ZeroDivisionError

    async def well(job: Job) -> int:
        job.progress = 1
        return 7

    for work, state, why in ((refused, "failed", "it does not fit"), (broken, "failed", "the log says why")):
        desk.start("gate", "Ann", work)
        job = await finished(desk)
        assert (job.state, why in job.why) == (state, True)
    assert "ZeroDivisionError" in caplog.text
    desk.start("gate", "Ann", well)
    assert ((await finished(desk)).result, desk.job and desk.job.number) == (7, 3)


async def test_a_command_that_says_too_much_at_once_is_ended() -> None:
    """A line without end must not fill the memory of the page's process."""
    desk = Desk(DESK_COMMAND)
    with pytest.raises(RefusedError, match="more at once"):
        await desk.run(("print('x' * (9 << 20))",), lambda _line: None)
