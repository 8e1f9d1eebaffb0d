"""Figures of measured runs: quantiles, histograms, growth, comparison."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from embereye_addon.demo.figures import compare, flat, growth_pct, histogram_quantiles, quantiles, verdict_lines


@given(st.lists(st.floats(0.0, 1000.0), max_size=200))
def test_quantiles_are_in_order(values: list[float]) -> None:
    """Without samples there is no figure; with them P50 is not above P99."""
    found = quantiles(values)
    assert found["n"] == len(values)
    if values:
        assert found["p50"] <= found["p95"] <= found["p99"] <= found["max"] + 0.01


def test_a_histogram_is_read_within_its_buckets() -> None:
    """Figures of all processes add up, are interpolated, and never exceed the last border."""
    counts = {"a": (40, 45, 45), "b": (40, 45, 55)}
    text = "# TYPE x histogram\n"
    for process, row in counts.items():
        for edge, count in zip(("0.01", "0.02", "+Inf"), row, strict=True):
            text += f'x_bucket{{process="{process}",le="{edge}"}} {count}\n'
    found = histogram_quantiles(text, "x")
    assert found["n"] == 100
    assert found["p50"] == pytest.approx(6.25)
    assert found["p99"] == 20.0
    assert histogram_quantiles(text, "y") == {"n": 0}
    assert histogram_quantiles(text, "x", text) == {"n": 0}, "nothing came since"


def test_growth_is_after_the_warm_up() -> None:
    """Loading the model is no leak; a slow rise is."""
    steady = [(float(at_s), 100.0 if at_s > 10 else 50.0) for at_s in range(60)]
    assert growth_pct(steady, 12.0) == 0.0
    rising = [(float(at_s), 100.0 + at_s) for at_s in range(60)]
    assert growth_pct(rising, 12.0) > 20.0
    assert growth_pct(steady[:3], 0.0) == 0.0


def test_only_numbers_are_compared() -> None:
    """Lists and words of a snapshot are left out, and so is what was zero before."""
    assert flat({"a": {"b": 1, "c": "x"}, "d": [1], "e": 2.5}) == {"a.b": 1.0, "e": 2.5}
    assert compare({"a": 2, "b": 1}, {"a": 1, "b": 0, "c": 3}) == [f"{'a':58} {1:12.2f} {2:12.2f}   +100.0 %"]


def test_a_limit_that_did_not_hold_is_told_from_the_others() -> None:
    """The first word says whether it held."""
    held, broken = verdict_lines([("a", 1, True, "1"), ("b", 2.5, False, "below 2")])
    assert held.startswith("held")
    assert broken.startswith("NOT")
    assert "below 2" in broken
