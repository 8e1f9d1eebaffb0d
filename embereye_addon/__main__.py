"""python -m embereye_addon: the supervisor, one process by its name, or the demo."""

import argparse
import asyncio
import contextlib
import importlib
import os
import sys
from pathlib import Path

from embereye_addon import __version__
from embereye_addon.errors import EmberEyeError
from embereye_addon.observe import log
from embereye_addon.processes import addon, child
from embereye_addon.processes.addon import data_folder
from embereye_addon.processes.folder import Folder
from embereye_addon.processes.supervisor import Supervisor, supervise
from embereye_addon.settings import store
from embereye_addon.topology import PROCESSES

ABOUT = f"""EmberEye {__version__}: fire detection from cameras, thermal arrays and gas inputs, fused per zone.
It supplements certified fire detection and does not replace it.

  python -m embereye_addon demo              a demo site with a staged fire: nothing to configure
  python -m embereye_addon --site site.yaml  your own site (docs: DOCS.md); make run SITE=site.yaml is the same
  python -m embereye_addon --site site.yaml --check   read the settings, say what is wrong, start nothing
  python -m embereye_addon journal --help    check the event log's hash chain, or write it as CSV or JSON lines
  python -m embereye_addon soak --help       a measured load on this machine
  python -m embereye_addon bench-pf --help   many PF devices at full rate, a burst, and strangers
  python -m embereye_addon bench-vision --help   many cameras, beside what one would write first
  python -m embereye_addon bench-faults --help   every fault by its real cause, and how late it is told
  python -m embereye_addon detect --help     what the model says of picture files
  python -m embereye_addon replay --help     recordings through the whole path, to the alarm
  python -m embereye_addon models --help     detectors of your own: add, judge, try in shadow, promote, go back
  python -m embereye_addon sizes --help      the smallest flame and smoke that a camera can see
  python -m embereye_addon camera-test --help  what one camera's stream sends, and what to change there
  python -m embereye_addon adapters --help   other NVRs that are told: list them, or send a test event
  python -m embereye_addon record --help     what all sources say from now on, for replay
  python -m embereye_addon dashboard --site site.yaml   a dashboard for Home Assistant, of your zones and cameras
  python -m embereye_addon pf-decode --help  frames of a PF device become temperatures in a file
  python -m embereye_addon pf-sim --help     simulated PF devices that dial any gateway
  python -m embereye_addon pf-replay --help  a captured PF device speaks again to a running gateway
  python -m embereye_addon PROCESS [INDEX]   one process by hand, beside a running supervisor:
                                             {", ".join(process.name for process in PROCESSES)}
"""
APART = {
    "demo": "embereye_addon.demo.demo",
    "soak": "embereye_addon.demo.soak",
    "bench-pf": "embereye_addon.demo.bench_pf",
    "bench-vision": "embereye_addon.demo.bench_vision",
    "bench-faults": "embereye_addon.demo.bench_faults",
    "detect": "embereye_addon.tools.detect",
    "replay": "embereye_addon.tools.replay",
    "journal": "embereye_addon.tools.journal",
    "models": "embereye_addon.tools.models",
    "sizes": "embereye_addon.tools.sizes",
    "camera-test": "embereye_addon.tools.camera_test",
    "adapters": "embereye_addon.tools.adapters",
    "record": "embereye_addon.tools.record",
    "dashboard": "embereye_addon.tools.dashboard",
    "pf-decode": "embereye_addon.tools.pf_decode",
    "pf-sim": "embereye_addon.tools.pf_sim",
    "pf-replay": "embereye_addon.tools.pf_replay",
}
"""Commands with a command line of their own, and their modules."""
COMMANDS = ("supervisor", *APART, *(process.name for process in PROCESSES))
ADDON_SITE = Path("/config/site.yaml")
"""The settings file that the user of the add-on can reach."""


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", nargs="?", default="supervisor", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("index", nargs="?", type=int, default=0, help="which copy of the process")
    parser.add_argument("--folder", type=Path, default=None, help="where everything is kept (default: ./data)")
    parser.add_argument("--site", type=Path, default=None, help="your settings, YAML or JSON")
    parser.add_argument("--check", action="store_true", help="only check the settings")
    parser.add_argument("--version", action="version", version=__version__)
    return parser.parse_args(words)


def supervisor(folder: Folder, site: Path | None) -> int:
    """Run a node until it is told to stop."""
    if addon.inside():
        os.environ["EMBEREYE_LOG_LEVEL"] = addon.log_level(folder)
        site = ADDON_SITE if site is None and ADDON_SITE.exists() else site
    file = folder.site_file if site is None else site.resolve()
    if site is not None:
        store.load_or_last_good(file)  # a user's own file must be right at its first start
    stop_log = log.start("supervisor", os.environ.get("EMBEREYE_LOG_LEVEL", "info"))
    node = Supervisor(folder, file, lambda read: addon.effective(folder, read))
    try:
        asyncio.run(supervise(node))
    finally:
        stop_log()
    return 0


def one(name: str, index: int, folder: Folder) -> int:
    """Run one process of the table."""
    process = next(row for row in PROCESSES if row.name == name)
    module = importlib.import_module(process.module)
    return child.run(name if process.count == 1 else f"{name}-{index}", folder.path, module.main)


def command(words: list[str]) -> int:
    """Do what the command line says; returns the exit code."""
    if words and words[0] in APART:
        return int(importlib.import_module(APART[words[0]]).command(words[1:]))
    given = arguments(words)
    folder = data_folder(given.folder)
    if given.check:
        site = store.load(given.site or folder.site_file)
        print(
            f"{site.name}: {len(site.zones)} zones, {len(site.cameras)} cameras, {len(site.devices)} PF devices: right"
        )
        return 0
    match given.command:
        case "supervisor":
            return supervisor(folder, given.site)
        case name:
            return one(name, given.index, folder)


def main() -> int:
    """The command, its errors in words."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            return command(sys.argv[1:])
    except EmberEyeError as err:
        print(err, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
