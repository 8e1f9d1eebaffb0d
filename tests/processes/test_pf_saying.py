"""What the PF gateway says and when: findings at once, the rest thinned and after them."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from embereye_addon.bus.memory import Hub
from embereye_addon.fuse.thermal import Look
from embereye_addon.messages import Cluster, Evidence, HotSpots, Kind, Message, Reading, Rule
from embereye_addon.processes.pf_saying import HOT_S, MOST, QUIET_S, InputWindow, LookTold, Saying, cells_of, view
from embereye_addon.thermal.cells import read
from tests.processes.test_pf_gateway import conversion, gateway, measure

QUIET = Look(24.0, 22.0, (), Evidence(point="pf.a.thermal", kind=Kind.HEAT, llr_nats=-0.3, value=24.0, unit="°C"))
SPOT = Cluster(peak_c=40.0, mean_c=38.0, area_px=4, x=0.5, y=0.5, contrast_k=16.0)
HOT = replace(
    QUIET,
    clusters=(SPOT,),
    evidence=Evidence(point="pf.a.thermal", kind=Kind.HEAT, llr_nats=0.5, value=40.0, unit="°C", cap_nats=5.0),
)


def changed(look: Look, **fields: Any) -> Look:
    """The same look with other evidence."""
    return replace(look, evidence=msgspec.structs.replace(look.evidence, **fields))


def test_what_is_new_is_said_at_once() -> None:
    """Heat, more heat, a rule and its end must not wait for a period."""
    told = LookTold()
    at_s = 100.0
    for look in (
        QUIET,
        HOT,
        changed(HOT, llr_nats=0.7),
        changed(HOT, llr_nats=0.7, value=42.0),
        changed(HOT, llr_nats=0.7, value=42.0, rules=(Rule.FIXED_TEMPERATURE,)),
        changed(HOT, llr_nats=0.7, value=42.0),
        changed(HOT, llr_nats=0.7, value=42.0, cap_nats=24.0),
        QUIET,
    ):
        at_s += 0.001
        assert told.due(look, at_s), look
        assert not told.due(look, at_s)


def test_what_changes_nothing_is_said_in_its_time() -> None:
    """A thousand quiet looks a second would only heat the machine."""
    told = LookTold()
    said = [tenth for tenth in range(100) if told.due(QUIET, tenth / 10)]
    assert len(said) == 10 / QUIET_S
    said = [tenth for tenth in range(100, 200) if told.due(HOT, tenth / 10)]
    assert 10 / HOT_S / 1.5 <= len(said) <= 10 / HOT_S


def reading(raw: float = 270.0, evidence: tuple[Evidence, ...] = ()) -> Reading:
    """An input as it is said."""
    return Reading(
        source="pf.a",
        channel="adc1",
        role="gas",
        raw=raw,
        baseline=270.0,
        change_sigma=0.0,
        warming_up=False,
        stuck=False,
        evidence=evidence,
    )


def gas(llr: float, *rules: Rule) -> tuple[Evidence, ...]:
    """Evidence of a gas input."""
    return (Evidence(point="pf.a.adc1", kind=Kind.GAS, llr_nats=llr, value=1.0, unit="σ", rules=rules),)


def test_an_input_at_rest_is_said_once_in_a_while_with_all_its_readings() -> None:
    """What is shown is thinned, and nothing of it is lost: mean, lowest and highest are of every reading."""
    window, said = InputWindow(), []
    for tenth in range(20):
        raw = 270.0 + tenth % 3
        due, urgent = window.take(measure(raw=raw), gas(-0.1), tenth / 10, 0.1)
        assert not urgent
        if due:
            said.append(window.reading(reading(raw), tenth / 10))
    assert len(said) == 4
    assert sum(each.count for each in said) == 16
    assert (said[1].low, said[1].high, said[1].count) == (270.0, 272.0, 5)
    assert 270.0 < said[1].mean < 272.0


def test_an_input_that_moves_is_said_once_a_window() -> None:
    """A rise is drawn as it comes, but not faster than the eye."""
    window, said = InputWindow(), 0
    for hundredth in range(100):
        raw = 270.0 + 10.0 * hundredth
        due, _ = window.take(measure(raw=raw), gas(-0.1), hundredth / 100, 0.1)
        if due:
            said += 1
            window.reading(reading(raw), hundredth / 100)
    assert 9 <= said <= 10
    due, urgent = window.take(measure(raw=1260.0, stuck=True), gas(-0.1), 1.05, 0.1)
    assert not urgent


def test_evidence_is_never_delayed_by_a_window() -> None:
    """Each reading above notice, each rule and the end of a rule goes out with its packet."""
    window = InputWindow()
    for step, evidence in enumerate((gas(0.5), gas(0.6), gas(2.0, Rule.GAS_INPUT), gas(-0.1))):
        assert window.take(measure(raw=900.0), evidence, step / 1000, 1.0) == (True, True)
        window.reading(reading(900.0, evidence), step / 1000)
    assert window.take(measure(raw=900.0), gas(-0.1), 0.01, 1.0) == (False, False)


async def test_urgent_messages_go_first_and_the_queue_is_bounded() -> None:
    """A finding never waits behind pictures, and a slow bus costs the oldest, counted."""
    heard: list[Message] = []

    async def say(message: Message) -> None:
        heard.append(message)

    dropped: Counter[str] = Counter()
    saying = Saying(say, dropped)
    for number in range(MOST + 3):
        saying.put(reading(float(number)))
    spots = HotSpots(source="pf.a", node="node1", max_c=90.0, median_c=22.0)
    saying.put(spots, urgent=True)
    assert saying.task is not None
    await saying.task
    assert heard[0] is spots
    assert len(heard) == MOST + 1
    assert isinstance(heard[1], Reading)
    assert heard[1].raw == 3.0
    assert dropped == {"slow.reading": 3}
    saying.put(spots)
    await saying.task
    assert heard[-1] is spots


def test_a_view_holds_every_pixel() -> None:
    """What people see is centi-degrees; a pixel without a value is as cold as can be, and replaced ones are named."""
    to_c = np.full((24, 32), 21.5, np.float32)
    to_c[0, 0], to_c[0, 1] = np.nan, 1000.0
    replaced = np.zeros((24, 32), np.bool_)
    replaced[1, 1] = True
    outside = np.zeros((24, 32), np.bool_)
    outside[0, 1] = True
    shown = view("pf.a", 7, 1e9, conversion(to_c=to_c, replaced=replaced, outside=outside))
    cells = read(shown.coding, shown.cells)
    assert cells is not None
    assert cells.ravel()[:3].tolist() == [-32768, 32767, 2150]
    assert (shown.replaced, shown.outside) == ((33,), (1,))
    assert np.array_equal(cells, cells_of(conversion(to_c=to_c)))


async def test_a_history_has_a_folder_for_each_device(tmp_path: Path) -> None:
    """Two devices' pasts must not be mixed."""
    process = gateway(tmp_path, Hub())
    assert [told.recorder.folder for told in process.told.values()] == [tmp_path / "history" / "pf.boiler"]
    process.told["pf.boiler"].recorder.add(1e9, cells_of(conversion()))
    await process.kept()
    assert len(list((tmp_path / "history" / "pf.boiler").iterdir())) == 1
