"""The bench of faults: what it hears, its table, and its causes at a real site's files and processes."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from embereye_addon.demo.bench_faults import Bench, Ears, Row, provoke, report
from embereye_addon.demo.fault_causes import Rigged
from embereye_addon.demo.machine_causes import Cause
from embereye_addon.demo.shifted_clock import Shifted
from embereye_addon.messages import Fault, PanelState, ZoneState
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.plan import roles
from embereye_addon.publish.mqtt import Incoming
from embereye_addon.settings.model import Site
from tests.processes.test_supervisor import as_it_is
from tests.processes.world import beat

KEY = ("stream_lost", "cam.a")


def says(*keys: tuple[str, str]) -> PanelState:
    """The panel with these faults."""
    faults = tuple(Fault(code=code, about=about, since=1.0, text="words") for code, about in keys)
    return PanelState(source="panel", revision=1, state=ZoneState.NORMAL, zones=(), faults=faults)


def kept(*keys: tuple[str, str]) -> Incoming:
    """A zone's state at the broker with these faults."""
    faults = [{"code": code, "about": about} for code, about in keys]
    body = json.dumps({"faults": {"count": len(faults), "faults": faults}}).encode()
    return Incoming("embereye/zone/a/state", body, retained=True)


def test_what_is_told_and_published_is_heard_apart() -> None:
    """A fault on the bus that never reaches the broker would be reported as published."""
    ears = Ears()
    ears.on_state(says(KEY))
    assert (ears.told(KEY), ears.published(KEY)) == (True, False)
    ears.on_message(kept(KEY))
    ears.on_message(Incoming("embereye/zone/b/state", b"{", retained=False))
    assert ears.published(KEY)
    ears.on_message(kept())
    ears.on_state(says())
    assert (ears.told(KEY), ears.published(KEY)) == (False, False)
    ears.on_process(beat("node1.panel"))
    assert ears.pids["panel"][0] == 1


async def test_a_cause_is_timed_from_its_beginning_and_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The times go into the table, what was never seen is named, and only then the bench fails."""
    ears = Ears()

    async def begin() -> None:
        ears.on_state(says(KEY))
        asyncio.get_running_loop().call_later(0.2, ears.on_message, kept(KEY))

    async def end() -> None:
        ears.on_state(says())
        ears.on_message(kept())

    row = Row("the camera hangs up", KEY[0])
    await provoke(ears, Cause("the camera hangs up", KEY[1], begin, end), row)
    assert row.told_s[0] < row.published_s[0]
    bench = Bench(None, ears, 1, [row], {"panel": [2.0]})  # type: ignore[arg-type]
    assert report(bench, tmp_path / "table.md") == 0
    text = (tmp_path / "table.md").read_text()
    assert "| the camera hangs up | `stream_lost` | 0.0 / 0.0 | 0.2 / 0.2 |" in text
    assert "| panel | 2.0 / 2.0 | 1 |" in text
    assert report(Bench(None, ears, 1, [Row("x", "y", missed=1)]), tmp_path / "table.md") == 1  # type: ignore[arg-type]
    assert "not seen to come or go: y" in capsys.readouterr().out


def test_the_rigged_node_runs_copies_and_a_clock_that_moves(tmp_path: Path) -> None:
    """Damage goes into a copy of the program, never into the program."""
    node = Rigged(Folder(tmp_path / "site"), tmp_path / "site.json", as_it_is)
    node.prepare()
    assert (node.copy / "detect" / "weights" / "card.json").is_file()
    assert not (node.copy / "web" / "static").exists()
    commands = {role.name: node.command(role) for role in roles(Site(), 1)}
    assert commands["detector-0"][:2] == ("env", f"PYTHONPATH={node.copy.parent}")
    assert "embereye_addon.demo.shifted_clock" in commands["panel"]
    assert commands["web"][0] != "env"
    moved = Shifted(node.shift)
    assert abs(moved.time() - time.time()) < 1.0  # noqa: TID251 - the machine's own clock
    node.shift.write_text("3600")
    assert moved.time() - time.time() > 3590.0  # noqa: TID251 - the real clock
    node.shift.write_text("?")
    assert abs(moved.time() - time.time()) < 1.0  # noqa: TID251 - the real clock
