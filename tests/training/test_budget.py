"""The budget study: small, with the product's own decision code, and the same figures for the same seed."""

from pathlib import Path

import numpy as np

from embereye_addon.demo.thermal_scenes import KITCHEN as RAISED
from embereye_addon.demo.thermal_things import Place as Spot
from embereye_addon.fuse.modes import Mode
from embereye_addon.fuse.thermal import Limits
from embereye_addon.fuse.video import Claimed
from training import budget, budget_fires, budget_report, budget_run, budget_scenes, budget_sites, budget_traces
from training.budget_run import Setting
from training.budget_scenes import Things
from training.budget_sites import Level, Place, Pool
from training.budget_traces import Trace
from training.heat_scenes import draw

NORMAL = Setting("normal, single", "normal", Mode())


def trace(name: str, point: float, nats: float, cap_nats: float, rules: float = 0.0, fire_s: float = 5.0) -> Trace:
    """A point that claims the same at every half second of a minute."""
    times = np.arange(0.0, 60.0, 0.5)
    rows = np.column_stack([times, *(np.full(len(times), each) for each in (point, nats, cap_nats, rules))])
    return Trace(name, "fire", fire_s, 60.0, rows)


def pool() -> Pool:
    """A world in which candles are shown, hot things rise, and one thing in ten looks like fire."""
    level = Level(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([9.0, 0.0, 1.0]))
    calm = (trace("calm", 0.0, -0.5, 5.0), trace("calm too", 1.0, -0.5, 5.0))
    scenes = {"hot": (trace("hot", 2.0, 3.0, 5.0),), budget_sites.FLAMES_HEAT: (trace("warm", 2.0, 1.0, 5.0),)}
    caps = np.array([7.5, 14.5])
    return Pool(scenes, {"candle_bowl": trace("candle", 0.0, 3.0, 14.5)}, calm, (level, level), (caps, caps))


PLACE = Place("room", {"hot": 0.5}, {"candle_bowl": 0.1}, alike=0.2)
HEATER_SEED = 60144
"""A heater that pulses, and rings."""


def test_a_zone_year_is_counted_and_the_same_for_the_same_seed() -> None:
    """A candle beside something warm rings in one mode and not in another; figures nobody can repeat prove nothing."""
    one, other = budget.quiet(PLACE, pool(), 2), budget.quiet(PLACE, pool(), 2)
    assert (one.counts == other.counts).all()
    alarms = dict(zip(one.settings, one.counts[:, :, 1].sum(axis=0).tolist(), strict=True))
    pre_alarms = dict(zip(one.settings, one.counts[:, :, 0].min(axis=0).tolist(), strict=True))
    assert (alarms["high, single"] > 20, alarms["normal, single"]) == (True, 0)
    assert (alarms["high, coincidence of kinds"], pre_alarms["normal, single"] > 12) == (0, True)
    text = "\n".join(budget_report.section([("Room", one)], []))
    assert "**not kept**" in text
    assert "candle_bowl every 10 days" in text


def test_a_fire_is_sooner_an_alarm_where_two_see_it() -> None:
    """The curve of the page must say what the decision code does."""
    flame, heat = trace("flame", 0.0, 1.3, 24.0), trace("heat", 2.0, 0.7, 24.0)
    camera, device, both = budget_fires.three([flame], [heat], 0.0, NORMAL)
    assert both.within(0.5) < min(camera.within(0.5), device.within(0.5))
    assert (both.share, budget_fires.three([flame], [heat], 2.0, NORMAL)[0].share) == (1.0, 0.0)
    assert "never" in budget_report.fire_table([("flame", device)])[-1] or np.isfinite(device.within(0.5))
    assert budget_report.curves("A fire", [camera, device, both]).count("<path") >= 9


def test_what_is_kept_comes_back_as_the_evidence_it_was(tmp_path: Path) -> None:
    """The study must hear what the sources said."""
    said = trace("flame", 2.0, 1.5, 11.5, rules=3.0)
    budget_traces.save([said], tmp_path / "kept.npz")
    (back,) = budget_traces.load(tmp_path / "kept.npz")
    assert (back.name, back.sort, back.fire_s, back.until_s) == ("flame", "fire", 5.0, 60.0)
    piece = budget_traces.evidence("pf.a", back.rows[0])
    assert (piece.point, piece.llr_nats, piece.cap_nats, len(piece.rules)) == ("pf.a.thermal", 1.5, 11.5, 2)
    assert budget_traces.row(0.0, piece) == tuple(back.rows[0])


def test_a_clip_is_judged_by_the_rules_as_they_are(tmp_path: Path) -> None:
    """Who changes a cap must see its effect without the model looking at every clip again."""
    flame = Claimed(2.5, 2.0, 2.5, 0.9, "box 0.10,0.10,0.20,0.20", motion=9.0, held_s=5.0, settled=True)
    clip = budget_traces.Clip("candle", "nuisance", None, 0.5, ((0.5, flame, Claimed(-0.5, 2.0)),))
    budget_traces.save_clips([clip], tmp_path / "kept" / "clips.json")
    (back,) = budget_traces.load_clips(tmp_path / "kept" / "clips.json")
    assert (back.name, back.sort, np.isnan(back.fire_s), back.until_s) == ("candle", "nuisance", True, 0.5)
    assert back.rows.tolist() == [[0.5, 0.0, 2.5, 14.5, 0.0], [0.5, 1.0, -0.5, 5.0, 0.0]]


def test_a_heater_rings_until_it_is_usual_and_a_fire_in_its_place_rings_on() -> None:
    """The study must learn as the product does, from the same thing come again a little different."""
    things = Things(Limits())
    again = things.fixture(HEATER_SEED, 3)
    assert again == things.fixture(HEATER_SEED, 3), "what was simulated is remembered"
    assert len({trace.episodes[0].peak_c for trace in again}) == 3
    events = tuple((budget_sites.comes_again(trace),) for trace in again)
    counting = budget_run.Years((NORMAL,))
    first, second = (counting.count(budget_sites.Zone(0, ((1.0, events),)), np.random.default_rng(1)) for _ in "ab")
    assert (first == second).all()
    assert 3 <= first[0, 0] + first[0, 1] <= 12
    assert first[0, 3:].tolist() == [0, 0], "after four weeks it is usual"
    fire = next(each for each in map(draw, range(60001, 60061, 2)) if each.kind == "flame" and each.story.large)
    scenes = [budget_scenes.felt("fire", fire, Limits()), budget_scenes.at_a_habit(fire, again[0].episodes[0])]
    later = budget_fires.later("flame", scenes[:1], scenes[1:], NORMAL)
    assert (later.alarm_s.max() < 10.0, later.told_s.tolist()) == (True, [0.0])
    nothing = budget_fires.Later("battery", np.array([]), np.array([]))
    told = budget_report.hidden(again[0].episodes[0], [later, nothing])
    assert told[-2:] == ["| flame | 1 | 4 s | 4 s | 0 s | 0 s |", "| battery | 0 | none | none | none | none |"]


def test_pans_stand_on_their_stove() -> None:
    """A stove does not wander through the kitchen."""
    seeds = budget_scenes.seeds("cooking (kitchen)", range(60000, 60060))
    found = Things(RAISED).on_stove(seeds, Spot(12.0, 16.0, 2.0))
    assert len(found) == len(seeds) == 2
    for trace in found:
        assert all(abs(one.row - 12.0) < 4.0 and abs(one.column - 16.0) < 4.0 for one in trace.episodes)


def test_a_hard_rule_is_counted_as_one() -> None:
    """The budget holds the hard rules too."""
    rule = float(1 << budget_traces.RULES.index(budget_traces.Rule.FIXED_TEMPERATURE))
    event = budget_sites.Event(0.0, "pf.a", trace("hot", 2.0, 0.0, 5.0, rules=rule).rows, 60.0, "hot", "hot")
    assert budget_run.decided([event], NORMAL) == budget_run.Told(0, 1, 1, 0.0, 0.0)
    assert len(list(budget_run.meeting([event, event.at(100.0), event.at(400.0)]))) == 2
