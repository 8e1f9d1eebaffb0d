"""`python -m training.heat`: simulated thermal scenes in, the weights of heat evidence and their report out.

Steps: simulate (both sets of scenes, the long part; what is there already is kept), fit (the weights, from the first
set), report (from the second). Without a name all three run in that order. It needs nothing but the product's own
packages.
"""

import argparse
import importlib
from pathlib import Path

from embereye_addon.fuse import heat_table
from training import heat_fit, heat_looks, heat_report

REPOSITORY = Path(__file__).resolve().parents[1]
TABLE = REPOSITORY / "embereye_addon" / "fuse" / "heat_table.py"
PAGE = REPOSITORY / "docs" / "thermal-scenarios.md"
PICTURE = REPOSITORY / "docs" / "pictures" / "heat-reliability.svg"
BEGIN, END = "<!-- python -m training.heat writes from here -->\n", "<!-- to here -->\n"
HELD_FROM = 60000
"""The second set's first seed; the first set's is 0."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.heat", description=__doc__)
    parser.add_argument("step", nargs="?", choices=("simulate", "fit", "report", "all"), default="all")
    parser.add_argument("--scenes", type=int, default=240, help="scenes of each set; half of them burn")
    parser.add_argument(
        "--looks", type=Path, default=REPOSITORY / "build" / "heat", help="where simulated looks are kept"
    )
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    asked = arguments()
    sets = (range(asked.scenes), range(HELD_FROM, HELD_FROM + asked.scenes))
    if asked.step in ("simulate", "all"):
        for seeds in sets:
            heat_looks.simulate(seeds, asked.looks)
    if asked.step == "simulate":
        return
    first = list(heat_looks.load(sets[0], asked.looks))
    if asked.step in ("fit", "all"):
        usual, raised = (heat_fit.rows(heat_fit.of_zones(first, raised=raised)) for raised in (False, True))
        text = heat_fit.module(heat_fit.fit(usual), heat_fit.fit(raised), (usual.scenes, raised.scenes))
        TABLE.write_text(text, encoding="utf-8")
        print(text)
        importlib.reload(heat_table)
    if asked.step in ("report", "all"):
        held = list(heat_looks.load(sets[1], asked.looks))
        rows = heat_fit.rows(held)
        text = heat_report.section(len(first), rows, heat_report.cases(held))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2], encoding="utf-8")
        PICTURE.write_text(heat_report.plot(heat_report.reliability(rows)), encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
