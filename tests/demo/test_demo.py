"""`make demo`, with tiny clips and a terminal of its own: everything runs, a fire is staged, the alarm is reached."""

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embereye_addon.demo.clips import demo_takes
from embereye_addon.demo.demo import Teller, keys
from tests.fakes.cameras import keep_clip, until
from tests.fakes.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """The demo on a terminal: what it wrote, and a keyboard."""

    def __init__(self, *words: str) -> None:
        self.number, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "embereye_addon", "demo", *words], cwd=ROOT, stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
        self.text = ""

    async def read(self) -> None:
        """Until it ends."""
        with contextlib.suppress(OSError):  # a terminal whose other end is closed
            while piece := await asyncio.to_thread(os.read, self.number, 4096):
                self.text += piece.decode(errors="replace")

    def type(self, key: str) -> None:
        """A key, and Enter."""
        os.write(self.number, f"{key}\n".encode())


def ready(folder: Path) -> None:
    """Clips as an earlier demo has left them."""
    for take in (*demo_takes().values(), demo_takes(seed=2)["quiet"]):
        if take.scene != "smoke":
            keep_clip(folder / "clips", take)


@pytest.mark.timeout(120)
async def test_reaches_alarm(tmp_path: Path) -> None:
    """The main job with every process and every real part: a staged fire becomes a latched alarm, handled by keys."""
    await asyncio.to_thread(ready, tmp_path)
    words = ("--folder", str(tmp_path), "--fire-after", "4", "--seconds", "100", "--port", str(free_port()))
    terminal = Terminal(*words)
    reading = asyncio.create_task(terminal.read())
    try:
        await until(lambda: "Running. Page:" in terminal.text or reading.done(), 40.0)
        await until(lambda: "A fire is staged: the camera" in terminal.text or reading.done(), 40.0)
        await until(lambda: "-> FIRE ALARM" in terminal.text or reading.done(), 40.0)
        await until(lambda: "The alarm is latched" in terminal.text or reading.done())
        assert "% of the sum" in terminal.text
        for key, answer in (
            ("a", "Acknowledge: done"),
            ("s", "Silence: done"),
            ("r", "Reset: refused: "),
            ("?", "Keys (then Enter)"),
            ("e", "The fire is out"),
        ):
            before = terminal.text.count(answer)
            terminal.type(key)
            await until(lambda said=before, words=answer: terminal.text.count(words) > said, 10.0)  # type: ignore[misc]
        await until(lambda: "(seen)" in terminal.text, 10.0)
        terminal.type("q")
        await until(reading.done, 25.0)
        assert await asyncio.to_thread(terminal.process.wait) == 0, terminal.text[-2000:]
        assert "Traceback" not in terminal.text
    finally:
        terminal.process.terminate()
        await asyncio.to_thread(terminal.process.wait)
        await reading
        os.close(terminal.number)
    logs = {path.name: path.read_text() for path in (tmp_path / "site" / "log").iterdir()}
    assert {"panel.log", "pf_gateway.log", "detector-0.log", "publisher.log", "web.log"} <= set(logs)
    assert not [name for name, text in logs.items() if "Traceback" in text]


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """A pipe's two ends."""
    reader, writer = os.pipe()
    yield reader, writer
    for number in (reader, writer):
        with contextlib.suppress(OSError):
            os.close(number)


async def test_keys_are_read_a_line_at_a_time(pair: tuple[int, int]) -> None:
    """The demo goes on while nobody types, and ends its reading with its input."""
    reader, writer = pair
    got: list[str] = []

    async def read() -> None:
        async for key in keys(reader):
            got.append(key)  # noqa: PERF401 - each is waited for as it comes

    task = asyncio.create_task(read())
    for line in (b"  A\n", b"\n", b"quit\n"):
        os.write(writer, line)
        count = len(got)
        await until(lambda want=count + 1: len(got) == want)  # type: ignore[misc]
    os.close(writer)
    await asyncio.wait_for(task, 25.0)
    assert got == ["a", "", "q"]


async def test_a_terminal_that_goes_away_ends_the_keys() -> None:
    """A closed window is an end of input, not an error."""
    outer, inner = pty.openpty()
    got: list[str] = []

    async def read() -> None:
        async for key in keys(outer):
            got.append(key)  # noqa: PERF401 - as above

    task = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    os.close(inner)
    await asyncio.wait_for(task, 25.0)
    os.close(outer)
    assert got == []


def test_lines_stay_and_the_status_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal the live line is wiped before a line that stays; in a file there is no live line."""
    teller = Teller(time.monotonic(), live=True)
    teller.status("  zones")
    teller.say("Hello")
    teller.live = False
    teller.status("unseen")
    out = capsys.readouterr().out
    assert out.startswith("  zones\r       \r")
    assert out.endswith("s  Hello\n")
    assert "unseen" not in out
