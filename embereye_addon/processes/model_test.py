"""The self-test of the model that looks: at the start, every hour, and until it passes again after it failed."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from embereye_addon.detect.model import Looker
from embereye_addon.errors import ModelError
from embereye_addon.messages import CheckModel, Done
from embereye_addon.processes.child import Child

_log = logging.getLogger(__name__)

SELF_TEST_S: Final = 3600.0
AGAIN_S: Final = 10.0
"""While the model is missing or fails, it is tried again this often, so that the fault ends with its cause."""
UNWELL: Final = ("model_missing", "model_self_test", "model_fallback")
"""Faults of the model's files: with one of them changed files are tried."""
BLINDING: Final = ("model_missing", "model_self_test")
"""Faults of this process with which none of its cameras is believed to see."""

Stamp = tuple[tuple[str, int, int], ...]
Load = Callable[[], Looker]


def stamp(folders: tuple[Path, ...]) -> Stamp:
    """Name, time and size of everything in the models' folders: another stamp means that somebody has changed them."""
    try:
        found = [(str(path), path.stat()) for folder in folders for path in folder.rglob("*")]
    except OSError:  # it was just being changed: look again later
        return ()
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found))


def tested(model: Looker) -> str:
    """The reference pictures through the very model and path that look at cameras: an empty text, or what is wrong."""
    try:
        return model.self_test()
    except ModelError as err:
        return str(err)


class ModelTest:
    """Tests one detector's model. `load` loads the wished one anew from the disk; `folders` are where models lie."""

    def __init__(self, child: Child, model: Looker | None, load: Load, folders: tuple[Path, ...]) -> None:
        self._child, self._model, self._load, self._folders = child, model, load, folders
        self._seen = stamp(folders)
        self._wake = asyncio.Event()

    def claims(self) -> tuple[tuple[str, str], ...]:
        """What every camera of this process must claim too: no model that can be believed looks at it."""
        faults = self._child.faults
        return tuple((code, faults[code]) for code in BLINDING if code in faults)

    async def watch(self) -> None:
        """Until cancelled; `ModelError` when the files were mended, for the process to start anew with them."""
        while True:
            self._wake.clear()
            well = await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SELF_TEST_S if well else AGAIN_S)

    async def on_check(self, _request: CheckModel) -> Done:
        """Somebody asks for a self-test now; one that fails becomes a fault at once."""
        why = "no model is loaded" if self._model is None else await asyncio.to_thread(tested, self._model)
        if why:
            self._wake.set()
        return Done(ok=not why, why=why[:400])

    async def look(self) -> bool:
        """One self-test; whether all is well. While it is not, files that were changed are tried."""
        faults = self._child.faults
        why = "" if self._model is None else await asyncio.to_thread(tested, self._model)
        if why and "model_self_test" not in faults:
            _log.error("the model's self-test failed: %s", why)
        if why:
            faults["model_self_test"] = why[:400]
        else:
            faults.pop("model_self_test", None)
        if faults.keys().isdisjoint(UNWELL):
            return True
        if (now := await asyncio.to_thread(stamp, self._folders)) != self._seen:
            self._seen = now
            await self._anew()
        return False

    async def _anew(self) -> None:
        try:
            why = tested(await asyncio.to_thread(self._load))
        except ModelError as err:
            why = str(err)
        if not why:
            raise ModelError("the model's files were mended; this process starts anew with them")
        _log.error("the model's files were changed, and still: %s", why)
