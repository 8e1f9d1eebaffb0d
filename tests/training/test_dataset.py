"""Reading the dataset folder."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import dataset

HEADER = "split,image,source,has_fire,has_smoke,fire_labelled,smoke_labelled,width,height\n"


def folder(root: Path, rows: str, labels: dict[str, str]) -> Path:
    """A dataset of plain pictures with the given manifest rows and label texts."""
    (root / "train" / "images").mkdir(parents=True)
    (root / "train" / "labels").mkdir()
    (root / "manifest.csv").write_text(HEADER + rows)
    for index, (name, text) in enumerate(labels.items()):
        pixels = np.random.default_rng(index).integers(0, 256, (60, 80, 3), dtype=np.uint8)
        cv2.imwrite(str(root / "train" / "images" / f"{name}.png"), pixels)
        (root / "train" / "labels" / f"{name}.txt").write_text(text)
    return root


def test_an_unlabelled_class_is_unknown_and_not_absent(tmp_path: Path) -> None:
    """Learning "no smoke" from pictures nobody labelled for smoke would teach the model to miss it."""
    root = folder(tmp_path, "train,a.png,web,1,0,1,0,80,60\n", {"a": "0 0.5 0.5 0.5 0.5\n"})
    picture = dataset.load(root, "train")[0]
    assert picture.truth(0) == 1.0
    assert picture.truth(1) is None
    assert not picture.empty
    assert np.allclose(picture.boxes, [[0, 0.25, 0.25, 0.75, 0.75]])


def test_a_broken_picture_stops_the_training(tmp_path: Path) -> None:
    """A dataset that lost its pictures must not train quietly on what is left."""
    root = folder(tmp_path, "train,gone.png,web,0,0,1,1,80,60\n", {})
    with pytest.raises(ValueError, match=r"gone\.png"):
        dataset.load(root, "train")


@given(st.text())
def test_any_label_text_gives_boxes_inside_the_picture(text: str) -> None:
    """A stray line in a label file neither raises nor gives a box outside the picture."""
    boxes = dataset.read_boxes(text)
    assert boxes.shape[1] == 5
    assert ((boxes[:, 1:] >= 0) & (boxes[:, 1:] <= 1)).all()


def test_a_fire_free_crop_has_no_fire() -> None:
    """Negatives cut from a picture of fire must not show it, or fire is taught to be no fire."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        left, top = rng.uniform(0, 0.6, 2)
        pixels = np.zeros((300, 400, 3), np.uint8)
        pixels[int(top * 300) : int((top + 0.3) * 300), int(left * 400) : int((left + 0.3) * 400)] = 255
        boxes = np.array([[0, left, top, left + 0.3, top + 0.3]], np.float32)
        pictures = [dataset.Picture("a", source, pixels, boxes, (True, False)) for source in ("web", "kagfire")]
        for crop in dataset.fire_free(pictures):
            assert crop.crop
            assert crop.source == "web", "loose boxes say nothing of what is outside"
            assert crop.pixels.max() == 0
            assert min(crop.pixels.shape[:2]) >= dataset.CROP_PX
            assert (crop.truth(0), crop.truth(1)) == (0.0, None)
    everywhere = np.array([[0, 0, 0, 1, 1]], np.float32)
    assert (
        dataset.fire_free([dataset.Picture("b", "web", np.zeros((300, 400, 3), np.uint8), everywhere, (True, False))])
        == []
    )


def test_near_copies_stay_on_one_side_of_the_fold() -> None:
    """Held-out figures that contain training scenes would promise too much."""
    rng = np.random.default_rng(1)
    pictures = []
    for index in range(60):
        pixels = cv2.resize(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8), (90, 90), interpolation=cv2.INTER_CUBIC)
        brighter = np.clip(pixels.astype(np.int16) + 4, 0, 255).astype(np.uint8)
        for copy, shown in enumerate((pixels, brighter)):
            boxes = np.zeros((0, 5), np.float32)
            pictures.append(dataset.Picture(f"{index}-{copy}", "web", np.asarray(shown, np.uint8), boxes, (True, True)))
    fit, held = dataset.fold(pictures)
    assert len(fit) + len(held) == 120
    assert held
    assert {p.name.split("-")[0] for p in fit}.isdisjoint(p.name.split("-")[0] for p in held)


def test_a_picture_seen_by_eye_to_show_fire_is_no_negative(tmp_path: Path) -> None:
    """A bar set by negatives that do burn would call every model blind."""
    corrections = tmp_path / "seen.csv"
    corrections.write_text("split,picture,class\nval,a.png,fire\nval,b.png#free,smoke\ntrain,b.png,fire\n")
    nothing = np.zeros((0, 5), np.float32)
    some = [
        dataset.Picture(name, "web", np.zeros((60, 80, 3), np.uint8), nothing, (True, True))
        for name in ("a.png", "b.png", "b.png#free")
    ]
    found = dataset.put_right(some, "val", corrections)
    assert [each.known for each in found] == [(False, True), (True, True), (True, False)]


def test_the_kept_corrections_name_known_classes() -> None:
    """A slip in the list would leave a mistake in the figures unseen."""
    rows = dataset.MISLABELLED.read_text().split()
    assert rows[0] == "split,picture,class"
    assert len(set(rows)) == len(rows)
    assert all(row.endswith((",fire", ",smoke")) for row in rows[1:])
