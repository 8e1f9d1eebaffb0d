"""Fits the model: batches made beside the training, averaged weights, a checkpoint each epoch."""

import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from training import augment, dataset
from training.measure import auc
from training.model import MEAN, SCALE, FireSmoke, restore

VIEW_SIZE = (224, 192)
LOOK_SIZE = (384, 288)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    epochs: int = 14
    views: int = 4800
    batch: int = 32
    rate: float = 6e-4
    minutes: float = 50.0
    patience: int = 4
    threads: int = 2
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as tensors: pictures [N, 3, H, W] scaled RGB, then the four targets of `augment.Targets`."""

    pixels: Tensor
    cells: Tensor
    cell_weights: Tensor
    picture: Tensor
    picture_weights: Tensor


def scaled(pixels: np.ndarray) -> Tensor:
    """[N, H, W, 3] BGR uint8 to what the model takes."""
    rgb = torch.from_numpy(np.ascontiguousarray(pixels[..., ::-1])).permute(0, 3, 1, 2).float()
    return ((rgb - MEAN) / SCALE).contiguous(memory_format=torch.channels_last)


def weights(pictures: Sequence[dataset.Picture]) -> np.ndarray:
    """Chance of each picture to be drawn: fire 38 %, smoke alone 17 %, both 8 %, neither 37 %.

    Rendered pictures, where there are any, share a tenth of all draws evenly.
    """
    groups = np.array([4 if p.source == "rendered" else int(p.has(0)) + 2 * int(p.has(1)) for p in pictures])
    shares = {0: 0.37, 1: 0.38, 2: 0.17, 3: 0.08, 4: 0.11}
    chance = np.array([shares[g] / (groups == g).sum() for g in groups])
    return chance / chance.sum()


def batches(pictures: Sequence[dataset.Picture], plan: Plan, seed: int) -> Iterator[Batch]:
    """One epoch of random batches."""
    rng = np.random.default_rng(seed)
    empty = [picture for picture in pictures if picture.empty]
    drawn = rng.choice(len(pictures), plan.views, p=weights(pictures))
    for start in range(0, plan.views - plan.batch + 1, plan.batch):
        views = [augment.view(pictures[i], empty, VIEW_SIZE, rng) for i in drawn[start : start + plan.batch]]
        goals = [each.targets for each in views]
        yield Batch(
            pixels=scaled(np.stack([each.pixels for each in views])),
            cells=torch.from_numpy(np.stack([goal.cells for goal in goals])),
            cell_weights=torch.from_numpy(np.stack([goal.cell_weights for goal in goals])),
            picture=torch.from_numpy(np.stack([goal.picture for goal in goals])),
            picture_weights=torch.from_numpy(np.stack([goal.picture_weights for goal in goals])),
        )


def beside(stream: Iterator[Batch], ahead: int = 6) -> Iterator[Batch]:
    """The same batches, made in a thread of their own, at most `ahead` waiting."""
    waiting: queue.Queue[Batch | None] = queue.Queue(ahead)

    def fill() -> None:
        for batch in stream:
            waiting.put(batch)
        waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    while (batch := waiting.get()) is not None:
        yield batch


def loss(model: FireSmoke, batch: Batch) -> Tensor:
    """Picture-level plus cell-level cross-entropy, unknown classes left out.

    Cells of a positive picture share its say: covered and uncovered cells are averaged apart,
    so that a small flame counts as much as a large one.
    """
    with torch.autocast("cpu", torch.bfloat16):
        cells, picture = model(batch.pixels)
    apart = fn.binary_cross_entropy_with_logits(picture, batch.picture, reduction="none")
    whole = (apart * batch.picture_weights).sum() / batch.picture_weights.sum().clamp(min=1.0)
    each = fn.binary_cross_entropy_with_logits(cells, batch.cells, reduction="none")
    inside = batch.cell_weights * batch.cells
    outside = batch.cell_weights * (1 - batch.cells)
    parts = [
        ((each * mask).sum((2, 3)) / mask.sum((2, 3)).clamp(min=1.0)).sum() / (mask.amax((2, 3)) > 0).sum().clamp(min=1)
        for mask in (inside, outside)
    ]
    return whole + 0.5 * parts[0] + 1.0 * parts[1]


def parameters(model: FireSmoke, rate: float) -> list[dict[str, object]]:
    """Optimiser groups: kernels decay, gains and shifts do not, the new head learns faster."""
    new = [*model.head.parameters(), model.sharpness, model.scale, model.bias]
    body = [part for part in model.blocks.parameters() if part.requires_grad]
    return [
        {"params": [p for p in body if p.dim() == 4], "lr": rate, "weight_decay": 0.02},
        {"params": [p for p in body if p.dim() == 1], "lr": rate, "weight_decay": 0.0},
        {"params": new, "lr": rate * 4, "weight_decay": 0.0},
    ]


def looks(model: FireSmoke, pictures: Sequence[dataset.Picture]) -> np.ndarray:
    """Picture logits [N, 2] at the size used at run time."""
    found = []
    for start in range(0, len(pictures), 16):
        frames = np.stack([augment.letterbox(p.pixels, LOOK_SIZE) for p in pictures[start : start + 16]])
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            found.append(model(scaled(frames))[1].float().numpy())
    return np.concatenate(found)


def judge(model: FireSmoke, pictures: Sequence[dataset.Picture]) -> dict[str, float]:
    """ROC AUC of fire and of smoke on whole pictures, unknowns left out."""
    logits = looks(model, pictures)
    figures = {}
    for kind, name in enumerate(dataset.CLASSES):
        truth = np.array([np.nan if p.truth(kind) is None else p.truth(kind) for p in pictures], float)
        figures[name] = auc(logits[truth == 1, kind], logits[truth == 0, kind])
    return figures


def fit(fit_on: Sequence[dataset.Picture], held: Sequence[dataset.Picture], out: Path, plan: Plan) -> Path:
    """Trains, writing `out`/epoch-NN.pt and `out`/best.pt; returns the path of the best one.

    Starts from `out`/start.pt where it exists (a fine-tune), else from ImageNet weights.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    start = out / "start.pt"
    model = FireSmoke()
    if start.exists():
        model.load_state_dict(restore(start).state_dict())
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(parameters(model, plan.rate))
    steps = plan.epochs * (plan.views // plan.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: ramp(step, steps))
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.996))
    began, best, since = time.monotonic(), -1.0, 0
    for epoch in range(plan.epochs):
        model.train()
        said = epoch_of(model, optimiser, schedule, average, beside(batches(fit_on, plan, plan.seed + epoch)))
        average.module.eval()
        figures = judge(average.module, held)
        score = (figures["fire"] + figures["smoke"]) / 2
        torch.save({"model": average.module.state_dict(), "figures": figures}, out / f"epoch-{epoch:02d}.pt")
        since = 0 if score > best else since + 1
        if score > best:
            best = score
            (out / "best.pt").write_bytes((out / f"epoch-{epoch:02d}.pt").read_bytes())
        spent = (time.monotonic() - began) / 60
        line = {"epoch": epoch, "loss": round(said, 4), **figures, "minutes": round(spent, 1)}
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)
        if since >= plan.patience or spent >= plan.minutes:
            break
    return out / "best.pt"


def ramp(step: int, steps: int) -> float:
    """Learning-rate factor: 100 steps up, then half a cosine down to 2 %."""
    if step < 100:
        return (step + 1) / 100
    return float(0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1.0, step / max(steps, 1)))))


def epoch_of(
    model: FireSmoke,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    average: torch.optim.swa_utils.AveragedModel,
    stream: Iterator[Batch],
) -> float:
    """One pass; returns the mean loss."""
    total, count = 0.0, 0
    for batch in stream:
        value = loss(model, batch)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(model)
        total, count = total + float(value.detach()), count + 1
        if count % 25 == 0:
            print(f"  step {count} loss {total / count:.4f}", flush=True)
    return total / max(count, 1)
