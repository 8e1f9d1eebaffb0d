"""sizes: the smallest flame and smoke that a camera can see from where it hangs."""

import argparse
from collections.abc import Callable

from embereye_addon.detect.sizes import View, measured, smallest

NAMES = {"fire": "a flame", "smoke": "smoke"}


def command(words: list[str]) -> int:
    """Say it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon sizes", description=__doc__)
    parser.add_argument("--lens", type=_between(5.0, 170.0), required=True, help="angle of view across, degrees")
    parser.add_argument("--width", type=_between(160.0, 8192.0), default=640.0, help="of the stream, px (default 640)")
    parser.add_argument("--distance", type=_between(0.3, 500.0), required=True, help="to where it may burn, m")
    given = parser.parse_args(words)
    view = View(round(given.width), given.lens, given.distance)
    print(
        f"{view.width_px} px through {given.lens:g} degrees, {given.distance:g} m away: {view.px_per_m:.0f} px a metre"
    )
    for label, rows in measured().items():
        found = smallest(view, rows)
        print(
            f"  {NAMES[label]}: seen in nine of ten cases from {_metres(found.closer_mostly_m)} in a closer look, "
            f"{_metres(found.mostly_m)} in the whole picture; in every second case from {_metres(found.closer_may_m)} "
            f"and {_metres(found.may_m)} (n = {rows[0].n})"
        )
    return 0


def _metres(height_m: float | None) -> str:
    return "no size that was measured" if height_m is None else f"{height_m:.2f} m"


def _between(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least - 1.0
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least:g} to {most:g}")
        return value

    return number
