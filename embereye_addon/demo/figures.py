"""What measured runs have in common: quantiles, histograms, growth, comparison with an earlier run, and the verdict."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

Limit = tuple[str, object, bool, str]
"""One line of a verdict: what was measured, its value, whether the limit held, and the limit in words."""


def quantiles(values: Sequence[float]) -> dict[str, float | int]:
    """Sample size, P50, P95, P99 and the greatest."""
    if not values:
        return {"n": 0}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        "n": len(values),
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "p99": round(float(p99), 2),
        "max": round(max(values), 2),
    }


def buckets(text: str, name: str) -> dict[float, float]:
    """The cumulative counts of a Prometheus histogram by upper edge (s), of all processes and labels together."""
    edges: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{name}_bucket":
                edge = float(sample.labels["le"])
                edges[edge] = edges.get(edge, 0.0) + sample.value
    return edges


def histogram_quantiles(text: str, name: str, before: str = "") -> dict[str, float | int]:
    """P50, P95 and P99 (ms) of a histogram in seconds, linear within a bucket; without what stood in `before`."""
    earlier = buckets(before, name)
    rows = sorted((edge, count - earlier.get(edge, 0.0)) for edge, count in buckets(text, name).items())
    if not rows or rows[-1][1] <= 0:
        return {"n": 0}
    found: dict[str, float | int] = {"n": int(rows[-1][1])}
    for share in (50, 95, 99):
        found[f"p{share}"] = round(1000.0 * _within(rows, rows[-1][1] * share / 100.0), 2)
    return found


def _within(rows: list[tuple[float, float]], rank: float) -> float:
    low, below = 0.0, 0.0
    for edge, count in rows:
        if count >= rank:
            return low if edge == float("inf") else low + (edge - low) * (rank - below) / max(1e-9, count - below)
        low, below = edge, count
    return low


def growth_pct(samples: Sequence[tuple[float, float]], after_s: float) -> float:
    """Memory (s, MiB) after warm-up against the end: the median of the first and of the last quarter after it."""
    after = [mib for at_s, mib in samples if at_s > after_s]
    quarter = max(1, len(after) // 4)
    if len(after) < 4:
        return 0.0
    return round(100.0 * (float(np.median(after[-quarter:])) / float(np.median(after[:quarter])) - 1.0), 2)


def flat(value: Any, name: str = "") -> dict[str, float]:
    """Every number of a snapshot under a dotted name."""
    if isinstance(value, dict):
        return {key: number for part, inner in value.items() for key, number in flat(inner, f"{name}.{part}").items()}
    return {name.lstrip("."): float(value)} if isinstance(value, int | float) else {}


def compare(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """A line for each number that both snapshots hold."""
    old, new = flat(before), flat(now)
    rows = [(name, old[name], new[name]) for name in new if name in old]
    return [
        f"{name:58} {was:12.2f} {value:12.2f}  {100.0 * (value / was - 1.0):+7.1f} %"
        for name, was, value in rows
        if was
    ]


def verdict_lines(limits: Sequence[Limit]) -> list[str]:
    """One line a limit."""
    return [
        f"{'held  ' if held else 'NOT   '} {what:44} {value!s:>10}   ({limit})" for what, value, held, limit in limits
    ]


def report(found: dict[str, Any], shown: tuple[str, ...], lines: list[str], given: argparse.Namespace) -> int:
    """Write the snapshot to `given.out`, print parts of it, the verdict and a comparison; 0 when every limit held."""
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1))
    print(json.dumps({key: found[key] for key in shown}, indent=1))
    print("\n".join((f"Snapshot: {given.out}", *lines)))
    if given.compare:
        rows = compare(found, json.loads(given.compare.read_text()))
        print("\n".join((f"Against {given.compare}:", f"{'':58} {'before':>12} {'now':>12}", *rows)))
    return 0 if all(line.startswith("held") for line in lines) else 1
