"""`python -m training`: dataset folder in, calibrated OpenVINO model and card out.

Steps: render (demo frames), fit, choose (which weights of the run), loso (leave one source out), export. Without a name
all run in that order.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import cv2
import torch

from training import (
    card,
    choose,
    dataset,
    evaluate,
    export,
    loso,
    measure,
    plot,
    quantise,
    rendered,
    replayed,
    smallest,
    train,
)
from training.model import restore

REPOSITORY = Path(__file__).resolve().parents[1]
WEIGHTS = REPOSITORY / "embereye_addon" / "detect" / "weights"
PLOT = REPOSITORY / "docs" / "pictures" / "model-reliability.png"
STEPS = ("render", "fit", "choose", "loso", "export", "again", "replayed", "all")
RENDERED_SEEDS = range(2, 12)
TEST_SEEDS = range(101, 103)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("step", nargs="?", choices=STEPS, default="all")
    parser.add_argument("--dataset", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--run", type=Path, default=REPOSITORY / "build" / "training", help="checkpoints and log")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the model and its card go")
    parser.add_argument("--plot", type=Path, default=PLOT, help="where the reliability plot goes")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--views", type=int, default=4480, help="random views an epoch")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--minutes", type=float, default=50.0, help="no new epoch after this long")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sources", nargs="*", default=loso.SOURCES, help="which sources `loso` leaves out, in turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=Path, help="what `embereye_addon replay --json` wrote, for `replayed`")
    parser.add_argument("--note", default="One run from ImageNet weights.", help="what the card says of the run")
    return parser.parse_args()


def fit(asked: argparse.Namespace) -> None:
    """Trains into `asked.run`; a file start.pt there makes it a fine-tune."""
    asked.run.mkdir(parents=True, exist_ok=True)
    pictures, held = dataset.fold(dataset.load(asked.dataset, "train"))
    plan = train.Plan(
        epochs=asked.epochs,
        views=asked.views,
        rate=asked.rate,
        minutes=asked.minutes,
        threads=asked.threads,
        seed=asked.seed,
    )
    held = dataset.put_right([*held, *dataset.fire_free(held)], "train")
    train.fit([*pictures, *dataset.fire_free(pictures), *rendered.kept(asked.run / "rendered")], held, asked.run, plan)


def select(asked: argparse.Namespace) -> None:
    """Which weights of the run in `asked.run` are written out."""
    torch.set_num_threads(asked.threads)
    held = dataset.fold(dataset.load(asked.dataset, "train"))[1]
    choose.choose(asked.run, dataset.put_right([*held, *dataset.fire_free(held)], "train"))


def publish(asked: argparse.Namespace) -> None:
    """Calibrates on the held fold, exports in full precision and int8, measures both, writes the card."""
    torch.set_num_threads(asked.threads)
    model = restore(asked.run / "best.pt")
    pictures, held = dataset.fold(dataset.load(asked.dataset, "train"))
    export.write(model, measure.Calibration(), asked.run / "raw")
    calibration = evaluate.calibrate(evaluate.Eye(asked.run / "raw" / f"{export.STEM}.xml"), held)
    sha256 = export.write(model, calibration, asked.out) | quantise.write(
        asked.out, [*pictures, *dataset.fire_free(pictures)]
    )
    found = measured(asked, held)
    sha256 = {name: digest for name, digest in sha256.items() if (asked.out / name).exists()}
    card.write(card.build(sha256, calibration, trained(asked, pictures, held), found), asked.out)
    smallest.write(asked.out, dataset.load(asked.dataset, "val"))


def again(asked: argparse.Namespace) -> None:
    """Measures the files in `asked.out` as they are; the card keeps how they were made, and what the product reads."""
    held = dataset.fold(dataset.load(asked.dataset, "train"))[1]
    before = json.loads((asked.out / "card.json").read_text())
    kept = {name: before[name] for name in ("prior_logit", "score_histogram", "score_histogram_note")}
    card.write(before | measured(asked, held) | kept, asked.out)
    smallest.write(asked.out, dataset.load(asked.dataset, "val"))


def measured(asked: argparse.Namespace, held: list[dataset.Picture]) -> dict[str, object]:
    """All that is measured of the files in `asked.out`; an int8 file that does not answer as well is removed."""
    eyes = {
        name: evaluate.Eye(path)
        for name, stem in (("f32", export.STEM), ("int8", quantise.STEM))
        if (path := asked.out / f"{stem}.xml").exists()
    }
    crops, held = dataset.put_right(dataset.fire_free(held), "train"), dataset.put_right(held, "train")
    held_crops = [*held, *crops]
    judged = {name: evaluate.score(eye, held_crops) for name, eye in eyes.items()}
    int8 = quantise.compare(judged["f32"], judged["int8"]) if "int8" in eyes else {"kept": False}
    print("int8", json.dumps(int8), flush=True)
    if not int8["kept"]:
        quantise.drop(asked.out)
    shipped = "int8" if int8["kept"] else "f32"
    return {
        **val_figures(asked, eyes, shipped, evaluate.prior_logit(held)),
        "figures_held": evaluate.figures(judged[shipped]),
        "int8": int8,
        "loso": loso.rows(asked.run / "loso"),
        "rendered": rendered_figures(eyes[shipped], rendered.kept(asked.run / "rendered-test")),
        "prior_logit": dict(zip(dataset.CLASSES, evaluate.prior_logit(held), strict=True)),
        "score_histogram": evaluate.histograms(judged[shipped], eyes[shipped], held),
        "score_histogram_note": "picture logits of the held fold: whole and camera-like views together",
        "clips": evaluate.clip_rows(eyes[shipped], asked.dataset / "clips"),
        "cost_ms": {
            "by_size": evaluate.cost_ms(eyes),
            "note": "CPU time (user and system) of a look, one thread, median of 35 in turns, on an AMD EPYC (Zen 4)",
        },
    }


def trained(
    asked: argparse.Namespace, pictures: list[dataset.Picture], held: list[dataset.Picture]
) -> dict[str, object]:
    """How the run went, for the card."""
    log = [json.loads(line) for line in (asked.run / "log.jsonl").read_text().splitlines()]
    return {
        "on": "folder of labelled pictures (web photos, indoor tests, empty scenes) and rendered demo frames",
        "fit": card.counts([*pictures, *rendered.kept(asked.run / "rendered")]),
        "held": card.counts(held),
        "epochs": len(log),
        "views": sum(line.get("views", asked.views) for line in log),
        "minutes": round(sum(_ends(log))),
        "machine": log[-1].get("machine", train.machine()[1]),
        "note": asked.note,
        "crops": True,
        "parameters": sum(part.numel() for part in restore(asked.run / "best.pt").parameters()),
        "log": log,
    }


def val_figures(
    asked: argparse.Namespace, eyes: dict[str, evaluate.Eye], shipped: str, prior: tuple[float, float]
) -> dict[str, object]:
    """Everything that is measured on val, and the reliability plot."""
    val = dataset.load(asked.dataset, "val")
    crops = dataset.fire_free(val)
    scored, cells = evaluate.seen(eyes[shipped], [*val, *crops])
    full = scored if shipped == "f32" else evaluate.score(eyes["f32"], [*val, *crops])
    chance = {name: measure.reliability(*scored.split(kind)) for kind, name in enumerate(dataset.CLASSES)}
    plot.reliability(chance, asked.plot)
    right = replace(scored, truth=evaluate.truths(dataset.put_right([*val, *crops], "val")))
    return {
        "figures": evaluate.figures(scored),
        "figures_put_right": evaluate.figures(right),
        "figures_f32": evaluate.figures(full),
        "boxes": evaluate.box_figures(val, scored, cells, prior),
        "reliability": chance,
    }


def _ends(log: list[dict[str, float]]) -> list[float]:
    """Minutes at the end of each run in a log that holds several (a fine-tune starts again from epoch 0)."""
    later = [*log[1:], {"epoch": 0}]
    return [line["minutes"] for line, after in zip(log, later, strict=True) if after["epoch"] == 0]


def rendered_figures(eye: evaluate.Eye, pictures: list[dataset.Picture]) -> dict[str, dict[str, float]]:
    """Probabilities on rendered scenes of seeds that were not trained on: median and extremes by scene."""
    answer: dict[str, dict[str, float]] = {}
    for name in rendered.SHARES:
        mine = [p for p in pictures if p.name.startswith(name)]
        if mine:
            chance = measure.chances(evaluate.score(eye, mine).logits)
            for kind, label in enumerate(dataset.CLASSES):
                low, middle, high = (float(v) for v in measure.spread(chance[:, kind]))
                answer[f"{name}: {label}"] = {
                    "pictures": len(mine),
                    "p10": low,
                    "median": middle,
                    "p90": high,
                }
    return answer


def main() -> None:
    """Runs the asked step, or all."""
    asked = arguments()
    cv2.setNumThreads(1)
    if asked.step in ("render", "all"):
        rendered.keep(asked.run / "rendered", RENDERED_SEEDS)
        rendered.keep(asked.run / "rendered-test", TEST_SEEDS)
    if asked.step in ("fit", "all"):
        fit(asked)
    if asked.step in ("choose", "all"):
        select(asked)
    if asked.step in ("loso", "all"):
        loso.run(asked.dataset, asked.run / "loso", asked.sources)
    if asked.step in ("export", "all"):
        publish(asked)
    if asked.step == "replayed":
        made = json.loads((asked.out / "card.json").read_text())
        card.write({**made, "replayed": replayed.rows(asked.lines, asked.dataset / "clips")}, asked.out)
    if asked.step == "again":
        again(asked)


if __name__ == "__main__":
    main()
