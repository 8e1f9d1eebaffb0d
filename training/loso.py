"""Leave one source out: train without a source, test on it. The honest guess at a stranger's building.

A full training for every source is dear, so this one is short: `PLAN`, small views, ImageNet weights, no rendered
frames, tested at `LOOK_PX`. It is a lower bound for what the shipped model's recipe would do.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from training import dataset, evaluate, measure, train
from training.dataset import CLASSES, Picture
from training.model import restore

SOURCES = ("firenet", "navidrf", "liuzifan", "sinchana", "kagfire", "xiapinquan")
PLAN = train.Plan(epochs=1, views=8000, rate=1e-3, sizes=((160, 128), (192, 144)), threads=1, minutes=600.0)
LOOK_PX = (256, 192)
SETTING = (
    f"{PLAN.epochs * PLAN.views} views of {PLAN.sizes[0][0]}x{PLAN.sizes[0][1]} to {PLAN.sizes[-1][0]}x"
    f"{PLAN.sizes[-1][1]} from ImageNet weights, no rendered frames, tested at {LOOK_PX[0]}x{LOOK_PX[1]}"
)


def run(folder: Path, out: Path, sources: Sequence[str]) -> list[dict[str, object]]:
    """Trains without each source in turn; writes `out`/SOURCE.json as it goes and returns every row there is."""
    pictures, val = dataset.load(folder, "train"), dataset.load(folder, "val")
    out.mkdir(parents=True, exist_ok=True)
    for source in sources:
        fit_on = [p for p in pictures if p.source != source]
        rest = out / source
        rest.mkdir(exist_ok=True)
        best = train.fit([*fit_on, *dataset.fire_free(fit_on)], [], rest, PLAN)
        tested = [p for p in [*pictures, *val] if p.source == source]
        others = [p for p in val if p.source != source]
        row = judge(best, source, tested, [*others, *dataset.fire_free(others)])
        (out / f"{source}.json").write_text(json.dumps(row, indent=1) + "\n")
        print(row, flush=True)
    return rows(out)


def judge(weights: Path, source: str, tested: Sequence[Picture], others: Sequence[Picture]) -> dict[str, object]:
    """Recall on the left-out source at the bar that 5 % of the negatives of all other sources (on val) exceed."""
    model = restore(weights)
    crops = dataset.fire_free(tested)
    mine = {"positive": tested, "other": others, "crop": crops}
    logits = {name: train.looks(model, group, LOOK_PX) for name, group in mine.items()}
    truth = {name: evaluate.truths(group) for name, group in mine.items()}
    row: dict[str, object] = {"source": source, "setting": SETTING}
    for kind, name in enumerate(CLASSES):
        positive = logits["positive"][truth["positive"][:, kind] == 1, kind]
        negative = logits["other"][truth["other"][:, kind] == 0, kind]
        crop = logits["crop"][truth["crop"][:, kind] == 0, kind]
        if len(positive) == 0:
            continue
        low, high = measure.interval(lambda p, n: measure.recall(p, n, 0.05), positive, negative)
        bar = measure.threshold(negative, 0.05)
        row[name] = {
            "positives": len(positive),
            "negatives": len(negative),
            "recall_at_5pct_fp": round(measure.recall(positive, negative, 0.05), 4),
            "ci95": [round(low, 4), round(high, 4)],
            "auc": round(measure.auc(positive, negative), 4),
            "own_crops": len(crop),
            "own_crops_above_bar": round(float((crop > bar).mean()), 4) if len(crop) else None,
        }
    return row


def rows(out: Path) -> list[dict[str, object]]:
    """What earlier runs found, one row per source that was left out."""
    return [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
