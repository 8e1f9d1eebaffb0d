"""Leaving one source out; needs the training requirements."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is a training requirement only")
pytest.importorskip("efficientnet_lite_pytorch", reason="a training requirement only")


def test_a_row_counts_only_what_is_known(tmp_path: Path) -> None:
    """The recall on a stranger's pictures is of pictures with fire, at a bar set without that stranger."""
    from training import loso
    from training.dataset import Picture
    from training.model import FireSmoke

    torch.manual_seed(0)
    torch.save({"model": FireSmoke(pretrained=False).state_dict()}, tmp_path / "best.pt")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 200, 200, 3), dtype=np.uint8)
    fire, none = np.array([[0, 0, 0, 0.3, 0.3]], np.float32), np.zeros((0, 5), np.float32)
    tested = [Picture(str(i), "far", each, fire, (True, False)) for i, each in enumerate(pixels[:3])]
    others = [Picture(str(i), "near", each, none, (True, True)) for i, each in enumerate(pixels[3:])]
    row = loso.judge(tmp_path / "best.pt", "far", tested, others)
    assert "smoke" not in row, "nobody labelled smoke there"
    found = row["fire"]
    assert isinstance(found, dict)
    assert (found["positives"], found["negatives"], found["own_crops"]) == (3, 5, 3)
    assert 0 <= found["recall_at_5pct_fp"] <= 1
    (tmp_path / "far.json").write_text(json.dumps(row))
    assert [each["source"] for each in loso.rows(tmp_path)] == ["far"]
