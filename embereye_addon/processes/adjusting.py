"""Orders about what the panel does not decide: sirens by hand, settings, models, tests, restarts; for its journal."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Protocol

from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.panel import Panel
from embereye_addon.bus import Bus
from embereye_addon.detect.models import Models
from embereye_addon.errors import BusError, EmberEyeError
from embereye_addon.messages import (
    CheckModel,
    Command,
    Done,
    EndSound,
    Promote,
    Restart,
    SelfTest,
    SetSetting,
    Sound,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes import pf_siren
from embereye_addon.processes.child import Child
from embereye_addon.processes.plan import roles
from embereye_addon.settings.single import Setting, Value, change

SELF_TEST_S = 8.0
"""A detector with many cameras answers late."""


class Adjusted(Protocol):
    """What is needed of the panel's process."""

    child: Child
    panel: Panel
    say_now: asyncio.Event

    def record(self, kind: str, body: object) -> None:
        """Write one row into the journal."""


def sounding(process: Adjusted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The zones, and the devices by hand, whose sirens sound now."""
    now = Now(time.monotonic(), utc_s())
    return process.panel.sounding, () if process.panel.isolated else pf_siren.by_hand(process.panel, now)


async def listen(process: Adjusted) -> None:
    """Answer these orders; each of them stands in the journal, also when it is refused."""
    desk, bus = _Desk(process), process.child.bus
    await bus.answer(Sound, desk.on_sound)
    await bus.answer(EndSound, desk.on_sound)
    await bus.answer(SetSetting, desk.on_setting)
    await bus.answer(Promote, desk.on_promote)
    await bus.answer(SelfTest, desk.on_self_test)
    await bus.answer(Restart, desk.on_restart)


@dataclass(slots=True)
class _Desk:
    """Where these orders arrive; settings change one at a time."""

    process: Adjusted
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def on_sound(self, order: Sound | EndSound) -> Done:
        process = self.process
        now = Now(time.monotonic(), utc_s())
        process.panel, done = pf_siren.ordered(process.panel, order, process.child.site, now)
        process.say_now.set()
        return self._noted("action", order, done)

    async def on_setting(self, order: SetSetting) -> Done:
        setting, done = Setting(order.section, order.target, order.key), Done(ok=True)
        before: Value | None = None
        async with self.one_at_a_time:
            path = await asyncio.to_thread(self.process.child.folder.user_file)
            try:
                before = await asyncio.to_thread(change, path, setting, order.value, order.by, utc_s())
            except EmberEyeError as err:
                done = _refused(err)
        self.process.record("setting", {"order": order, "before": before, "done": done})
        return done

    async def on_promote(self, order: Promote) -> Done:
        done = Done(ok=True)
        try:
            await asyncio.to_thread(Models(self.process.child.folder.models).promote, order.target)
        except EmberEyeError as err:
            done = _refused(err)
        return self._noted("model", order, done)

    async def on_self_test(self, order: SelfTest) -> Done:
        child = self.process.child
        every = (role for role in roles(child.site, os.cpu_count() or 1) if role.process.name == "detector")
        asked = [_tested(child.bus, f"{child.node}.{role.name}", order.by) for role in every]
        failed = [why for why in await asyncio.gather(*asked) if why]
        return self._noted("self_test", order, Done(ok=not failed, why="; ".join(failed)[:400]))

    async def on_restart(self, order: Restart) -> Done:
        done = Done(ok=True)
        try:
            await asyncio.to_thread(self.process.child.folder.ask_restart)
        except EmberEyeError as err:
            done = _refused(err)
        return self._noted("action", order, done)

    def _noted(self, kind: str, order: Command, done: Done) -> Done:
        self.process.record(kind, {"order": order, "done": done})
        return done


def _refused(err: EmberEyeError) -> Done:
    return Done(ok=False, why=str(err)[:400])


async def _tested(bus: Bus, detector: str, by: str) -> str:
    """What one detector's self-test found; '' when all is well."""
    try:
        done = await bus.ask(CheckModel(asked_by=by), to=detector, timeout_s=SELF_TEST_S)
    except BusError as err:
        return f"{detector}: {err}"
    return f"{detector}: {done.why}" if isinstance(done, Done) and not done.ok else ""
