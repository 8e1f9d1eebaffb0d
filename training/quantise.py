"""The int8 model: NNCF post-training quantisation, kept only where it answers as well as the full one."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov

from training import augment, evaluate, measure
from training.dataset import CLASSES, Picture

STEM = "fire_smoke_int8"
#: Parts of the network by name that are quantised: not the first layers, whose rounding all others inherit.
BODY = (*(f"model.blocks.{index}." for index in range(1, 11)), "model.deep")
#: Looks that set the ranges of the activations.
SAMPLES = 300
#: How much worse than the full model the int8 one may be on the held fold.
AUC_MARGIN, RECALL_MARGIN = 0.003, 0.015


def write(folder: Path, pictures: Sequence[Picture], samples: int = SAMPLES, seed: int = 9) -> dict[str, str]:
    """Writes fire_smoke_int8.xml and .bin beside fire_smoke.xml; returns their SHA-256 by file name.

    `pictures` (of the fit, with crops) give the ranges: as the product feeds them, and degraded as cameras give them.
    """
    import nncf

    rng = np.random.default_rng(seed)
    full = ov.Core().read_model(folder / "fire_smoke.xml")
    chosen = rng.choice(len(pictures), min(samples, len(pictures)), replace=False)
    looks = [evaluate.shown(pictures[i]) for i in chosen]
    rough = [augment.degrade(look, rng) if turn % 3 == 0 else look for turn, look in enumerate(looks)]
    made = nncf.quantize(
        full,
        nncf.Dataset([look[None] for look in rough]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(rough),
        fast_bias_correction=True,
        ignored_scope=nncf.IgnoredScope(names=tail(full), validate=False),
    )
    ov.save_model(made, folder / f"{STEM}.xml", compress_to_fp16=True)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (f"{STEM}.xml", f"{STEM}.bin")}


def tail(model: ov.Model) -> list[str]:
    """Names of everything behind the body: heads, pooling and calibration stay in full precision.

    Quantised, the sums of the pooling gave picture logits that were 2 off (OpenVINO 2026.4), the cells' being right.
    """
    named = [(node.get_friendly_name(), node.get_type_name()) for node in model.get_ordered_ops()]
    plain = ("Parameter", "Result", "Constant", "Convert")
    return [name for name, kind in named if kind not in plain and not any(part in name for part in BODY)]


def compare(full: evaluate.Scored, small: evaluate.Scored) -> dict[str, object]:
    """How far the int8 model stays behind the full one, and whether that is within the margins: `kept`."""
    found: dict[str, object] = {"auc_margin": AUC_MARGIN, "recall_margin": RECALL_MARGIN}
    kept = True
    for kind, name in enumerate(CLASSES):
        before, after = full.split(kind), small.split(kind)
        row = {}
        for label, figure in (("auc", measure.auc), ("recall_at_5pct_fp", lambda p, n: measure.recall(p, n, 0.05))):
            row[label] = {"f32": round(figure(*before), 4), "int8": round(figure(*after), 4)}
        apart = np.abs(full.logits[:, kind] - small.logits[:, kind])
        row["logit_difference"] = {
            "median": round(float(np.median(apart)), 3),
            "p95": round(float(np.quantile(apart, 0.95)), 3),
        }
        kept &= row["auc"]["f32"] - row["auc"]["int8"] <= AUC_MARGIN
        kept &= row["recall_at_5pct_fp"]["f32"] - row["recall_at_5pct_fp"]["int8"] <= RECALL_MARGIN
        found[name] = row
    return found | {"kept": bool(kept)}


def drop(folder: Path) -> None:
    """Removes the int8 model: the full one is shipped alone."""
    for end in ("xml", "bin"):
        (folder / f"{STEM}.{end}").unlink(missing_ok=True)
