"""Which weights of a run are written out: the last epoch, a mean of several, or that mixed with the start.

Judged on the held fold, labels put right, and on small flames pasted into its empty scenes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import augment, dataset, evaluate, train
from training.measure import auc, recall, threshold
from training.model import FireSmoke

#: Means over so many of the last epochs are tried.
LAST = (1, 3)
SMALL_FLAMES = 300
#: Recall of small flames, at the bar of 2 % of the whole pictures, counts this much beside ROC AUC.
SMALL_WEIGHT = 0.1
RECALL_WEIGHT = 0.1

State = Mapping[str, Tensor]
Logits = NDArray[np.float64]


def candidates(run: Path) -> Iterator[tuple[str, State]]:
    """Names and weights: the last epoch of a run, a mean of several, and that mixed with what the run began from."""
    paths = sorted(run.glob("epoch-*.pt"))
    states = [torch.load(path, map_location="cpu", weights_only=True)["model"] for path in paths[-max(LAST) :]]
    for count in LAST:
        if count <= len(states):
            yield f"the last {count}", mean(states[-count:])
    start = run / "start.pt"
    if start.exists() and states:
        before = torch.load(start, map_location="cpu", weights_only=True)["model"]
        yield "half from the start", mean([mean(states[-max(LAST) :]), before])


def mean(states: Sequence[State]) -> State:
    """The mean of weights, name by name."""
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def small_flames(held: Sequence[dataset.Picture], count: int = SMALL_FLAMES) -> list[augment.Pixels]:
    """Flames of the held fold, 10 to 130 px long, burning in its empty scenes."""
    rng = np.random.default_rng(77)
    fires = [p for p in held if p.has(0) and p.source not in dataset.FRAGMENTED]
    empty = [p for p in held if p.empty and not p.crop]
    found: list[augment.Pixels] = []
    for _ in range(20 * count if fires and empty else 0):
        made = augment.flame_view(fires[rng.integers(len(fires))], empty, evaluate.LOOK_SIZE, rng)
        if made is not None:
            found.append(made.pixels)
        if len(found) == count:
            break
    return found


def ask(model: FireSmoke, frames: Sequence[augment.Pixels]) -> Logits:
    """Picture logits [N, 2] of frames of any sizes."""
    with torch.no_grad():
        said = [model(train.scaled(frame[None]))[1].numpy() for frame in frames]
    return np.concatenate(said).astype(np.float64)


def merit(scored: evaluate.Scored, kind: int, flames: Logits) -> tuple[float, dict[str, float]]:
    """What a class is chosen by, and the figures behind it; `flames` are its logits of small flames (smoke: unused)."""
    sides = scored.split(kind)
    figures = {"auc": auc(*sides), "recall_0.02": recall(*sides, 0.02), "recall_0.05": recall(*sides, 0.05)}
    value = figures["auc"] + RECALL_WEIGHT * (figures["recall_0.02"] + figures["recall_0.05"])
    if kind == 0 and len(flames):
        figures["small"] = float((flames > threshold(scored.whole.split(kind)[1], 0.02)).mean())
        value += SMALL_WEIGHT * figures["small"]
    return value, {name: round(figure, 4) for name, figure in figures.items()}


def choose(run: Path, held: Sequence[dataset.Picture], count: int = SMALL_FLAMES) -> Path:
    """Writes the candidate that the held fold and `count` small flames like best to `run`/best.pt."""
    flames = small_flames(held, count)
    frames = [*(evaluate.shown(p) for p in held), *flames]
    truth, names = evaluate.truths(held), evaluate.named(held)
    best = -1.0
    for name, state in candidates(run):
        model = FireSmoke(pretrained=False)
        model.load_state_dict(state)
        logits = ask(model.eval(), frames)
        scored = evaluate.Scored(names, logits[: len(held)], truth)
        found = [merit(scored, kind, logits[len(held) :, kind]) for kind in (0, 1)]
        total, said = sum(value for value, _ in found), [figures for _, figures in found]
        print({"weights": name, "merit": round(total, 4), "fire": said[0], "smoke": said[1]}, flush=True)
        if total > best:
            best = total
            torch.save({"model": state, "figures": said, "weights": name}, run / "best.pt")
    return run / "best.pt"
