"""Coverage-guided fuzzing with atheris: `python -m tests.fuzz.run TARGET [SECONDS]`, or `--keep TARGET` afterwards.

New inputs go to `build/fuzz/TARGET`, an input that breaks a promise to `build/fuzz/crash-...`; `--keep` merges the
smallest inputs that reach everything into the corpus beside this file, which the ordinary tests replay.
"""

import hashlib
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Protocol

from tests.fuzz import records

TARGETS = ("packets", "session", "half_duplex", "thermometry", "commands")
INSTRUMENTED = ["embereye_addon.sources.pf", "embereye_addon.publish"]
LONGEST_INPUT = 1024
SECONDS = 60
SLICE_S = 180  # its memory grows by some 10 MB a second

_HERE = Path(__file__).resolve().parent
CORPUS = _HERE / "corpus"
WORK = _HERE.parents[1] / "build" / "fuzz"


class Target(Protocol):
    """A module that is fuzzed."""

    OPERATIONS: int

    def run(self, raw: bytes) -> None:
        """Judge one input; raises where a promise is broken."""

    def seeds(self) -> list[bytes]:
        """Inputs to begin with."""


def load(name: str) -> Target:
    """One of the targets."""
    module: Target = importlib.import_module(f"tests.fuzz.{name}")
    return module


def kept(name: str) -> list[Path]:
    """The kept corpus of a target."""
    return sorted((CORPUS / name).glob("*.bin"))


def write(folder: Path, inputs: list[bytes]) -> None:
    """Put inputs into a folder, named by their contents."""
    folder.mkdir(parents=True, exist_ok=True)
    for raw in inputs:
        (folder / f"{hashlib.sha256(raw).hexdigest()[:12]}.bin").write_bytes(raw)


def main(arguments: list[str]) -> int:
    """Fuzz until the time is over, or merge; the exit code tells of a broken promise."""
    if arguments[0] == "--keep":
        keep(arguments[1])
        return 0
    if arguments[0] == "--slice":
        _fuzz(arguments[1], arguments[2])
    name, left_s = arguments[0], int(arguments[1]) if len(arguments) > 1 else SECONDS
    while left_s > 0:  # in slices, since the fuzzer's own books grow with every run
        command = [sys.executable, "-m", "tests.fuzz.run", "--slice", name, str(min(left_s, SLICE_S))]
        ended = subprocess.run(command, check=False)
        if ended.returncode:
            return ended.returncode
        left_s -= SLICE_S
    return 0


def _fuzz(name: str, seconds: str) -> None:
    """Run libFuzzer in this process, which it ends."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = load(name)
    work = WORK / name
    write(work, target.seeds())
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={LONGEST_INPUT}", "-timeout=20", "-rss_limit_mb=4096", f"-max_total_time={seconds}"]
    options = [*limits, f"-artifact_prefix={WORK}/crash-{name}-", "-print_final_stats=1", str(work), str(CORPUS / name)]

    def change(body: bytes) -> bytes:
        return bytes(atheris.Mutate(body, 255))

    def mutator(raw: bytes, max_size: int, seed: int) -> bytes:
        return records.mutate(raw, seed, target.OPERATIONS, change)[:max_size]

    def crossover(one: bytes, other: bytes, max_size: int, seed: int) -> bytes:
        return records.cross(one, other, seed)[:max_size]

    atheris.Setup([sys.argv[0], *options], target.run, custom_mutator=mutator, custom_crossover=crossover)
    atheris.Fuzz()


def keep(name: str) -> None:
    """Replace the kept corpus by the smallest inputs that together do all that the kept and the new ones do."""
    target, folder = load(name), CORPUS / name
    found = {path.read_bytes() for path in (*kept(name), *(WORK / name).iterdir())} | set(target.seeds())
    known: set[tuple[object, ...]] = set()
    chosen: list[bytes] = []
    for raw in sorted(found, key=lambda raw: (len(raw), raw)):
        news = features(target, raw) - known
        if news:
            known |= news
            chosen.append(raw)
    for path in kept(name):
        path.unlink()
    write(folder, chosen)
    print(f"{name}: {len(chosen)} of {len(found)} inputs kept, {sum(map(len, chosen))} bytes, {len(known)} features")


def features(target: Target, raw: bytes) -> set[tuple[object, ...]]:
    """Which steps from line to line the code takes for an input, and whether once, a few times or often."""
    steps: Counter[tuple[object, ...]] = Counter()
    last = 0

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal last
        if frame.f_globals.get("__name__", "").startswith(tuple(INSTRUMENTED)):
            steps[frame.f_code.co_qualname, last, frame.f_lineno] += event == "line"
            last = frame.f_lineno
            return trace
        return None

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        target.run(raw)
    finally:
        sys.settrace(None)
    return {(*step, min(4, count.bit_length() // 2)) for step, count in steps.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
