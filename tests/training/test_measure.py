"""Figures from scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training import measure

scores = arrays(np.float64, st.integers(1, 30), elements=st.floats(-20, 20))


def test_auc_of_known_scores() -> None:
    """The figure in the model card is the chance that a fire scores above a quiet scene."""
    assert measure.auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert measure.auc(np.array([1.0]), np.array([1.0])) == 0.5
    assert np.isnan(measure.auc(np.array([]), np.array([1.0])))


@given(scores, scores)
def test_auc_turns_with_the_sides(positive: measure.Scores, negative: measure.Scores) -> None:
    """Swapping the classes mirrors the area, ties or not."""
    assert measure.auc(positive, negative) + measure.auc(negative, positive) == pytest.approx(1.0)


@given(scores, st.sampled_from([0.02, 0.05, 0.5]))
def test_a_threshold_keeps_its_promise(negative: measure.Scores, rate: float) -> None:
    """No more than the promised share of quiet scenes lies above the bar."""
    assert (negative > measure.threshold(negative, rate)).mean() <= rate


def test_platt_finds_the_scale_of_a_known_pair() -> None:
    """Two normal classes 4 apart with deviation 2 have log odds equal to score, so nothing must change."""
    rng = np.random.default_rng(0)
    temperature, shift = measure.platt(rng.normal(2, 2, 20000), rng.normal(-2, 2, 20000))
    assert temperature == pytest.approx(1.0, abs=0.05)
    assert shift == pytest.approx(0.0, abs=0.05)


@given(scores, scores)
def test_a_histogram_loses_nobody(positive: measure.Scores, negative: measure.Scores) -> None:
    """Scores beyond the edges count in the end bins, or evidence would come from too few."""
    made = measure.histogram(positive, negative)
    assert sum(made["positive"]) == len(positive)
    assert sum(made["negative"]) == len(negative)
    assert len(made["edges"]) == len(made["positive"]) + 1


@given(scores, scores)
def test_a_reliability_loses_nobody(positive: measure.Scores, negative: measure.Scores) -> None:
    """Every picture is in one bin of the plot, and the gap is a share."""
    found = measure.reliability(positive, negative)
    assert sum(row["count"] for row in found["bins"]) == len(positive) + len(negative)
    assert 0 <= found["gap"] <= 1


def test_a_calibrated_score_has_no_gap() -> None:
    """Scores that promise what is seen lie on the diagonal."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 40000)
    there = rng.random(40000) < measure.chances(logits)
    assert measure.reliability(logits[there], logits[~there])["gap"] < 0.01
    assert measure.reliability(3 * logits[there], 3 * logits[~there])["gap"] > 0.05


def test_an_interval_holds_its_figure() -> None:
    """The bracket in the card stands around the number before it."""
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 100), rng.normal(-1, 1, 100)
    low, high = measure.interval(measure.auc, positive, negative, rounds=100)
    assert low < measure.auc(positive, negative) < high
