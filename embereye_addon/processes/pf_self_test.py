"""The PF gateway's self-test: reference frames of a real array through the very path that judges every device's heat.

A recorded empty room must give no sign of fire, and the same room with a hot body painted into the raw words must meet
the rule of fixed temperature. What a device adds of its own, its calibration and its link, is watched frame by frame.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from embereye_addon.errors import EmberEyeError
from embereye_addon.fuse import thermal
from embereye_addon.messages import Rule
from embereye_addon.processes.child import Child
from embereye_addon.sources.pf import vectors
from embereye_addon.sources.pf.eeprom import calibrate
from embereye_addon.sources.pf.mlx90640 import Calibration
from embereye_addon.sources.pf.pixels import PixelWatch
from embereye_addon.sources.pf.plausibility import Plausibility

_log = logging.getLogger(__name__)

SELF_TEST_S: Final = 3600.0
AGAIN_S: Final = 10.0
"""A self-test that failed is repeated so soon, so that the fault ends with its cause."""
FRAMES: Final = 3
"""The rule asks for two full frames in a row."""
HOT_COUNTS: Final = 2600
"""Above the room's: some 150 °C in the middle of this array."""
HOT: Final = (slice(11, 14), slice(15, 18))


def told_apart(folder: Path = vectors.FOLDER) -> str:
    """Whether the references are judged as they must be: an empty text, or what went wrong."""
    words = vectors.frames(folder).get(vectors.QUIET)
    calibration = calibrate(vectors.eeprom(folder))
    if words is None or isinstance(calibration, str):
        return f"the reference in {folder} is damaged; install EmberEye again"
    hot = words.copy()
    hot[:768].view(np.int16).reshape(24, 32)[HOT] += np.int16(HOT_COUNTS)
    quiet_why, quiet = _judged(calibration, words)
    hot_why, burning = _judged(calibration, hot)
    if quiet_why or hot_why:
        return quiet_why or hot_why
    if quiet:
        return f"the reference of an empty room is told as a fire by {', '.join(sorted(quiet))}"
    if Rule.FIXED_TEMPERATURE not in burning:
        return "the reference with a hot body does not meet the rule of fixed temperature"
    return ""


def _judged(calibration: Calibration, words: NDArray[np.uint16]) -> tuple[str, frozenset[Rule]]:
    """Why the frame cannot be judged, or the hard rules that it meets when it comes again and again."""
    plausibility, pixels, heat = Plausibility(), PixelWatch(), thermal.Heat()
    for step in range(FRAMES):
        judged = plausibility.judge(calibration, words, 0.95, None)
        if judged.conversion is None:
            return f"the reference frames cannot be turned into temperatures: {judged.why}", frozenset()
        pixels.take(words, judged.conversion)
        shown = pixels.hide(judged.conversion)
        heat, _ = thermal.look(heat, shown.to_c, shown.replaced, "self-test", thermal.Limits(), float(step))
    return "", heat.rules


async def watch(child: Child, folder: Path = vectors.FOLDER) -> None:
    """Test at the start and every hour; one that failed stands as a fault and is repeated until it passes."""
    while True:
        why = await asyncio.to_thread(_tested, folder)
        if why:
            if "thermal_self_test" not in child.faults:
                _log.error("the self-test of thermal judging failed: %s", why)
            child.faults["thermal_self_test"] = why[:400]
        else:
            child.faults.pop("thermal_self_test", None)
        await asyncio.sleep(AGAIN_S if why else SELF_TEST_S)


def _tested(folder: Path) -> str:
    try:
        return told_apart(folder)
    except EmberEyeError as err:
        return str(err)
    except Exception as err:  # noqa: BLE001 - whatever breaks the judging of heat is what this test is for
        return f"judging the reference frames failed ({type(err).__name__})"
