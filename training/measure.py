"""Figures from scores: ROC AUC, recall at a false-positive rate, bootstrap intervals, calibration, histograms."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Per class (fire, smoke): logit = raw / temperature + shift, for cells and for the picture."""

    cell_temperature: tuple[float, float] = (1.0, 1.0)
    cell_shift: tuple[float, float] = (0.0, 0.0)
    image_temperature: tuple[float, float] = (1.0, 1.0)
    image_shift: tuple[float, float] = (0.0, 0.0)

    def as_card(self) -> dict[str, list[float]]:
        """Plain lists for the model card."""
        return {name: [round(each, 5) for each in pair] for name, pair in asdict(self).items()}


def auc(positive: Scores, negative: Scores) -> float:
    """Chance that a random positive scores above a random negative (ties count half); nan without both."""
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    upto = np.searchsorted(ordered, positive, side="right")
    return float((below + upto).mean() / 2 / len(ordered))


def threshold(negative: Scores, rate: float) -> float:
    """The score that at most a share `rate` of the negatives exceed."""
    return float(np.sort(negative)[::-1][int(np.floor(rate * len(negative)))])


def recall(positive: Scores, negative: Scores, rate: float) -> float:
    """Share of positives above `threshold(negative, rate)`."""
    return float((positive > threshold(negative, rate)).mean())


def interval(
    figure: Callable[[Scores, Scores], float], positive: Scores, negative: Scores, rounds: int = 400
) -> tuple[float, float]:
    """Bootstrap 95 % interval of a figure of (positive, negative), both resampled; fixed seed."""
    rng = np.random.default_rng(3)
    found = [figure(rng.choice(positive, len(positive)), rng.choice(negative, len(negative))) for _ in range(rounds)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def platt(positive: Scores, negative: Scores, steps: int = 60) -> tuple[float, float]:
    """(temperature, shift) so that sigmoid(score / temperature + shift) is a probability, both classes weighed alike.

    Newton's method on the balanced log loss with a weak prior towards temperature 1 (Platt 1999).
    """
    score = np.concatenate([positive, negative])
    truth = np.concatenate([np.full(len(positive), 1.0), np.full(len(negative), 0.0)])
    weight = np.concatenate([np.full(len(positive), 0.5 / len(positive)), np.full(len(negative), 0.5 / len(negative))])
    terms = np.stack([score, np.ones_like(score)], axis=1)
    answer, prior = np.array([1.0, 0.0]), 1e-3
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-(terms @ answer)))
        slope = terms.T @ (weight * (chance - truth)) + prior * (answer - [1.0, 0.0])
        bend = (terms * (weight * chance * (1 - chance))[:, None]).T @ terms + prior * np.eye(2)
        answer = answer - np.linalg.solve(bend, slope)
    return float(1 / max(answer[0], 0.05)), float(answer[1])


def histogram(positive: Scores, negative: Scores, bins: int = 20) -> dict[str, list[float] | list[int]]:
    """Counts of calibrated logits over `bins` equal bins from -8 to 8; beyond the ends counts in the end bins."""
    edges = np.linspace(-8.0, 8.0, bins + 1)
    inside = (edges[0] + 1e-6, edges[-1] - 1e-6)
    return {
        "edges": [round(float(edge), 3) for edge in edges],
        "positive": np.histogram(np.clip(positive, *inside), edges)[0].tolist(),
        "negative": np.histogram(np.clip(negative, *inside), edges)[0].tolist(),
    }


def chances(logits: Scores) -> Scores:
    """Logits to probabilities."""
    return 1 / (1 + np.exp(-logits))


def spread(scores: Scores) -> tuple[float, float, float]:
    """The 10th, 50th and 90th percentile."""
    low, middle, high = np.quantile(scores, (0.1, 0.5, 0.9))
    return round(float(low), 4), round(float(middle), 4), round(float(high), 4)


def reliability(positive: Scores, negative: Scores, bins: int = 10) -> dict[str, object]:
    """Promised against seen: per bin of probability its mean, the share of positives and the count; and their gap.

    `gap` is the expected calibration error: |promised - seen| averaged over the scores (Guo et al. 2017).
    """
    promised = chances(np.concatenate([positive, negative]))
    truth = np.concatenate([np.full(len(positive), 1.0), np.full(len(negative), 0.0)])
    place = np.minimum((promised * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        mine = place == index
        if mine.any():
            pair = float(promised[mine].mean()), float(truth[mine].mean())
            rows.append({"promised": round(pair[0], 4), "seen": round(pair[1], 4), "count": int(mine.sum())})
    gap = sum(abs(row["promised"] - row["seen"]) * row["count"] for row in rows) / max(len(truth), 1)
    return {"gap": round(gap, 4), "bins": rows}
