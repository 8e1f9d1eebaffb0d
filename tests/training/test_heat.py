"""The calibration of heat evidence: the same seed gives the same scene, and a fit finds what is there."""

from pathlib import Path

import numpy as np
import pytest

from embereye_addon.demo.thermal_trial import run
from embereye_addon.fuse import heat_table
from training import heat_fires, heat_fit, heat_looks, heat_quiet, heat_report, heat_scenes


def test_a_seed_is_one_scene_for_ever() -> None:
    """A calibration that cannot be done again proves nothing."""
    for seed in range(60):
        one, other = heat_scenes.draw(seed), heat_scenes.draw(seed)
        assert (one.kind, one.fire, one.scene.until_s) == (other.kind, other.fire, other.scene.until_s)
        for at_s in (0.0, 61.0, 130.5):
            assert list(one.scene.patches(at_s)) == list(other.scene.patches(at_s))
        assert one.fire == (one.story.by_s is not None)


def test_every_kind_is_drawn() -> None:
    """A run of seeds holds every kind of fire and of anything else."""
    kinds = {heat_scenes.draw(seed).kind for seed in range(60)}
    assert kinds == {*heat_fires.FIRES, *heat_quiet.QUIET}


def drawn(fires: int, others: int) -> heat_fit.Rows:
    """Hot spots of which only the flicker tells: e times as many fires show it."""
    rng = np.random.default_rng(5)
    fire = np.repeat([True, False], [fires, others])
    signs = np.zeros((fires + others, 4))
    signs[:, 3] = 4.0 * (rng.random(len(fire)) < np.where(fire, 0.54, 0.2))
    weight = np.ones(len(fire))
    return heat_fit.Rows(signs, fire, np.arange(len(fire)), weight, (fires, others), np.zeros(len(fire), dtype=bool))


def test_the_fit_finds_the_ratio_and_nothing_else() -> None:
    """The weights must be log-likelihood ratios: ln(0.54 / 0.2) with the flicker, ln(0.46 / 0.8) without it."""
    bias, heat, rise, growth, flicker = heat_fit.fit(drawn(4000, 2000))
    assert bias == pytest.approx(np.log(0.46 / 0.8), abs=0.1)
    assert bias + flicker[-1][1] == pytest.approx(np.log(0.54 / 0.2), abs=0.1)
    assert [nats for table in (heat, rise, growth) for _, nats in table] == [0.0] * 16


def test_no_weight_ever_falls() -> None:
    """A hotter, faster or livelier thing must never be less of a fire."""
    for weights in (heat_table.USUAL, heat_table.RAISED):
        for table in weights[1:]:
            assert [at for at, _ in table] == sorted({at for at, _ in table})
            assert [nats for _, nats in table] == sorted(nats for _, nats in table)


def test_the_table_is_what_the_command_writes() -> None:
    """A table changed by hand would have an origin nobody can repeat."""
    assert heat_table.__file__ is not None
    text = Path(heat_table.__file__).read_text(encoding="utf-8")
    counts = tuple(int(word) for word in text.split() if word.isdigit())
    assert heat_fit.module(heat_table.USUAL, heat_table.RAISED, (counts[:2], counts[2:])) == text


@pytest.mark.timeout(60)
def test_kept_looks_say_what_the_product_says(tmp_path: Path) -> None:
    """What is judged from kept looks must be what a zone would have made of the scene."""
    seeds = range(3)
    heat_looks.simulate(seeds, tmp_path)
    heat_looks.simulate(seeds, tmp_path)
    looks = list(heat_looks.load(seeds, tmp_path))
    for case in heat_report.cases(looks[2:3]):
        assert case.outcome == run(case.looks.drawn.scene, case.looks.period_s)
    rows = heat_fit.rows(looks)
    assert rows.scenes == (2, 4)
    assert rows.fire.any()
    text = heat_report.section(len(looks), rows, heat_report.cases(looks))
    assert "| flame | 1 of 1" in text
    assert "| cannot be told |" in text


def test_what_cannot_be_told_is_not_drawn() -> None:
    """A claim that no other scene made proves nothing of how often one would."""
    bins = [heat_report.Bin(1.0, 1.2, 0.8, 1.5, 3, 4), heat_report.Bin(3.0, 4.0, 3.0, 5.0, 2, 0)]
    assert heat_report.plot(bins).count("<circle") == 1


def test_limits_of_shares_and_rates() -> None:
    """Nothing seen in a few hours is no proof of never."""
    assert heat_report.share(0, 0) == "none drawn"
    assert heat_report.share(10, 10) == "10 of 10 (72 to 100 %)"
    assert heat_report.rate(0, 2.0) == "0 (0.00 to 1.83 an hour)"
    assert heat_report.rate(4, 1.0) == "4 (1.08 to 10.24 an hour)"
