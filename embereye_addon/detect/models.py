"""The models of a node: the shipped one, those that were brought, which of them looks, and which looks on in shadow.

Every model that was added lies in a folder of its own, `NAME-VERSION`, that is never changed afterwards; what is live
stands in one small file beside them, written aside and renamed, so that a crash leaves the old state or the new one.
"""

import shutil
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from embereye_addon.detect.card import CARD, Card, read_card
from embereye_addon.errors import ModelError, StorageError

SHIPPED = ""
"""Stands for the model that came with the program."""
STATE = "models.json"
STATE_LIMIT = 256 * 1024
FILE_BYTES = 256 << 20
MODELS_MAX = 32


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay of recordings said of a model beside the live one: passed or not, when (UTC s), and the figures."""

    passed: bool
    at: float
    beside: str
    words: Annotated[str, Meta(max_length=2000)]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Which model looks, which looks on, which one looked before, and every gate's verdict by model."""

    live: str = SHIPPED
    shadow: str | None = None
    before: str | None = None
    gates: dict[str, Gate] = {}


class Models:
    """The folder of models. Every method reads the disk anew, so several processes may ask; one at a time changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def state(self) -> State:
        """What is live and what is not; `ModelError` when the file is damaged."""
        path = self.folder / STATE
        try:
            with path.open("rb") as file:
                return msgspec.json.decode(file.read(STATE_LIMIT), type=State)
        except FileNotFoundError:
            return State()
        except (OSError, msgspec.DecodeError) as err:
            raise ModelError(f"{path} cannot be read: {err}; delete it to go back to the shipped model") from None

    def listed(self) -> tuple[str, ...]:
        """The names of all that were added, in order."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.folder.iterdir() if (path / CARD).is_file()))

    def path(self, name: str) -> Path:
        """The folder of a model that was added; `ModelError` when there is none of that name."""
        if name not in self.listed():
            known = ", ".join(self.listed()) or "none yet"
            raise ModelError(f"there is no model {name!r}; added: {known}")
        return self.folder / name

    def add(self, source: Path) -> str:
        """Take a model in from a folder with `card.json` and its network; gives its name.

        `ModelError` when the card cannot be used, a file is missing or too large, or the name is taken;
        `StorageError` when the disk refuses.
        """
        card = read_card(source)
        card.places()
        name = f"{card.name}-{card.version}"
        if name in self.listed():
            raise ModelError(f"{name} is there already; give the new one another version")
        if len(self.listed()) >= MODELS_MAX:
            raise ModelError(f"there are {MODELS_MAX} models already; remove one first")
        files = [source / part for part in parts(card)]
        for file in files:
            _must_be_usable(file)
        aside = self.folder / f".{name}.new"
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            for file in (*files, source / CARD):
                shutil.copyfile(file, aside / file.name)
            aside.replace(self.folder / name)
        except OSError as err:
            shutil.rmtree(aside, ignore_errors=True)
            raise StorageError(f"{name} cannot be written to {self.folder}: {err.strerror}") from err
        return name

    def remove(self, name: str) -> None:
        """Delete a model that is neither live nor the way back; `ModelError` in words."""
        path, state = self.path(name), self.state()
        if name in (state.live, state.before, state.shadow):
            raise ModelError(f"{name} is in use: live, in shadow or the one to go back to")
        shutil.rmtree(path)
        self._write(msgspec.structs.replace(state, gates={k: v for k, v in state.gates.items() if k != name}))

    def shade(self, name: str | None) -> None:
        """Let a model look on beside the live one without a say; None ends that."""
        if name is not None:
            self.path(name)
        self._write(msgspec.structs.replace(self.state(), shadow=name))

    def judged(self, name: str, gate: Gate) -> None:
        """Keep what a replay said of a model."""
        self.path(name)
        state = self.state()
        self._write(msgspec.structs.replace(state, gates={**state.gates, name: gate}))

    def promote(self, name: str) -> None:
        """Make a model the live one; `ModelError` unless its gate was passed beside the one that is live now."""
        self.path(name)
        state = self.state()
        gate = state.gates.get(name)
        if state.live == name:
            raise ModelError(f"{name} is live already")
        if gate is None or not gate.passed:
            why = "has not been through a replay gate" if gate is None else f"failed its replay gate: {gate.words}"
            raise ModelError(f"{name} {why}")
        if gate.beside != state.live:
            raise ModelError(
                f"{name} was judged beside another model than the one that is live now; run its gate again"
            )
        shadow = None if state.shadow == name else state.shadow
        self._write(msgspec.structs.replace(state, live=name, before=state.live, shadow=shadow))

    def rollback(self) -> str:
        """Go back to the model that was live before; gives its name ('' is the shipped one)."""
        state = self.state()
        if state.before is None:
            raise ModelError("there is nothing to go back to: no model was promoted")
        if state.before != SHIPPED:
            self.path(state.before)
        self._write(msgspec.structs.replace(state, live=state.before, before=None))
        return state.before

    def _write(self, state: State) -> None:
        aside = self.folder / f".{STATE}.new"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
            aside.replace(self.folder / STATE)
        except OSError as err:
            raise StorageError(f"{self.folder / STATE} cannot be written: {err.strerror}") from err


def parts(card: Card) -> tuple[str, ...]:
    """The files of its network: an OpenVINO IR has its weights in a second one."""
    return (card.file, f"{card.file[:-4]}.bin") if card.file.endswith(".xml") else (card.file,)


def _must_be_usable(file: Path) -> None:
    try:
        size = file.stat().st_size
    except OSError:
        raise ModelError(f"{file.name} is missing from {file.parent}") from None
    if not 0 < size <= FILE_BYTES:
        raise ModelError(f"{file} has {size} bytes; a model has at most {FILE_BYTES >> 20} MiB")
