"""The model card, as people read it."""

import json
from pathlib import Path

import numpy as np
import pytest

from training import card, evaluate, measure
from training.dataset import CLASSES, Picture

CLIP = {"max": 0.9, "median": 0.2, "share_over_half": 0.1}


def scored() -> evaluate.Scored:
    """Some pictures of two sources, and crops of one."""
    rng = np.random.default_rng(0)
    truth = np.array([[1, 1], [1, np.nan], [0, 0], [0, 0], [0, 1]] * 8)
    sources = np.array(["web", "liuzifan", "fog", "web#free", "liuzifan"] * 8)
    return evaluate.Scored(sources, rng.normal(0, 2, truth.shape), truth)


def found(*, kept: bool) -> dict[str, object]:
    """What `export` measures, from made-up scores."""
    some = scored()
    pixels, one = np.zeros((40, 40, 3), np.uint8), np.array([[0, 0.1, 0.1, 0.6, 0.6], [1, 0, 0, 1, 1]], np.float32)
    pictures = [Picture("a", "web", pixels, one, (True, True)), Picture("b", "fog", pixels, one[:0], (True, True))]
    cells = np.full((2, 4, 4), 3.0)
    apart = {"f32": 0.99, "int8": 0.98}
    row = {"auc": apart, "recall_at_5pct_fp": apart, "logit_difference": {"median": 0.1, "p95": 0.3}}
    left = {"recall_at_5pct_fp": 0.9, "positives": 9, "ci95": [0.8, 1.0], "auc": 0.97, "own_crops": 0}
    return {
        "figures": evaluate.figures(some),
        "figures_f32": evaluate.figures(some),
        "figures_put_right": evaluate.figures(some),
        "boxes": evaluate.box_figures(pictures * 20, some, [cells] * 40, (-9.0, -9.0)),
        "reliability": {name: measure.reliability(*some.split(kind)) for kind, name in enumerate(CLASSES)},
        "int8": {"kept": kept, "auc_margin": 0.003, "recall_margin": 0.01, "fire": row, "smoke": row},
        "loso": [{"source": "web", "setting": "short", "fire": left | {"own_crops_above_bar": None}}] if kept else [],
        "clips": [{"clip": "c", "kind": "fire", "fire": {"all": CLIP, "before": CLIP}, "smoke": {"all": CLIP}}],
        "cost_ms": {"by_size": {"384x288": {"f32": 20.0, "int8": 9.0}}, "note": "made up"},
    }


@pytest.mark.parametrize("kept", [True, False])
def test_the_card_says_what_was_measured(kept: bool, tmp_path: Path) -> None:
    """Whoever installs the model can read its figures, source by source, and what was not run."""
    trained = {
        "fit": {"pictures": 9, "with_fire": 3, "with_smoke": 2, "empty": 4},
        "held": {"pictures": 2},
        "epochs": 1,
        "views": 100,
        "machine": "2-core CPU",
        "minutes": 5,
        "note": "A run.",
        "parameters": 1450000,
        "log": [{"epoch": 0, "cpu_minutes": 3.0}],
    }
    made = card.build({"fire_smoke.xml": "0"}, measure.Calibration(), trained, found(kept=kept))
    card.write(made, tmp_path)
    assert json.loads((tmp_path / "card.json").read_text())["calibration"]["cell_temperature"] == [1.0, 1.0]
    text = (tmp_path / "MODEL_CARD.md").read_text()
    for words in ("1,450,000 parameters", "| web#free |", "AP50", "(3 of CPU time)", "| 384x288 | 20.0 | 9.0 |"):
        assert words in text
    assert ("Mean fire recall over these 1: 0.900" in text) is kept
    assert ("Not run for this model." in text) is not kept
    assert ("is not shipped" in text) is not kept
    assert "nan" not in text


def test_the_plot_is_a_small_picture(tmp_path: Path) -> None:
    """It is shown in the documentation and shipped with the source."""
    from training import plot

    some = scored()
    rows = {name: measure.reliability(*some.split(kind)) for kind, name in enumerate(CLASSES)}
    plot.reliability(rows, tmp_path / "plot.png")
    assert 1000 < (tmp_path / "plot.png").stat().st_size < 60_000
