"""Orders that change settings, sirens and models, from the bus to the journal."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.detect.models import Gate, Models
from embereye_addon.messages import CheckModel, Done, EndSound, Isolate, Promote, Restart, SelfTest, SetSetting, Sound
from embereye_addon.processes import adjusting, pf_siren
from embereye_addon.processes.panel import PanelProcess, opened
from embereye_addon.settings import store
from tests.processes.world import child_of, site

WHO: dict[str, Any] = {"by": "ann", "way": "mqtt"}


@contextlib.asynccontextmanager
async def panel(path: Path) -> AsyncIterator[tuple[PanelProcess, MemoryBus]]:
    """A panel that answers these orders, with a siren at its device, and a bus to ask on."""
    of = site(devices=("boiler", "mute"))
    of = msgspec.structs.replace(of, devices=(msgspec.structs.replace(of.devices[0], siren=True), of.devices[1]))
    hub = Hub()
    process, bus = opened(child_of(hub, path, "panel", of), 1), MemoryBus(hub)
    await adjusting.listen(process)
    try:
        yield process, bus
    finally:
        await process.child.bus.close()
        await bus.close()


def noted(process: PanelProcess, kind: str) -> list[Any]:
    """The bodies of the journal's rows of a kind."""
    return [json.loads(row.body) for row in process.records.journal.rows(kind)]


async def test_a_setting_is_written_and_noted_with_who(tmp_path: Path) -> None:
    """Somebody made a zone deaf, and nobody can find out who, when, or what stood there before."""
    async with panel(tmp_path) as (process, bus):
        path = process.child.folder.site_file
        store.save(path, {"zones": [{"id": "hall", "name": "Hall"}]})
        order = SetSetting(**WHO, section="zones", target="hall", key="sensitivity", value="low")
        assert await bus.ask(order) == Done(ok=True)
        assert store.load(path).zones[0].sensitivity == "low"
        wrong = msgspec.structs.replace(order, value="deaf")
        refused = await bus.ask(wrong)
        assert isinstance(refused, Done)
        assert not refused.ok
        assert "low, normal, high" in refused.why
        rows = noted(process, "setting")
        assert [row["done"]["ok"] for row in rows] == [True, False]
        assert (rows[0]["order"]["by"], rows[0]["before"]) == ("ann", None)


async def test_a_siren_sounds_by_hand_until_its_time_or_the_order_to_end(tmp_path: Path) -> None:
    """A siren that nobody can stop, one that sounds though the outputs are isolated, or one that is not there."""
    async with panel(tmp_path) as (process, bus):
        assert await bus.ask(Sound(**WHO, target="pf.boiler", for_s=30.0)) == Done(ok=True)
        assert process.state().sirens == ("pf.boiler",)
        assert adjusting.sounding(process) == ((), ("pf.boiler",))
        assert await bus.ask(EndSound(**WHO, target="pf.boiler")) == Done(ok=True)
        assert process.state().sirens == ()
        for target in ("pf.mute", "pf.nobody", ""):
            refused = await bus.ask(Sound(**WHO, target=target))
            assert isinstance(refused, Done)
            assert "siren" in refused.why
        assert await bus.ask(Sound(**WHO, target="pf.boiler", for_s=0.05)) == Done(ok=True)
        await asyncio.sleep(0.1)
        assert process.state().sirens == ()
        assert await bus.ask(Sound(**WHO, target="pf.boiler")) == Done(ok=True)
        await process.on_order(Isolate(**WHO))
        assert adjusting.sounding(process) == ((), ())
        refused = await bus.ask(Sound(**WHO, target="pf.boiler"))
        assert isinstance(refused, Done)
        assert "isolated" in refused.why
        assert len(noted(process, "action")) == 9


async def test_a_siren_sounded_by_hand_is_kept_over_a_restart(tmp_path: Path) -> None:
    """People leave a building because of it; a panel that was killed or set otherwise must not end it early."""
    async with panel(tmp_path) as (process, bus):
        assert await bus.ask(Sound(**WHO, target="pf.boiler", for_s=600.0)) == Done(ok=True)
        until_s = process.panel.sounded["pf.boiler"].until
        process.records.close()
    async with panel(tmp_path) as (process, bus):
        assert adjusting.sounding(process) == ((), ("pf.boiler",)), "before anything was heard of anybody"
        assert process.panel.sounded["pf.boiler"].until == until_s, "its time does not begin anew"
        assert await bus.ask(EndSound(**WHO, target="pf.boiler")) == Done(ok=True)
        process.records.close()
    async with panel(tmp_path) as (process, bus):
        assert adjusting.sounding(process) == ((), ())
        assert await bus.ask(Sound(**WHO, target="pf.boiler", for_s=0.05)) == Done(ok=True)
        process.records.close()
    await asyncio.sleep(0.1)
    async with panel(tmp_path) as (process, bus):
        assert process.state().sirens == (), "its time is over meanwhile"
        assert await bus.ask(Sound(**WHO, target="pf.boiler", for_s=0.05)) == Done(ok=True)
        await asyncio.sleep(0.1)
        await process.tick()
        assert process.panel.sounded == {}
        assert json.loads(process.records.journal.rows("siren_ended")[-1].body)["about"] == "pf.boiler"
        await bus.ask(Sound(**WHO, target="pf.boiler"))
        bare = msgspec.structs.replace(process.child.site, devices=())
        assert pf_siren.still_there(process.panel, bare).sounded == {}, "its device left the settings"


async def test_a_self_test_asks_every_detector(tmp_path: Path) -> None:
    """The button says that all is well while a detector is dead, or its model blind."""
    async with panel(tmp_path) as (process, bus):
        order = SelfTest(**WHO)
        silent = await bus.ask(order, timeout_s=10.0)
        assert isinstance(silent, Done)
        assert "node1.detector-0" in silent.why

        found = [Done(ok=True), Done(ok=False, why="it finds no fire")]

        async def tested(_request: CheckModel) -> Done:
            return found.pop()

        await bus.answer(CheckModel, tested, at="node1.detector-0")
        refused = await process.child.bus.ask(order)
        assert isinstance(refused, Done)
        assert "it finds no fire" in refused.why
        assert await process.child.bus.ask(order) == Done(ok=True)
        assert [row["done"]["ok"] for row in noted(process, "self_test")] == [False, False, True]


async def test_a_restart_is_asked_for_and_noted(tmp_path: Path) -> None:
    """The restart button does nothing, or nobody knows who pressed it."""
    async with panel(tmp_path) as (process, bus):
        assert await bus.ask(Restart(**WHO)) == Done(ok=True)
        assert (process.child.folder.run / "restart").exists()
        assert noted(process, "action")[0]["order"]["by"] == "ann"


async def test_a_model_is_promoted_through_its_gate_only(tmp_path: Path) -> None:
    """Home Assistant's install button puts a model in place that nobody tried."""
    async with panel(tmp_path) as (process, bus):
        models = Models(process.child.folder.models)
        (models.folder / "yolo-2").mkdir(parents=True)
        (models.folder / "yolo-2" / "card.json").write_text("{}")
        refused = await bus.ask(Promote(**WHO, target="yolo-2"))
        assert isinstance(refused, Done)
        assert "gate" in refused.why
        models.judged("yolo-2", Gate(passed=True, at=1.0, beside="", words="4 of 4 fires"))
        assert await bus.ask(Promote(**WHO, target="yolo-2")) == Done(ok=True)
        assert models.state().live == "yolo-2"
        assert [row["done"]["ok"] for row in noted(process, "model")] == [False, True]
