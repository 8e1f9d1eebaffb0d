"""Asks the exported model: calibration and histograms on the held fold, figures on val, scores on clips."""

import json
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from embereye_addon.detect.tensors import input_size
from training import boxes, measure
from training.augment import CELL_PX, Pixels, degrade, letterbox, place, targets
from training.dataset import CLASSES, FLAMES_MISSED, Picture, fire_free, put_right
from training.measure import Calibration

LOOK_SIZE = (384, 288)
LOOKS_PER_S = 4.0
CROP_MARK = "#free"
RATES = (0.02, 0.05)
COST_SIZES = ((384, 288), (320, 240), (224, 224), (128, 128))
Logits = NDArray[np.float64]


class Eye:
    """An exported model on the CPU, full precision (int8 where the file says so), with a fixed number of threads."""

    def __init__(self, xml: Path, threads: int = 1) -> None:
        options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
        self.compiled = ov.Core().compile_model(str(xml), "CPU", options)

    def ask(self, frames: NDArray[np.uint8]) -> tuple[Logits, Logits]:
        """BGR frames [N, H, W, 3] to (cells [N, 2, H/16, W/16], picture [N, 2]) logits."""
        answer = self.compiled(frames)
        return answer["cells"].astype(np.float64), answer["image_logits"].astype(np.float64)

    def each(self, frames: Sequence[Pixels]) -> Logits:
        """Picture logits [N, 2] of frames of any sizes, asked one at a time."""
        parts = [self.ask(frame[None])[1] for frame in frames]
        return np.concatenate(parts) if parts else np.zeros((0, 2))


@dataclass(frozen=True, slots=True)
class Scored:
    """Pictures with their logits [N, 2] and truth [N, 2] (nan: unknown); a crop's source ends in "#free"."""

    sources: NDArray[np.str_]
    logits: Logits
    truth: Logits

    def split(self, kind: int) -> tuple[Logits, Logits]:
        """Logits of a class where it is known to be there, and where it is known to be absent."""
        score, truth = self.logits[:, kind], self.truth[:, kind]
        return score[truth == 1], score[truth == 0]

    def only(self, mask: NDArray[np.bool_]) -> "Scored":
        """The pictures of the mask [N]."""
        return Scored(self.sources[mask], self.logits[mask], self.truth[mask])

    @property
    def whole(self) -> "Scored":
        """Without the crops."""
        return self.only(~np.char.endswith(self.sources, CROP_MARK))


def truths(pictures: Sequence[Picture]) -> Logits:
    """[N, 2] of 1, 0 or nan."""
    rows = [[p.truth(0), p.truth(1)] for p in pictures]
    return np.array([[np.nan if v is None else v for v in row] for row in rows], float).reshape(-1, 2)


def fitted(pixels: Pixels, longest_px: int = LOOK_SIZE[0]) -> Pixels:
    """The whole picture as the product feeds it: longest side `longest_px`, both sides multiples of 16, no bars."""
    scale = longest_px / max(pixels.shape[:2])
    high, wide = (max(64, 16 * round(side * scale / 16)) for side in pixels.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (wide, high), interpolation=how), np.uint8)


def shown(picture: Picture) -> Pixels:
    """A whole picture `fitted`; a crop at its own size, as the product feeds crops."""
    if not picture.crop:
        return fitted(picture.pixels)
    size = input_size(picture.pixels.shape[1], picture.pixels.shape[0])
    return np.asarray(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def named(pictures: Sequence[Picture]) -> NDArray[np.str_]:
    """The source of each picture; that of a crop is marked."""
    return np.array([p.source + CROP_MARK if p.crop else p.source for p in pictures], np.str_)


def seen(eye: Eye, pictures: Sequence[Picture]) -> tuple[Scored, list[Logits]]:
    """Whole pictures and crops, as `shown`: picture logits, and the cell logits [2, rows, columns] of each."""
    answers = [eye.ask(shown(p)[None]) for p in pictures]
    whole = np.concatenate([np.zeros((0, 2)), *[picture for _, picture in answers]])
    return Scored(named(pictures), whole, truths(pictures)), [cells[0] for cells, _ in answers]


def score(eye: Eye, pictures: Sequence[Picture]) -> Scored:
    """Picture logits of whole pictures and crops, as `shown`."""
    return seen(eye, pictures)[0]


def box_figures(
    pictures: Sequence[Picture], scored: Scored, cells: Sequence[Logits], prior: tuple[float, float]
) -> dict[str, object]:
    """What `boxes.figures` says of the boxes that the product would draw on pictures that were `seen`."""
    drawn = [
        boxes.drawn(plane.astype(np.float32), (whole - prior).tolist())
        for plane, whole in zip(cells, scored.logits[: len(pictures)], strict=False)
    ]
    return boxes.figures(pictures, drawn)


def camera_like(pictures: Sequence[Picture], size: tuple[int, int] = LOOK_SIZE) -> list[Pixels]:
    """Each picture as a camera might give it: shrunk onto an empty scene (positives), and degraded."""
    rng = np.random.default_rng(11)
    empty = [p for p in pictures if p.empty]
    frames = []
    for picture in pictures:
        frame = letterbox(picture.pixels, size)
        if not picture.empty:
            behind = empty[rng.integers(len(empty))]
            frame = np.asarray(cv2.resize(behind.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
            share = rng.uniform(0.35, 0.7)
            small = letterbox(picture.pixels, (int(size[0] * share), int(size[1] * share)))
            left = int(rng.integers(size[0] - small.shape[1]))
            top = int(rng.integers(size[1] - small.shape[0]))
            frame[top : top + small.shape[0], left : left + small.shape[1]] = small
        frames.append(degrade(frame, rng))
    return frames


def calibrate(eye: Eye, held: Sequence[Picture]) -> Calibration:
    """Platt scaling on the held fold: the picture's from whole and camera-like views and crops, the cells' from whole.

    A picture logit is the log posterior odds on the held fold (less `prior_logit`, a log likelihood ratio);
    cells are calibrated with covered and uncovered ones weighed alike.
    `eye` must hold a model exported with the neutral calibration.
    """
    crops, held = put_right(fire_free(held), "train"), put_right(held, "train")
    whole, planes = seen(eye, [*held, *crops])
    rough = Scored(named(held), eye.each(camera_like(held)), truths(held))
    image = []
    for kind in (0, 1):
        pairs = [whole.split(kind), rough.split(kind)]
        positive, negative = (np.concatenate(side) for side in zip(*pairs, strict=True))
        temperature, shift = measure.platt(positive, negative)
        image.append((temperature, shift + prior_logit(held)[kind]))
    cells = [measure.platt(*found) for found in _cells(planes, held)]
    return Calibration(
        cell_temperature=(cells[0][0], cells[1][0]),
        cell_shift=(cells[0][1], cells[1][1]),
        image_temperature=(image[0][0], image[1][0]),
        image_shift=(image[0][1], image[1][1]),
    )


def prior_logit(held: Sequence[Picture]) -> tuple[float, float]:
    """Log of positives over negatives of each class in the held fold."""
    known = truths(held)
    fire, smoke = (float(np.log((known[:, kind] == 1).sum() / (known[:, kind] == 0).sum())) for kind in (0, 1))
    return fire, smoke


def _cells(planes: Sequence[Logits], held: Sequence[Picture]) -> list[tuple[Logits, Logits]]:
    found: list[tuple[list[Logits], list[Logits]]] = [([], []), ([], [])]
    for picture, logits in zip(held, planes, strict=False):
        size = (logits.shape[2] * CELL_PX, logits.shape[1] * CELL_PX)
        placed = place(picture.boxes, size[::-1], np.eye(2, 3))
        goal = targets(placed, size, picture.known, picture.source)
        for kind in (0, 1):
            sure = goal.cell_weights[kind] >= 0.5
            found[kind][0].append(logits[kind][sure & (goal.cells[kind] > 0)])
            found[kind][1].append(logits[kind][sure & (goal.cells[kind] == 0)])
    return [(np.concatenate(positive), np.concatenate(negative)) for positive, negative in found]


def histograms(whole: Scored, eye: Eye, held: Sequence[Picture]) -> dict[str, dict[str, list[float] | list[int]]]:
    """`score_histogram` of the card: whole (`score` of the held fold) and camera-like views together, no crops."""
    logits = np.concatenate([whole.whole.logits, eye.each(camera_like(held))])
    both = Scored(np.tile(named(held), 2), logits, np.tile(truths(held), (2, 1)))
    return {name: measure.histogram(*both.split(kind)) for kind, name in enumerate(CLASSES)}


def figures(scored: Scored) -> dict[str, object]:
    """Per class: sample sizes, ROC AUC and recall at 2 % and 5 % false positives with 95 % intervals, per source.

    Negatives are whole pictures and the fire-free crops of the positive sources; `whole_pictures` is without crops,
    and `doubt_aside` without pictures of sources known to leave small flames unlabelled.
    """
    answer: dict[str, object] = {}
    for kind, name in enumerate(CLASSES):
        positive, negative = scored.split(kind)
        doubted = np.isin(np.char.partition(scored.sources, "#")[:, 0], sorted(FLAMES_MISSED)) & (
            scored.truth[:, 0] == 0
        )
        answer[name] = {
            **_headline(positive, negative),
            "whole_pictures": _headline(*scored.whole.split(kind)),
            **({"doubt_aside": _headline(*scored.only(~doubted).split(kind))} if kind == 0 else {}),
            "by_source": _by_source(scored, kind, negative),
        }
    return answer


def _headline(positive: Logits, negative: Logits) -> dict[str, object]:
    row: dict[str, object] = {"positives": len(positive), "negatives": len(negative)}
    row["auc"] = _with_interval(measure.auc, positive, negative)
    for rate in RATES:
        row[f"recall_at_{round(rate * 100)}pct_fp"] = _with_interval(_recall_at(rate), positive, negative)
        row[f"logit_at_{round(rate * 100)}pct_fp"] = round(measure.threshold(negative, rate), 3)
    return row


def _recall_at(rate: float) -> Callable[[Logits, Logits], float]:
    return lambda positive, negative: measure.recall(positive, negative, rate)


def _with_interval(figure: Callable[[Logits, Logits], float], positive: Logits, negative: Logits) -> dict[str, object]:
    low, high = measure.interval(figure, positive, negative)
    return {
        "value": round(figure(positive, negative), 4),
        "ci95": [round(low, 4), round(high, 4)],
    }


def _by_source(scored: Scored, kind: int, negative: Logits) -> dict[str, dict[str, object]]:
    """Per source: how many of each, AUC of its positives against all negatives, and shares above the bars and 0."""
    rows: dict[str, dict[str, object]] = {}
    bars = {round(rate * 100): measure.threshold(negative, rate) for rate in RATES}
    for source in sorted(set(scored.sources.tolist())):
        there, absent = scored.only(scored.sources == source).split(kind)
        row: dict[str, object] = {"positives": len(there), "negatives": len(absent)}
        if len(there):
            row["auc_against_all_negatives"] = round(measure.auc(there, negative), 4)
            row |= {f"recall_at_{rate}pct_fp": round(float((there > bar).mean()), 4) for rate, bar in bars.items()}
        if len(absent):
            row |= {
                f"false_positives_at_{rate}pct_bar": round(float((absent > bar).mean()), 4)
                for rate, bar in bars.items()
            }
            row["false_positives_at_logit_0"] = round(float((absent > 0).mean()), 4)
        rows[source] = row
    return rows


def clip_frames(path: Path, per_s: float = LOOKS_PER_S) -> tuple[list[float], list[Pixels]]:
    """Times in seconds and `fitted` frames of a clip, `per_s` a second."""
    stream = cv2.VideoCapture(str(path))
    rate = stream.get(cv2.CAP_PROP_FPS) or 12.5
    step, index = max(1, round(rate / per_s)), 0
    times: list[float] = []
    frames: list[Pixels] = []
    while True:
        there, frame = stream.read()
        if not there:
            return times, frames
        if index % step == 0:
            times.append(index / rate)
            frames.append(fitted(np.asarray(frame, np.uint8)))
        index += 1


def clip_rows(eye: Eye, folder: Path) -> list[dict[str, object]]:
    """One row per clip: probabilities of fire and smoke (from the picture logit) before and after the true start."""
    rows = []
    for truth_path in sorted(folder.glob("*.json")):
        if truth_path.name.endswith(".boxes.json"):
            continue
        truth = json.loads(truth_path.read_text())
        times, frames = clip_frames(folder / truth["file"])
        chance = 1 / (1 + np.exp(-eye.each(frames)))
        row: dict[str, object] = {
            "clip": truth["id"],
            "kind": truth["kind"],
            "alarm_expected": truth["alarm_expected"],
            "looks": len(frames),
        }
        for kind, name in enumerate(CLASSES):
            row[name] = _clip_class(np.array(times), chance[:, kind], truth[f"{name}_start_s"])
        rows.append(row)
    return rows


def _clip_class(times: Logits, chance: Logits, start_s: float | None) -> dict[str, object]:
    """Max, median and share above one half: of the whole clip, before the start and from it on (None: never starts)."""
    parts = {"all": np.full(len(times), True)}
    if start_s is not None:
        parts |= {"before": times < start_s, "after": times >= start_s}
    answer: dict[str, object] = {"start_s": start_s}
    for name, mask in parts.items():
        if mask.any():
            seen = chance[mask]
            answer[name] = {
                "max": round(float(seen.max()), 4),
                "median": round(float(np.median(seen)), 4),
                "share_over_half": round(float((seen > 0.5).mean()), 4),
            }
    return answer


def cost_ms(eyes: dict[str, Eye], rounds: int = 40) -> dict[str, dict[str, float]]:
    """Median CPU milliseconds (user and system) a look, by size and model; the models take turns."""
    rng = np.random.default_rng(0)
    answer: dict[str, dict[str, float]] = {}
    for wide, high in COST_SIZES:
        frame = rng.integers(0, 256, (1, high, wide, 3), dtype=np.uint8)
        spent: dict[str, list[float]] = {name: [] for name in eyes}
        for _ in range(rounds):
            for name, eye in eyes.items():
                began = resource.getrusage(resource.RUSAGE_SELF)
                eye.ask(frame)
                ended = resource.getrusage(resource.RUSAGE_SELF)
                spent[name].append(ended.ru_utime - began.ru_utime + ended.ru_stime - began.ru_stime)
        answer[f"{wide}x{high}"] = {name: round(float(np.median(s[5:])) * 1000, 2) for name, s in spent.items()}
    return answer
