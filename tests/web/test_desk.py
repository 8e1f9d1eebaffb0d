"""Long work for the page, with real processes."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from embereye_addon.errors import ModelError, StorageError
from embereye_addon.web.desk import NICE, Desk, Job, Work
from embereye_addon.web.ingress import RefusedError

DESK_COMMAND = (sys.executable, "-c")


def a_desk(folder: Path) -> Desk:
    """A desk that keeps its job in this folder."""
    return Desk(DESK_COMMAND, folder / "scratch" / "job.json")


async def finished(desk: Desk) -> Job:
    """The job when it has ended."""
    assert desk.job is not None
    while desk.job.state == "running":
        await asyncio.sleep(0.01)
    return desk.job


async def test_a_command_is_heard_line_by_line_and_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying settings must not slow detection down, nor write into the page's metrics."""
    monkeypatch.setenv("EMBEREYE_PROCESS", "web")
    desk, heard = a_desk(tmp_path), list[bytes]()
    script = (
        "import os, sys, time; time.sleep(0.2); print(os.nice(0)); print(os.environ.get('EMBEREYE_PROCESS'));"
        "print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"
    )
    assert await desk.run((script,), heard.append, b"given") == (3, "why")
    least = os.nice(0)
    assert [line.strip().decode() for line in heard] == [str(max(NICE, least)), "None", "given"]


async def test_one_job_at_a_time_and_cancelling_ends_its_process(tmp_path: Path) -> None:
    """A second click must not start a second load, and a cancelled one must not go on unseen."""
    desk, mark = a_desk(tmp_path), tmp_path / "pid"
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
    again = a_desk(tmp_path)
    await again.resume({"trial": lambda _asked: work})
    assert again.job is not None
    assert again.job.state == "cancelled"  # what was cancelled does not come back


async def test_what_fails_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A job that ended for a reason shows it; one that broke shows that, and the log has the rest."""
    desk = a_desk(tmp_path)

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


async def test_a_command_that_says_too_much_at_once_is_ended(tmp_path: Path) -> None:
    """A line without end must not fill the memory of the page's process."""
    desk = a_desk(tmp_path)
    with pytest.raises(RefusedError, match="more at once"):
        await desk.run(("print('x' * (9 << 20))",), lambda _line: None)


async def count(job: Job) -> int:
    """Work that says how often it was begun."""
    return job.begun


async def for_ever(_job: Job) -> None:
    """Work that does not end by itself."""
    await asyncio.Event().wait()


async def cut_off(folder: Path, asked: object = None) -> None:
    """A job that runs while its process goes."""
    desk = a_desk(folder)
    desk.start("trial", "Ann", for_ever, asked)
    await desk.leave()


async def test_a_job_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Applying settings restarts the page's process; an hour of trial is not lost by it."""
    await cut_off(tmp_path, {"n": 3})
    desk, given = a_desk(tmp_path), list[object]()

    def way(asked: object) -> Work:
        given.append(asked)
        return count

    await desk.resume({"trial": way})
    job = await finished(desk)
    assert (job.state, job.result, job.by, given) == ("done", 2, "Ann", [{"n": 3}])
    await desk.leave()
    later = a_desk(tmp_path)
    await later.resume({})
    assert (later.job and (later.job.state, later.job.result)) == ("done", 2)
    assert later.start("gate", "Bob", count).number == 2
    await finished(later)


async def test_what_cannot_go_on_says_so(tmp_path: Path) -> None:
    """A job that a restart ended must not look as if it ran for ever, nor begin again without end."""

    def gone(_asked: object) -> Work:
        raise StorageError("it is gone")

    for asked, ways, state, why in (
        (None, {"trial": lambda _asked: count}, "interrupted", ""),
        ({}, {}, "interrupted", ""),
        ({}, {"trial": gone}, "failed", "it is gone"),
    ):
        await cut_off(tmp_path, asked)
        for _ in range(2):  # the second time from what the first one wrote
            desk = a_desk(tmp_path)
            await desk.resume(ways)
            assert desk.job is not None
            assert (desk.job.state, desk.job.why) == (state, why)
    await cut_off(tmp_path, {})
    told = list[tuple[str, int]]()
    for _ in range(3):
        desk = a_desk(tmp_path)
        await desk.resume({"trial": lambda _asked: for_ever})
        await desk.leave()
        assert desk.job is not None
        told.append((desk.job.state, desk.job.begun))
    assert told == [("running", 2), ("running", 3), ("interrupted", 3)]


async def test_a_file_that_cannot_be_read_or_written_costs_the_memory_only(tmp_path: Path) -> None:
    """A full or damaged disk must not keep the page from starting or working."""
    desk = a_desk(tmp_path)
    await desk.resume({})
    (tmp_path / "scratch").write_text("no folder")
    desk.start("gate", "Ann", count)
    assert (await finished(desk)).result == 1
    (tmp_path / "scratch").unlink()
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "job.json").write_text("[]")
    await desk.resume({})
    assert desk.job is not None
    assert desk.job.state == "done"
