"""models: detectors of one's own: added, judged by recordings, tried in shadow, promoted, and undone."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from embereye_addon.detect.loading import load
from embereye_addon.detect.model import Looker
from embereye_addon.detect.models import SHIPPED, Gate, Models
from embereye_addon.errors import ModelError
from embereye_addon.messages import ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes.folder import Folder
from embereye_addon.tools.curves import Pace
from embereye_addon.tools.replay import Played, Wanted, paced, play

DESCRIPTION = """Use a detector of your own: any OpenVINO IR or ONNX network with a card.json (DOCS section 3).

  models list                            what is there, what is live, what looks on
  models add FOLDER                      check a network and its card, and keep a copy
  models gate NAME --fire CLIP... --quiet CLIP...
                                         play recordings with it and with the live one; it passes when it raises the
                                         alarm in every fire in which the live one does, and in no quiet clip more
  models shadow NAME | models shadow off look on beside the live one, counted in the metrics, without a say
  models promote NAME                    make it the live one; only after its gate was passed
  models rollback                        back to the one before
  models remove NAME
"""
NAMES = {SHIPPED: "the shipped model"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one model did on the recordings: fires with an alarm, and quiet clips with one."""

    found: frozenset[str]
    false: frozenset[str]


Told = Callable[[Path], Pace]


def _unheard(_path: Path) -> Pace:
    return Pace(lambda _played_s: None)


def judged(model: Looker, fires: Sequence[Path], quiet: Sequence[Path], begin: Told = _unheard) -> Verdict:
    """Play all recordings with one model, each told to `begin`, which says how it hears of its progress.

    `EmberEyeError` when one cannot be played.
    """

    def alarms(path: Path) -> bool:
        wanted = Wanted((path,), json=False, site=None, camera="", out=None, device="CPU")
        played = Played(path, pace=begin(path))
        return any(change.now is ZoneState.ALARM for change in play(played, wanted, model))

    return Verdict(*(frozenset(str(path) for path in clips if alarms(path)) for clips in (fires, quiet)))


def compared(new: Verdict, live: Verdict, fires: int, quiet: int, beside: str) -> Gate:
    """The gate's verdict: no fire missed that the live model finds, no false alarm that it does not raise."""
    missed, more = live.found - new.found, new.false - live.false
    found = f"{len(new.found)} of {fires} fires (live: {len(live.found)})"
    words = f"{found}, alarms in {len(new.false)} of {quiet} quiet clips (live: {len(live.false)})"
    if missed or more:
        words += f"; missed: {', '.join(sorted(missed)) or 'none'}; false: {', '.join(sorted(more)) or 'none'}"
    return Gate(passed=not (missed or more), at=utc_s(), beside=beside, words=words[:2000])


def command(words: list[str]) -> int:
    """Do what is asked; gives the exit code. What is wrong is raised in words."""
    given = _arguments(words)
    folder = Folder((given.folder or Path(os.environ.get("EMBEREYE_FOLDER", "data"))).resolve())
    models = Models(folder.models)
    match given.action:
        case "list":
            _list(models)
        case "add":
            _add(models, given.source)
        case "gate":
            return _gate(models, given)
        case "shadow":
            models.shade(None if given.name == "off" else given.name)
        case "promote":
            models.promote(given.name)
            print(f"{given.name} is live as soon as running detectors have restarted, within seconds")
        case "rollback":
            name = models.rollback()
            print(f"{NAMES.get(name, name)} is live as soon as running detectors have restarted, within seconds")
        case _:
            models.remove(given.name)
    return 0


def _list(models: Models) -> None:
    state = models.state()
    for name in (SHIPPED, *models.listed()):
        marks = [word for word, which in (("live", state.live), ("shadow", state.shadow)) if which == name]
        gate = state.gates.get(name)
        if gate is not None:
            marks.append(f"gate {'passed' if gate.passed else 'failed'}: {gate.words}")
        print(f"{NAMES.get(name, name)}{': ' if marks else ''}{'; '.join(marks)}")


def _add(models: Models, source: Path) -> None:
    name = models.add(source)
    try:
        said = load(models, name, "CPU").self_test()
    except ModelError:
        models.remove(name)
        raise
    print(f"{name} was added: {said or 'it tells the reference pictures of fire and no fire apart'}")


def _gate(models: Models, given: argparse.Namespace) -> int:
    name, fires, quiet = given.name, given.fire, given.quiet
    if not fires or not quiet:
        raise ModelError("a gate needs recordings of both: --fire CLIP... and --quiet CLIP...")
    done, of = 0, 2 * (len(fires) + len(quiet))

    def begin(path: Path) -> Pace:
        nonlocal done
        done += 1
        if not given.json:
            return _unheard(path)
        print(msgspec.json.encode({"recording": path.name, "done": done - 1, "of": of}).decode(), flush=True)
        return paced(path)

    beside = models.state().live
    live = judged(load(models, beside, "CPU"), fires, quiet, begin)
    new = judged(load(models, name, "CPU"), fires, quiet, begin)
    gate = compared(new, live, len(fires), len(quiet), beside)
    models.judged(name, gate)
    said = f"{name}: {'passed' if gate.passed else 'failed'}: {gate.words}"
    print(msgspec.json.encode(gate).decode() if given.json else said)
    return 0 if gate.passed else 1


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon models",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=None, help="the node's data folder (default: ./data)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name in ("list", "rollback"):
        actions.add_parser(name)
    actions.add_parser("add").add_argument("source", type=Path, metavar="FOLDER")
    for name in ("shadow", "promote", "remove", "gate"):
        actions.add_parser(name).add_argument("name", metavar="NAME")
    gate = actions.choices["gate"]
    gate.add_argument("--json", action="store_true", help="lines of JSON: how far it is, then the verdict")
    gate.add_argument("--fire", type=Path, nargs="+", default=[], metavar="CLIP")
    gate.add_argument("--quiet", type=Path, nargs="+", default=[], metavar="CLIP")
    return parser.parse_args(words)
