"""Orders about what the panel does not decide: a siren by hand, one setting, another model. Its journal has them."""

import asyncio
import time
from typing import Protocol

from embereye_addon.alarm.panel import Panel
from embereye_addon.detect.models import Models
from embereye_addon.errors import ModelError, SettingsFileError, StorageError
from embereye_addon.messages import Done, EndSound, Promote, SetSetting, Sound
from embereye_addon.processes.child import Child
from embereye_addon.processes.pf_siren import ByHand
from embereye_addon.settings.single import Setting, change


class Adjusted(Protocol):
    """What is needed of the panel's process."""

    child: Child
    panel: Panel
    by_hand: ByHand
    say_now: asyncio.Event

    def record(self, kind: str, body: object) -> None:
        """Write one row into the journal."""


def sounding(process: Adjusted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The zones, and the devices by hand, whose sirens sound now."""
    by_hand = () if process.panel.isolated else process.by_hand.now(time.monotonic())
    return process.panel.sounding, by_hand


async def listen(process: Adjusted) -> None:
    """Answer these orders; each of them stands in the journal, also when it is refused."""
    one_at_a_time = asyncio.Lock()
    folder, bus = process.child.folder, process.child.bus

    async def on_sound(order: Sound | EndSound) -> Done:
        done = process.by_hand.obey(order, process.child.site, process.panel.isolated is not None)
        process.record("action", {"order": order, "done": done})
        process.say_now.set()
        return done

    async def on_setting(order: SetSetting) -> Done:
        setting, before, done = Setting(order.section, order.target, order.key), None, Done(ok=True)
        async with one_at_a_time:
            path = await asyncio.to_thread(folder.user_file)
            try:
                before = await asyncio.to_thread(change, path, setting, order.value)
            except (SettingsFileError, StorageError) as err:
                done = Done(ok=False, why=str(err)[:400])
        process.record("setting", {"order": order, "before": before, "done": done})
        return done

    async def on_promote(order: Promote) -> Done:
        done = Done(ok=True)
        try:
            await asyncio.to_thread(Models(folder.models).promote, order.target)
        except (ModelError, StorageError) as err:
            done = Done(ok=False, why=str(err)[:400])
        process.record("model", {"order": order, "done": done})
        return done

    await bus.answer(Sound, on_sound)
    await bus.answer(EndSound, on_sound)
    await bus.answer(SetSetting, on_setting)
    await bus.answer(Promote, on_promote)
