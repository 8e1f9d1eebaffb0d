"""Fits the model: batches made beside the training, averaged weights, a checkpoint each epoch."""

import json
import os
import platform
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from training import augment, dataset
from training.measure import auc, recall
from training.model import MEAN, SCALE, FireSmoke

#: Width and height of the views of a batch, drawn anew for each.
VIEW_SIZES = ((256, 192), (320, 240), (384, 288))
#: Share of the views of fire that show its flame small in an empty scene.
PASTED = 0.3
LOOK_SIZE = (384, 288)
HARD_SIZE = (256, 192)
#: Above this logit the model is believed rather than the lack of a box, where boxes were drawn with less than care.
DOUBT_LOGIT = 1.5
#: Blocks up to stride 8: edges and colours.
EARLY_BLOCKS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    epochs: int = 14
    views: int = 4800
    batch: int = 32
    rate: float = 6e-4
    minutes: float = 50.0
    patience: int = 8
    threads: int = 2
    seed: int = 1
    sizes: tuple[tuple[int, int], ...] = VIEW_SIZES


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as tensors: pictures [N, 3, H, W] scaled RGB, then the four targets of `augment.Targets`."""

    pixels: Tensor
    cells: Tensor
    cell_weights: Tensor
    picture: Tensor
    picture_weights: Tensor

    def split(self, count: int) -> list["Batch"]:
        """The batch in `count` equal parts (the last one smaller)."""
        size = -(-len(self.pixels) // count)
        parts = (self.pixels, self.cells, self.cell_weights, self.picture, self.picture_weights)
        return [Batch(*rows) for rows in zip(*(part.split(size) for part in parts), strict=True)]

    def to(self, where: torch.device) -> "Batch":
        """The same on another device."""
        parts = (self.pixels, self.cells, self.cell_weights, self.picture, self.picture_weights)
        return Batch(*(part.to(where) for part in parts))


def machine() -> tuple[torch.device, str]:
    """What the training runs on, a graphics processor where there is one, and its name for the card."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.cuda.get_device_name()
    return torch.device("cpu"), f"{os.cpu_count()}-core CPU ({platform.machine()})"


def scaled(pixels: np.ndarray) -> Tensor:
    """[N, H, W, 3] BGR uint8 to what the model takes."""
    rgb = torch.from_numpy(np.ascontiguousarray(pixels[..., ::-1])).permute(0, 3, 1, 2).float()
    return ((rgb - MEAN) / SCALE).contiguous(memory_format=torch.channels_last)


def weights(pictures: Sequence[dataset.Picture]) -> np.ndarray:
    """Chance of each picture to be drawn: fire 34 %, smoke alone 17 %, both 8 %, neither 31 %, fire-free crops 10 %.

    Rendered pictures, where there are any, get 6 % more.
    """
    groups = np.array([_group(p) for p in pictures])
    shares = {0: 0.31, 1: 0.34, 2: 0.17, 3: 0.08, 4: 0.06, 5: 0.10}
    chance = np.array([shares[g] / (groups == g).sum() for g in groups])
    return chance / chance.sum()


def _group(picture: dataset.Picture) -> int:
    if picture.source == "rendered":
        return 4
    return 5 if picture.crop else int(picture.has(0)) + 2 * int(picture.has(1))


def batches(pictures: Sequence[dataset.Picture], hardness: np.ndarray, plan: Plan, seed: int) -> Iterator[Batch]:
    """One epoch of random batches; `hardness` [N] multiplies the chance of each picture."""
    rng = np.random.default_rng(seed)
    empty = [picture for picture in pictures if picture.empty]
    chance = weights(pictures) * hardness
    drawn = rng.choice(len(pictures), plan.views, p=chance / chance.sum())
    for start in range(0, plan.views - plan.batch + 1, plan.batch):
        size = plan.sizes[rng.integers(len(plan.sizes))]
        views = [_view(pictures[i], empty, size, rng) for i in drawn[start : start + plan.batch]]
        goals = [each.targets for each in views]
        yield Batch(
            pixels=scaled(np.stack([each.pixels for each in views])),
            cells=torch.from_numpy(np.stack([goal.cells for goal in goals])),
            cell_weights=torch.from_numpy(np.stack([goal.cell_weights for goal in goals])),
            picture=torch.from_numpy(np.stack([goal.picture for goal in goals])),
            picture_weights=torch.from_numpy(np.stack([goal.picture_weights for goal in goals])),
        )


def _view(
    picture: dataset.Picture, empty: Sequence[dataset.Picture], size: tuple[int, int], rng: np.random.Generator
) -> augment.View:
    pasted = rng.random() < PASTED and picture.source not in dataset.FRAGMENTED
    made = augment.flame_view(picture, empty, size, rng) if pasted else None
    return augment.view(picture, empty, size, rng) if made is None else made


def hardness(pictures: Sequence[dataset.Picture], logits: np.ndarray) -> np.ndarray:
    """1 for most; up to 4 for an empty picture of a trusted source in which the model sees what is surely not there."""
    found = np.ones(len(pictures))
    free = [i for i, p in enumerate(pictures) if p.empty and p.source in dataset.TRUSTED]
    found[free] = 1 + 3 * (1 / (1 + np.exp(-logits[free]))).max(axis=1, initial=0.0)
    return found


def doubted(pictures: Sequence[dataset.Picture], logits: np.ndarray) -> list[dataset.Picture]:
    """The pictures, a class unknown where the model sees it and the source has it, but nobody boxed it there.

    Most such pictures and crops show a small flame or thin smoke that was left out: learned as negatives they teach
    the model to overlook those.
    """
    answer = []
    for picture, row in zip(pictures, logits, strict=True):
        sure = [bool(logit < DOUBT_LOGIT) or picture.has(kind) for kind, logit in enumerate(row)]
        known = (picture.known[0] and sure[0], picture.known[1] and sure[1])
        answer.append(picture if picture.source in dataset.TRUSTED else replace(picture, known=known))
    return answer


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
    """Optimiser groups: kernels decay, gains and shifts do not, early blocks learn slower, the new heads faster."""
    heads = (model.head, model.around, model.context, model.scene)
    new = [*[p for head in heads for p in head.parameters()], model.sharpness, model.scale, model.bias]
    early = [part for part in model.blocks[:EARLY_BLOCKS].parameters() if part.requires_grad]
    late = [*model.blocks[EARLY_BLOCKS:].parameters(), *model.deep.parameters()]
    return [
        *[
            {"params": [p for p in part if (p.dim() == 4) is kernel], "lr": speed, "weight_decay": 0.02 * kernel}
            for part, speed in ((early, rate * 0.3), (late, rate))
            for kernel in (True, False)
        ],
        {"params": new, "lr": rate * 4, "weight_decay": 0.0},
    ]


def looks(model: FireSmoke, pictures: Sequence[dataset.Picture], size: tuple[int, int] = LOOK_SIZE) -> np.ndarray:
    """Picture logits [N, 2] of letterboxed pictures."""
    found = [np.zeros((0, 2), np.float32)]
    where = next(model.parameters()).device
    for start in range(0, len(pictures), 16):
        frames = np.stack([augment.letterbox(p.pixels, size) for p in pictures[start : start + 16]])
        with torch.no_grad():
            found.append(model(scaled(frames).to(where))[1].cpu().numpy())
    return np.concatenate(found)


def judge(model: FireSmoke, pictures: Sequence[dataset.Picture]) -> dict[str, float]:
    """ROC AUC and recall at 5 % false positives of fire and of smoke on pictures and crops, unknowns left out."""
    logits = looks(model, pictures)
    figures = {}
    for kind, name in enumerate(dataset.CLASSES):
        truth = np.array([np.nan if p.truth(kind) is None else p.truth(kind) for p in pictures], float)
        sides = logits[truth == 1, kind], logits[truth == 0, kind]
        figures[name] = round(auc(*sides), 5)
        for rate in (0.02, 0.05):
            figures[f"{name}_recall_{rate}"] = round(recall(*sides, rate), 4)
    return figures


def fit(fit_on: Sequence[dataset.Picture], held: Sequence[dataset.Picture], out: Path, plan: Plan) -> Path:
    """Trains, writing `out`/epoch-NN.pt and `out`/best.pt; returns the path of the best one.

    Starts from `out`/start.pt where it exists (a fine-tune), else from ImageNet weights. Without `held` pictures
    the last epoch is the best.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    start = out / "start.pt"
    model = FireSmoke()
    if start.exists():
        missing = model.load_state_dict(torch.load(start, weights_only=True)["model"], strict=False).missing_keys
        print(f"starts from {start}, {len(missing)} parts of it new", flush=True)
    model = model.to(machine()[0], memory_format=torch.channels_last)
    optimiser, crew = torch.optim.AdamW(parameters(model, plan.rate), fused=True), Crew(plan.threads)
    steps = plan.epochs * (plan.views // plan.batch)
    began, cpu_s, best, since = time.monotonic(), time.process_time(), -1.0, 0

    def factor(step: int) -> float:
        spent_share = (time.monotonic() - began) / 60 / plan.minutes
        return ramp(step, max(step / steps, spent_share))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=averaged)
    hard, believed = np.ones(len(fit_on)), list(fit_on)
    for epoch in range(plan.epochs):
        if epoch % 3 == 2 or (epoch == 0 and start.exists()):
            logits = looks(average.module.eval(), fit_on, HARD_SIZE)
            hard, believed = hardness(fit_on, logits), doubted(fit_on, logits)
        model.train()
        stream = beside(batches(believed, hard, plan, plan.seed + epoch))
        said = epoch_of(model, optimiser, schedule, average, stream, crew)
        average.module.eval()
        figures = judge(average.module, held) if held else {}
        score = merit(figures) if held else float(epoch)
        torch.save({"model": average.module.state_dict(), "figures": figures}, out / f"epoch-{epoch:02d}.pt")
        since = 0 if score > best else since + 1
        if score > best:
            best = score
            (out / "best.pt").write_bytes((out / f"epoch-{epoch:02d}.pt").read_bytes())
        spent = (time.monotonic() - began) / 60
        line = {"epoch": epoch, "views": plan.views, "loss": round(said, 4), **figures, "minutes": round(spent, 1)}
        line["machine"] = machine()[1]
        line["cpu_minutes"] = round((time.process_time() - cpu_s) / 60, 1)
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)
        if since >= plan.patience or spent >= plan.minutes:
            break
    crew.pool.shutdown()
    if start.exists() and held:
        blend(start, out / "best.pt", held, best)
    return out / "best.pt"


def blend(start: Path, best: Path, held: Sequence[dataset.Picture], score: float) -> None:
    """Puts the mean of the weights before and after a fine-tune into `best` where the held fold likes one better.

    Heads that `start` has not yet count as zero there (Wortsman et al. 2022).
    """
    new = torch.load(best, map_location="cpu", weights_only=True)["model"]
    before = torch.load(start, map_location="cpu", weights_only=True)["model"]
    fresh = {name for name in new if name not in before and name.startswith(("scene.", "around."))}
    old = {name: torch.zeros_like(part) if name in fresh else before.get(name, part) for name, part in new.items()}
    for share in (0.25, 0.5, 0.75):
        mixed = {name: torch.lerp(old[name], part, share) for name, part in new.items()}
        model = FireSmoke(pretrained=False)
        model.load_state_dict(mixed)
        figures = judge(model.eval(), held)
        print({"share_of_the_new": share, **figures}, flush=True)
        if merit(figures) > score:
            score = merit(figures)
            torch.save({"model": mixed, "figures": figures, "share_of_the_new": share}, best)


def merit(figures: dict[str, float]) -> float:
    """What the epoch is chosen by: ROC AUC and a fifth of the recall at 5 % false positives, of both classes."""
    return sum(figures[name] + 0.2 * figures[f"{name}_recall_0.05"] for name in dataset.CLASSES)


def averaged(mean: Sequence[Tensor], now: Sequence[Tensor], count: Tensor) -> None:
    """Moves the averaged weights towards the present ones: a plain mean at first, then over some 250 steps."""
    torch._foreach_lerp_(mean, now, max(0.004, 9 / (10 + int(count))))


def ramp(step: int, share: float) -> float:
    """Learning-rate factor: 60 steps up; half a cosine down to 1 % over the share of the work (or time) done."""
    return float(min(1.0, (step + 1) / 60) * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * min(1.0, share)))))


class Crew:
    """Threads that each take a part of a batch through the whole network.

    On cores shared with others they wait less than threads that share every layer. A graphics processor takes it whole.
    """

    def __init__(self, threads: int) -> None:
        self.size = 1 if torch.cuda.is_available() else threads
        self.pool = ThreadPoolExecutor(self.size, initializer=torch.set_num_threads, initargs=(1,))


def gradients(model: FireSmoke, batch: Batch, crew: Crew) -> float:
    """Puts the gradients of a batch in place and returns its loss."""
    trained = [part for part in model.parameters() if part.requires_grad]

    def one(part: Batch) -> tuple[float, tuple[Tensor, ...]]:
        value = loss(model, part.to(trained[0].device))
        return float(value.detach()), torch.autograd.grad(value, trained)

    found = list(crew.pool.map(one, batch.split(crew.size)))
    for index, part in enumerate(trained):
        part.grad = torch.stack([grads[index] for _, grads in found]).mean(0)
    return sum(value for value, _ in found) / len(found)


def epoch_of(
    model: FireSmoke,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    average: torch.optim.swa_utils.AveragedModel,
    stream: Iterator[Batch],
    crew: Crew,
) -> float:
    """One pass; returns the mean loss."""
    total, count = 0.0, 0
    for batch in stream:
        value = gradients(model, batch, crew)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(model)
        total, count = total + value, count + 1
        if count % 25 == 0:
            print(f"  step {count} loss {total / count:.4f}", flush=True)
    return total / max(count, 1)
