"""`python -m training.budget`: recorded evidence in, false alarms a zone-year and times to the alarm out.

Steps: record (what the model makes of clips, and a device of the capture; what is there is kept), study (scenes before
a device, years and fires through the product's own code, and the page). Without a name both run. `record` needs the
data set, and must be done anew for another model: delete what was kept. `study` needs nothing but what was recorded.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from embereye_addon.detect.model import Model
from embereye_addon.fuse.habits import Episode
from training import budget_fires, budget_report, budget_run, budget_scenes, budget_sites, budget_traces
from training.budget_report import Quiet
from training.budget_run import SETTINGS, Setting
from training.budget_scenes import Things
from training.budget_sites import Level, Place, Pool
from training.budget_traces import Trace
from training.heat_scenes import Drawn, draw

REPOSITORY = Path(__file__).resolve().parents[1]
CARD = REPOSITORY / "embereye_addon" / "detect" / "weights" / "card.json"
PAGE = REPOSITORY / "docs" / "decision-study.md"
PICTURES = REPOSITORY / "docs" / "pictures"
BEGIN, END = "<!-- python -m training.budget writes from here -->\n", "<!-- to here -->\n"
SEEDS = range(60000, 60960)
"""Scenes that the weights of heat evidence have not been fitted to."""
FREE_SHARE = 0.17
"""No look at 16 clips without a fire to ring for claimed growth; this share would give none in 16 with 5 %."""
SCENES = 10
"""So many simulated fires of each kind meet every clip of one."""
CURVE = "flame, camera -1 nats a look"
SORTS = ("flame", "smouldering", "battery")
HEATER = "heater that pulses"
SHOWN = ("candle_bowl", "lighter_face", "cigarette_person")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.budget", description=__doc__)
    parser.add_argument("step", nargs="?", choices=("record", "study", "all"), default="all")
    parser.add_argument("--dataset", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--kept", type=Path, default=REPOSITORY / "build" / "budget", help="where traces are kept")
    parser.add_argument("--zones", type=int, default=100, help="zones of each sort, a year in each")
    return parser.parse_args()


def record(dataset: Path, kept: Path) -> None:
    """What recordings make a source claim, kept in two files."""
    if not (kept / "clips.json").exists():
        model = Model("CPU")
        clips = sorted((dataset / "clips").glob("*.mp4"))
        budget_traces.save_clips((budget_traces.of_clip(path, model) for path in clips), kept / "clips.json")
    if not (kept / "capture.npz").exists():
        budget_traces.save([budget_traces.of_capture(dataset / "pf" / "capture.txt")], kept / "capture.npz")


def pool(kept: Path, place: Place) -> Pool:
    """What can happen in such a place without a fire, from what was recorded, simulated scenes and the model's card."""
    clips = {trace.name: trace for trace in budget_traces.load_clips(kept / "clips.json")}
    seeds = {kind: budget_scenes.seeds(kind, SEEDS) for kind in (*place.heat, budget_sites.FLAMES_HEAT)}
    scenes = {
        kind: tuple(budget_scenes.felt(f"{kind} {seed}", draw(seed), place.limits) for seed in found)
        for kind, found in seeds.items()
        if kind not in place.fixtures and kind not in place.stove
    }
    calm = tuple(trace for trace in clips.values() if trace.sort == "calm")
    wrong = [*calm, *(clips[name] for name in SHOWN)]
    return Pool(
        scenes,
        clips,
        calm,
        (levels("fire"), levels("smoke")),
        (caps(wrong, budget_sites.FLAME), caps(wrong, budget_sites.SMOKE)),
        seeds=seeds,
        things=Things(place.limits),
    )


def levels(label: str) -> Level:
    """The log-likelihood ratios of the pictures without a fire that the model was not trained on, of its card."""
    card = json.loads(CARD.read_text(encoding="utf-8"))
    histogram = card["score_histogram"][label]
    edges = np.array(histogram["edges"]) - card["prior_logit"][label]
    return Level(edges, np.array(histogram["negative"], dtype=np.float64))


def caps(wrong: list[Trace], point: float) -> budget_sites.Rows:
    """The caps of the looks of a point that spoke for a fire where there was none to ring for."""
    series = [trace.rows[(trace.rows[:, 1] == point) & (trace.rows[:, 2] > 0.0), 3] for trace in wrong]
    return np.concatenate(series)


def quiet(place: Place, world: Pool, zones: int) -> Quiet:
    """A year in each of so many zones of one sort."""
    rng = np.random.default_rng(11)
    counts = np.zeros((zones, len(SETTINGS), 5), dtype=np.int64)
    counting = budget_run.Years(SETTINGS)
    for number in range(zones):
        drawn = budget_sites.zone(number, place, world, rng)
        counts[number] = counting.count(drawn, rng)
    return Quiet(place, tuple(setting.name for setting in SETTINGS), counts, counting.why)


def burning(sort: str) -> list[Drawn]:
    """The simulated fires of one kind."""
    return [each for each in map(draw, SEEDS[1::2]) if each.kind == sort][:SCENES]


def fires(kept: Path, setting: Setting) -> list[tuple[str, budget_fires.Times]]:
    """Fires of three strengths for a camera, of every kind for a PF device, by who sees them."""
    clips = [trace for trace in budget_traces.load_clips(kept / "clips.json") if trace.sort == "fire"]
    rows = []
    for sort in SORTS:
        scenes = [budget_scenes.felt(each.scene.name, each, each.scene.limits) for each in burning(sort)]
        for weaker_nats in budget_fires.WEAKER_NATS:
            three = budget_fires.three(clips, scenes, weaker_nats, setting)
            rows += [(f"{sort}, camera -{weaker_nats:g} nats a look", times) for times in three]
    return rows


def hidden(setting: Setting, habit: Episode) -> list[budget_fires.Later]:
    """The same fires where something as strong as this habit has come and gone often."""
    found = []
    for sort in SORTS:
        drawn = burning(sort)
        plain = [budget_scenes.felt(each.scene.name, each, each.scene.limits) for each in drawn]
        usual = [budget_scenes.at_a_habit(each, habit) for each in drawn]
        found.append(budget_fires.later(sort, plain, usual, setting))
    return found


def study(asked: argparse.Namespace) -> None:
    """The page and its pictures."""
    worlds = {place.name: pool(asked.kept, place) for place in budget_sites.PLACES}
    setting = next(each for each in SETTINGS if each.name == "normal, single")
    found = [(place.name.title(), quiet(place, worlds[place.name], asked.zones)) for place in budget_sites.PLACES]
    worst = replace(worlds[budget_sites.OFFICE.name], free=FREE_SHARE)
    title = f"Office, were {100 * FREE_SHARE:.0f} % of all look-alikes to grow"
    found.append((title, quiet(budget_sites.OFFICE, worst, asked.zones)))
    burnt, habit = fires(asked.kept, setting), longest(worlds[budget_sites.OFFICE.name])
    lines = [*budget_report.section(found, burnt), *budget_report.hidden(habit, hidden(setting, habit))]
    text = "\n".join(lines)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n\n" + END + rest.partition(END)[2], encoding="utf-8")
    alone = [times for name, times in burnt if name == CURVE]
    curve = budget_report.curves(f"{CURVE[0].upper()}{CURVE[1:]}: share of fires in alarm", alone)
    (PICTURES / "decision-time-to-alarm.svg").write_text(curve, encoding="utf-8")
    picture = budget_report.bars("False alarms of a quiet office", found[0][1])
    (PICTURES / "decision-quiet-office.svg").write_text(picture, encoding="utf-8")
    print(text)


def longest(world: Pool) -> Episode:
    """Of the heaters that pulse in any of these zones, what went on rising for the longest time."""
    assert world.things is not None
    pulsing = [trace for trace in world.things.kept.values() if trace.sort == HEATER]
    return max((one for trace in pulsing for one in trace.episodes), key=lambda one: one.asks_s)


def main() -> None:
    """Run what was asked for."""
    asked = arguments()
    if asked.step in ("record", "all"):
        record(asked.dataset, asked.kept)
    if asked.step in ("study", "all"):
        study(asked)


if __name__ == "__main__":
    main()
