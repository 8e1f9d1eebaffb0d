"""Which weights of a run are written out: an epoch or a mean of the last ones, and how loud its scene head is.

Judged on the held fold, labels put right, and on small flames pasted into its empty scenes. The scene head speaks for
the whole picture, of which a small fire is little, so how much it may say is chosen for each class.
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
#: Shares of what the scene head says, the whole last: of equals the last is taken.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
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


def hushed(state: State, shares: Sequence[float]) -> State:
    """The weights with a scene head that says only this share (fire, smoke) of what it did."""
    told = torch.tensor(shares, dtype=torch.float32)
    weight, bias = state["scene.weight"], state["scene.bias"]
    return {**state, "scene.weight": weight * told[:, None, None, None], "scene.bias": bias * told}


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


def parts(model: FireSmoke, frames: Sequence[augment.Pixels]) -> tuple[Logits, Logits]:
    """What the pooled cells and what the scene head say of each frame: [N, 2] each; their sum is the picture logit."""
    cells_say, scene_says = [], []
    for frame in frames:
        with torch.no_grad():
            cells, scene = model.look(train.scaled(frame[None]))
            cells_say.append(model.pool(cells, *model.picture_line()).numpy())
            scene_says.append(scene.mean((2, 3)).numpy())
    return np.concatenate(cells_say).astype(np.float64), np.concatenate(scene_says).astype(np.float64)


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
        cells_say, scene_says = parts(model.eval(), frames)
        total, shares, said = 0.0, [1.0, 1.0], {}
        for kind, label in enumerate(dataset.CLASSES):
            tried = []
            for share in SHARES:
                logits = cells_say + share * scene_says
                scored = evaluate.Scored(names, logits[: len(held)], truth)
                tried.append((*merit(scored, kind, logits[len(held) :, kind]), share))
            value, figures, shares[kind] = max(tried, key=lambda each: (each[0], each[2]))
            total, said[label] = total + value, {"scene": shares[kind], **figures}
        print({"weights": name, "merit": round(total, 4), **said}, flush=True)
        if total > best:
            best = total
            torch.save({"model": hushed(state, shares), "figures": said, "weights": name}, run / "best.pt")
    return run / "best.pt"
