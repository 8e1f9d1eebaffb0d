"""Models by page: what is there, which one looks, what the one in shadow says, and the way to a new one and back."""

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import msgspec
from aiohttp import web
from msgspec import Meta

from embereye_addon.errors import ModelError, StorageError
from embereye_addon.observe import metrics
from embereye_addon.web.answers import CALLER, answer
from embereye_addon.web.bodies import decoded, stored
from embereye_addon.web.desk import Desk, Job, Work
from embereye_addon.web.ingress import RefusedError
from embereye_addon.web.recordings import Recordings

PART: Final = re.compile(r"^(card\.json|[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}\.(xml|bin|onnx))$")
PART_MAX: Final = 256 << 20
PARTS_MAX: Final = 3
CLIPS_MAX: Final = 50
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Clips = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=CLIPS_MAX)]


class ModelState(Protocol):
    """Which model looks, looks on, and looked before ('' is the shipped one), and each gate's verdict."""

    @property
    def live(self) -> str:
        """The one that decides."""

    @property
    def shadow(self) -> str | None:
        """The one that looks on."""

    @property
    def before(self) -> str | None:
        """The one to go back to."""

    @property
    def gates(self) -> Mapping[str, object]:
        """Verdicts by model."""


class ModelStore(Protocol):
    """The node's folder of models; every method reads or writes the disk, `ModelError` in words."""

    def state(self) -> ModelState:
        """What is live and what is not."""

    def listed(self) -> tuple[str, ...]:
        """The names of all that were added."""

    def shade(self, name: str | None) -> None:
        """Let one look on; None ends that."""

    def promote(self, name: str) -> None:
        """Make one the live one, if its gate was passed."""

    def rollback(self) -> str:
        """Go back to the one before; gives its name."""

    def remove(self, name: str) -> None:
        """Delete one that is not in use."""


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which model; none ends a shadow or stands for the one before."""

    name: Name | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model, and the recordings of fires and of none that it is judged by."""

    name: Name
    fire: Clips
    quiet: Clips


class ModelsApi:
    """Everything under /api/models. `scratch` holds what is being sent and is emptied."""

    def __init__(self, desk: Desk, models: ModelStore, recordings: Recordings, folder: Path, scratch: Path) -> None:
        self._desk = desk
        self._models = models
        self._recordings = recordings
        self._folder = folder
        self._scratch = scratch
        self._one_at_a_time = asyncio.Lock()

    async def shown(self, _request: web.Request) -> web.Response:
        """All models, the shipped one ('') first."""
        try:
            return answer(await asyncio.to_thread(self._shown))
        except ModelError as err:
            raise RefusedError(409, str(err)) from None

    def _shown(self) -> dict[str, Any]:
        state = self._models.state()
        return {
            "models": ["", *self._models.listed()],
            "live": state.live,
            "shadow": state.shadow,
            "before": state.before,
            "gates": {name: self._bare(msgspec.to_builtins(gate)) for name, gate in state.gates.items()},
            "agreement": {} if state.shadow is None else metrics.shadow_looks(state.shadow),
        }

    def _bare(self, gate: dict[str, Any]) -> dict[str, Any]:
        """A verdict with the names of recordings for their paths."""
        return {**gate, "words": self._recordings.named(str(gate.get("words", "")))}

    async def change(self, request: web.Request) -> web.Response:
        """POST /api/models/WHAT with {"name"}: shadow, promote, rollback, remove. 200, or 409 in words."""
        changes: dict[str, Callable[[str], object]] = {
            "promote": self._models.promote,
            "remove": self._models.remove,
            "rollback": lambda _name: self._models.rollback(),
            "shadow": lambda name: self._models.shade(name or None),
        }
        change = changes.get(request.match_info["what"])
        if change is None:
            raise RefusedError(404, f"Models know {', '.join(changes)}")
        given = await decoded(request, Named)
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(change, given.name or "")
            except (ModelError, StorageError) as err:
                raise RefusedError(409, str(err)) from None
        return answer({"ok": True, "why": ""})

    async def take(self, request: web.Request) -> web.Response:
        """One file of a model that is being brought: card.json, or its network of at most 256 MiB."""
        name = request.match_info["name"]
        if not PART.match(name):
            raise RefusedError(400, "A model is made of card.json and a network: an .xml with its .bin, or an .onnx")
        async with self._one_at_a_time:
            await asyncio.to_thread(self._make_room, name)
            await stored(request, self._scratch / name, PART_MAX)
        return answer({"ok": True, "why": ""})

    def _make_room(self, name: str) -> None:
        """The card comes first, and with it a new beginning."""
        try:
            if name == "card.json":
                shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir(parents=True, exist_ok=True)
            there = sum(1 for _ in self._scratch.iterdir())
        except OSError as err:
            raise RefusedError(507, f"The disk does not take it: {err.strerror}") from None
        if there >= PARTS_MAX:
            raise RefusedError(409, "A model has at most three files; send its card first")

    async def add(self, request: web.Request) -> web.Response:
        """Check what was sent, and keep it: 202; the job says whether it can be used."""
        await decoded(request, Named)
        self._desk.start("model", request[CALLER].by, self._add)
        return answer({"ok": True, "why": ""}, 202)

    async def _add(self, _job: Job) -> str:
        words, told = ("models", "--folder", str(self._folder), "add", str(self._scratch)), list[bytes]()
        try:
            await self._tool(words, told.append)
            return b"".join(told).decode(errors="replace").strip()
        finally:
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    async def gate(self, request: web.Request) -> web.Response:
        """Play recordings with a model and with the live one: 202; the job has the verdict."""
        given = await decoded(request, Judged)
        work = await asyncio.to_thread(self._judging, given)
        self._desk.start("gate", request[CALLER].by, work, msgspec.to_builtins(given))
        return answer({"ok": True, "why": ""}, 202)

    def again(self, asked: Any) -> Work:
        """A gate that a restart cut off, from its beginning; `StorageError`, or a recording that has gone."""
        try:
            return self._judging(msgspec.convert(asked, Judged))
        except msgspec.ValidationError:
            raise StorageError("What was judged is not there any more; begin again") from None

    def _judging(self, given: Judged) -> Work:
        """The work of a gate; `RefusedError` where a recording is not there."""
        words = ("models", "--folder", str(self._folder), "gate", given.name, "--json")
        clips = ("--fire", *self._paths(given.fire), "--quiet", *self._paths(given.quiet))
        return partial(self._gate, words=(*words, *clips))

    def _paths(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(self._recordings.path(name)) for name in names)

    async def _gate(self, job: Job, words: tuple[str, ...]) -> dict[str, Any]:
        verdict: dict[str, Any] = {}

        def take(line: bytes) -> None:
            row = msgspec.json.decode(line, type=dict[str, Any])
            if "passed" in row:
                verdict.update(row)
            elif "played_s" in row:
                job.progress = {**(job.progress or {}), "played_s": row["played_s"], "of_s": row.get("of_s")}
            else:
                job.progress = row

        await self._tool(words, take)
        return await asyncio.to_thread(self._bare, verdict)

    async def _tool(self, words: tuple[str, ...], take: Callable[[bytes], None]) -> None:
        """Run the models command; `ModelError` with its words when it refuses."""
        code, said = await self._desk.run(words, take)
        if code > 1:
            raise ModelError(said.replace(f"{self._scratch}/", "") or f"the command ended with {code}")
