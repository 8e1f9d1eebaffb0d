"""Progress: a live line on a terminal, a line now and then elsewhere, and nothing for what ends at once."""

import io
import sys

import pytest

from embereye_addon.tools.progress import LINES_S, LIVE_S, Progress


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_short_work_is_quiet_and_long_work_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets a line every 10 s, not thousands."""
    now = [0.0]
    progress = Progress(lambda: now[0])
    for now[0] in (0.0, LINES_S - 1, LINES_S, LINES_S + 1, 2 * LINES_S):
        progress.show(lambda: f"at {now[0]:.0f}")
    progress.end()
    assert capsys.readouterr() == ("", "at 10\nat 20\n")


def test_a_terminal_keeps_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live line is overwritten, also by a shorter one, and wiped at the end."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.end()
    assert screen.getvalue() == ""
    now[0] = LIVE_S
    progress.show(lambda: "100 frames")
    now[0] = 2 * LIVE_S
    progress.show(lambda: "done")
    progress.end()
    assert screen.getvalue() == "\r100 frames\rdone      \r    \r"
