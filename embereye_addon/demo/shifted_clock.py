"""The panel with a wall clock that a file moves, as somebody who sets the machine's clock would; nothing else moves."""

import sys
import time
from pathlib import Path

from embereye_addon.observe import clock
from embereye_addon.processes import child, panel


class Shifted:
    """Stands for the library's `time` at the one door to the wall clock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def time(self) -> float:
        """The machine's clock, moved by the seconds in the file; as it is while the file says nothing."""
        try:
            by_s = float(self._path.read_text())
        except (OSError, ValueError):
            by_s = 0.0
        return time.time() + by_s  # noqa: TID251 - the machine's own clock, moved


def main(words: list[str]) -> int:
    """Run the panel of a data folder with the clock that a file moves."""
    folder, shift = words
    vars(clock)["time"] = Shifted(Path(shift))
    return child.run("panel", Path(folder), panel.main)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
