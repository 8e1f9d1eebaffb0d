"""Habits of PF devices on disk and by the panel's leave."""

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.fuse.habits import NONE, SEEN, Episode, Going, Habits, Standing
from embereye_addon.messages import Explanation, Kind, PanelState, Rule, Share, ZoneState, ZoneStatus
from embereye_addon.processes.pf_habits import HEARD_S, attending, standing
from embereye_addon.processes.pf_health import Watched, watch
from embereye_addon.settings.model import Device, Zone
from tests.fakes.cameras import until
from tests.processes.world import child_of, site

EPISODE = Episode(at=1000.0, row=10.5, column=12.5, peak_c=60.0, rise_k_min=30.0, area_px=4)
OVER = Habits(going=(Going(EPISODE, 0.0, 0.0, 38.0, 0.0),))
HEATED = Share(point="pf.a.thermal", kind=Kind.HEAT, value=60.0, unit="°C", nats=9.0, share=1.0)
SEEN_TOO = Share(point="cam.a.flame", kind=Kind.FLAME, value=90.0, unit="%", nats=6.0, share=0.4)


def status(state: ZoneState, rule: str = "none", *shares: Share, **flags: bool) -> ZoneStatus:
    """The device's zone as the panel tells it."""
    why = Explanation(rule=rule, text="", sum_nats=0.0, threshold_nats=11.0, shares=shares)
    told = ZoneStatus(zone="hall", name="Hall", state=state, since=0.0, explanation=why)
    return msgspec.structs.replace(told, **flags)


def device(habits: Habits = NONE, *, learns: bool = True) -> Watched:
    """A device of the hall."""
    watched = watch(Device(id="a", name="A", zone="hall"), (Zone(id="hall", name="Hall", habits=learns),))
    watched.heat = replace(watched.heat, habits=habits)
    return watched


RISE = Rule.RATE_OF_RISE.value


@pytest.mark.parametrize(
    ("zone", "becomes"),
    [
        (None, Standing.UNKNOWN),
        (status(ZoneState.NORMAL), Standing.QUIET),
        (status(ZoneState.PRE_ALARM, RISE), Standing.QUIET),
        (status(ZoneState.NORMAL, testing=True), Standing.SPOILT),
        (status(ZoneState.NORMAL, disabled=True), Standing.SPOILT),
        (status(ZoneState.ALARM, RISE, HEATED), Standing.HELD),
        (status(ZoneState.ALARM, RISE, HEATED, SEEN_TOO), Standing.SPOILT),
        (status(ZoneState.ALARM, "sequential_test_alarm", HEATED), Standing.SPOILT),
        (status(ZoneState.ALARM, Rule.FIXED_TEMPERATURE.value), Standing.SPOILT),
        (msgspec.structs.replace(status(ZoneState.ALARM), explanation=None), Standing.SPOILT),
    ],
)
def test_what_the_panel_says_decides_what_is_learned(zone: ZoneStatus | None, becomes: Standing) -> None:
    """A real fire, a walk test with a heat gun, hot work in a disabled zone: none of them may become usual."""
    assert standing(zone, "pf.a.thermal") is becomes


async def test_habits_outlast_a_restart_and_are_learned_by_the_panels_leave(tmp_path: Path) -> None:
    """After every update the heater would ring three times again; without the panel's word nothing is learned."""
    hub, at = Hub(), 2000.0
    watched = {"pf.a": device(OVER)}
    child = child_of(hub, tmp_path, "pf", site())
    usual = await attending(child, watched)
    usual.settle(watched, 1000.0, at)
    assert watched["pf.a"].heat.habits.known == (), "the panel has not spoken"
    panel = MemoryBus(hub)
    told = PanelState(
        source="panel", seq=1, at=at, revision=1, state=ZoneState.NORMAL, zones=(status(ZoneState.NORMAL),), faults=()
    )
    await panel.say(told)
    await until(lambda: usual.zones)
    now_s = time.monotonic()
    usual.settle(watched, now_s + HEARD_S + 60.0, at)
    assert watched["pf.a"].heat.habits.known == (), "the panel was heard too long ago"
    for number in range(SEEN):
        watched["pf.a"].heat = replace(
            watched["pf.a"].heat, habits=replace(watched["pf.a"].heat.habits, going=OVER.going)
        )
        usual.settle(watched, now_s, at + 4000.0 * number)
    again = {"pf.a": device(), "pf.b": device()}
    await attending(child, again)
    await child.bus.close()
    assert again["pf.a"].heat.habits.known == watched["pf.a"].heat.habits.known
    assert len(again["pf.a"].heat.habits.known) == SEEN
    assert again["pf.b"].heat.habits == NONE
    await panel.close()


async def test_switched_off_the_file_forgets_too(tmp_path: Path) -> None:
    """Off and on again must make a device that was turned forget."""
    child = child_of(Hub(), tmp_path, "pf", site())
    usual = await attending(child, {})
    usual.settle({"pf.a": device(Habits((EPISODE,)))}, 0.0, 1000.0)
    watched = {"pf.a": device(learns=False)}
    (await attending(child, watched)).settle(watched, 0.0, 1000.0)
    again = {"pf.a": device()}
    await attending(child, again)
    await child.bus.close()
    assert again["pf.a"].heat.habits == NONE


async def test_a_damaged_file_or_a_full_disk_costs_habits_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that is kept for comfort may stop the gateway."""
    folder = tmp_path / "habits"
    folder.mkdir()
    (folder / "pf.a.habits").write_bytes(b"\xc1 no such thing")
    watched = {"pf.a": device()}
    child = child_of(Hub(), tmp_path, "pf", site())
    usual = await attending(child, watched)
    assert "learned anew" in caplog.text
    (folder / ".pf.a.new").mkdir()
    watched["pf.a"].heat = replace(watched["pf.a"].heat, habits=Habits((EPISODE,)))
    usual.settle(watched, 0.0, 1000.0)
    await child.bus.close()
    assert "cannot be kept" in caplog.text
    assert watched["pf.a"].heat.habits.known == (EPISODE,)


def test_another_array_knows_nothing_of_the_firsts_places() -> None:
    """A device whose array was changed may look elsewhere."""
    watched = device(Habits((EPISODE,)))
    watched.learn_chip("one")
    assert watched.heat.habits.known
    watched.learn_chip("other")
    assert watched.heat.habits == NONE
