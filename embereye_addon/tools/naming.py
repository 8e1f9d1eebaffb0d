"""Files as they are named in what a command says and writes."""

from collections.abc import Iterator
from pathlib import Path


def shown(text: object) -> str:
    """A path, or words with one in them, as text that can be written anywhere: bytes that are no UTF-8 are escaped."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def stems(clips: tuple[Path, ...], out: Path) -> Iterator[str]:
    """For each clip what its files in `out` are called: its own stem, or with a number where that is taken.

    Taken by another clip, or because the file would be one that is to be played.
    """
    played = {_place(clip) for clip in clips}
    taken = set[str]()
    for clip in clips:
        stem, number = clip.stem, 1
        while stem in taken or any(_place(out / f"{stem}{ending}") in played for ending in (".mp4", ".svg")):
            number += 1
            stem = f"{clip.stem}-{number}"
        taken.add(stem)
        yield stem


def _place(path: Path) -> Path:
    """Where a file lies; a link that leads nowhere is as good as any other name."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()
