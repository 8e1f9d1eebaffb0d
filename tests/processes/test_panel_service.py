"""The panel process: what is out of service or on trial, from the order to the journal."""

import asyncio
from pathlib import Path

from embereye_addon.bus.memory import Hub
from embereye_addon.messages import Disable, Enable, WalkTest, ZoneState
from embereye_addon.processes.panel import PanelProcess, opened
from tests.processes.world import child_of, cold, hot, site


def made(path: Path) -> PanelProcess:
    """A panel as a start leaves it, without its tasks."""
    return opened(child_of(Hub(), path, "panel", site(devices=("boiler",))), 1)


def hall_of(process: PanelProcess) -> ZoneState:
    """The state of the only zone."""
    return process.panel.zones["hall"].state


async def test_a_disabled_point_counts_for_nothing_and_is_logged(tmp_path: Path) -> None:
    """The welder's thermal array was disabled and the sirens sound; or what it saw meanwhile is nowhere to be read."""
    made_panel = made(tmp_path)
    made_panel.on_evidence("pf.boiler", cold(1).evidence, 1.0)
    assert (await made_panel.on_order(Disable(by="ann", way="ui", target="pf.boiler.thermal"))).ok
    for _ in range(3):
        made_panel.on_evidence("pf.boiler", hot().evidence, 2.0)
    assert hall_of(made_panel) is ZoneState.NORMAL
    assert [row.kind for row in made_panel.records.journal.rows("disabled_response")] == ["disabled_response"]
    assert made_panel.state().disablements[0].about == "pf.boiler.thermal"
    assert (await made_panel.on_order(Enable(by="ann", way="ui"))).ok
    made_panel.on_evidence("pf.boiler", hot().evidence, 3.0)
    assert hall_of(made_panel) is ZoneState.ALARM


async def test_a_disabled_point_that_has_fallen_silent_can_be_enabled_after_a_restart(tmp_path: Path) -> None:
    """Its camera is away, so nobody can put it back into service, and it stays out when the camera returns."""
    before = made(tmp_path)
    before.on_evidence("pf.boiler", cold(1).evidence, 1.0)
    assert (await before.on_order(Disable(by="ann", way="ui", target="pf.boiler.thermal"))).ok
    before.records.journal.close()
    before.records.outbox.close()
    after = made(tmp_path)
    assert after.state().disablements[0].about == "pf.boiler.thermal"
    assert (await after.on_order(Enable(by="ann", way="ui", target="pf.boiler.thermal"))).ok
    assert after.state().disablements == ()


async def test_a_disablement_takes_back_what_its_point_had_claimed(tmp_path: Path) -> None:
    """A point that is disabled because it errs holds the zone in pre-alarm for minutes."""
    made_panel = made(tmp_path)
    made_panel.on_evidence("pf.boiler", hot().evidence, 1.0)
    assert made_panel.beliefs["hall"].parts
    await made_panel.on_order(Disable(by="ann", way="ui", target="pf.boiler.thermal"))
    assert made_panel.beliefs["hall"].parts == {}


async def test_a_walk_test_is_logged_and_ends_by_itself(tmp_path: Path) -> None:
    """Nobody can prove afterwards which points responded; or the zone stays on trial over night."""
    made_panel = made(tmp_path)
    assert (await made_panel.on_order(WalkTest(by="ann", way="ui", target="hall", for_s=0.2))).ok
    made_panel.on_evidence("pf.boiler", hot().evidence, 1.0)
    assert hall_of(made_panel) is ZoneState.NORMAL
    assert "pf.boiler.thermal" in made_panel.records.journal.rows("test_response")[0].body
    while made_panel.state().zones[0].testing:
        await made_panel.tick()
        await asyncio.sleep(0.05)
    assert made_panel.records.journal.rows("test_ended")
    await made_panel.tick()
    assert hall_of(made_panel) is ZoneState.ALARM, "what still burns when the test ends is an alarm"
