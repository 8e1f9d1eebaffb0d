"""Pictures of the demo's rendered stockroom for training: small fires seen by a camera, with exact boxes."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from embereye_addon.demo import scenes
from training.dataset import Picture, shrink

SOURCE = "rendered"
#: How many pictures of each scene a seed gives.
SHARES = {"quiet": 10, "flame": 14, "smoke": 14}
START_S = 20.0
KINDS = {"flame": 0, "smoke": 1}
#: Before this many seconds a wisp of smoke is too faint to be asked for or against.
FAINT_S = {"quiet": 0.0, "flame": 0.8, "smoke": 3.0}


def pictures(seeds: range) -> Iterator[Picture]:
    """`sum(SHARES.values())` pictures a seed, at random moments; some seconds of CPU a seed.

    Smoke is unknown in pictures of a flame (the flame smokes a little); fire is known in all.
    """
    for seed in seeds:
        rng = np.random.default_rng([seed, 77])
        for name, count in SHARES.items():
            for turn in range(count):
                since_s = FAINT_S[name] + 40.0 * rng.random() ** 1.5
                yield picture(name, START_S + since_s, seed, f"{name}_{seed:03d}_{turn:02d}")


def picture(name: str, at_s: float, seed: int, label: str) -> Picture:
    """One rendered frame with its boxes."""
    rows = [
        [KINDS[box.label], box.left, box.top, box.right, box.bottom] for box in scenes.boxes(name, at_s, seed, START_S)
    ]
    return Picture(
        name=label,
        source=SOURCE,
        pixels=shrink(scenes.render(name, at_s, seed, START_S)),
        boxes=np.array(rows, np.float32).reshape(-1, 5),
        known=(name != "flame" or bool(rows), name == "quiet"),
    )


def keep(folder: Path, seeds: range) -> None:
    """Renders into `folder` once: lossless pictures and .npy boxes, so that a second training need not wait."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in pictures(seeds):
        cv2.imwrite(str(folder / f"{each.name}.png"), each.pixels)
        np.save(folder / f"{each.name}.npy", each.boxes)


def kept(folder: Path) -> list[Picture]:
    """What `keep` wrote; an absent folder gives none."""
    found = []
    for path in sorted(folder.glob("*.png")):
        quiet = path.name.startswith("quiet")
        boxes = np.load(path.with_suffix(".npy"))
        known = (len(boxes) > 0 or not path.name.startswith("flame"), quiet)
        pixels = np.asarray(cv2.imread(str(path)), np.uint8)
        found.append(Picture(path.stem, SOURCE, pixels, boxes, known))
    return found
