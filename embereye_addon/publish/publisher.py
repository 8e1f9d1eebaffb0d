"""The publisher: hears the bus, tells MQTT, takes commands. Alarms at once, a thing's state at most once a second."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from embereye_addon import __version__
from embereye_addon.bus import Bus
from embereye_addon.errors import BusError, LinkError, StorageError
from embereye_addon.messages import (
    AlarmChanged,
    Command,
    Done,
    HotSpots,
    IncidentChanged,
    PanelState,
    ProcessHealth,
    Promote,
    Reading,
    SelfTest,
    Sighting,
    SourceHealth,
    ThermalFrame,
    ZoneState,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.tasks import stopped
from embereye_addon.publish import incidents, states, views
from embereye_addon.publish.adapters.teller import Adapters
from embereye_addon.publish.announcer import Announcer
from embereye_addon.publish.commands import Refusal, parse
from embereye_addon.publish.discovery import About
from embereye_addon.publish.heat_over import HeatOver
from embereye_addon.publish.memory import Announced, Told
from embereye_addon.publish.mqtt import ONLINE, Ends, Incoming, Mqtt
from embereye_addon.publish.outbox import Tier
from embereye_addon.publish.pictures import Pictures
from embereye_addon.publish.telling import Heard, Telling
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import model

log = logging.getLogger(__name__)

TICK_S = 1.0
BIRTH_DELAY_S = (0.3, 2.0)
"""Not everybody at once when Home Assistant has started."""
READY_S = 10.0
"""An alarm from the durable store waits this long for the panel's own word before it is told without."""
COMMAND_QUEUE = 32
COMMAND_S, SELF_TEST_S = 2.0, 12.0
"""How long the panel may take to answer."""
REFUSALS_SAID = 64
HOT_PICTURE_S = 2.0
QUIET_PICTURE_S = 30.0


def _nobody(_change: AlarmChanged, _mono_s: float) -> None:
    """Nobody measures."""


async def _no_other() -> model.Mqtt | None:
    """There are no other broker settings."""
    return None


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a publisher stands on. `folder` keeps `announced.json` and `told.txt`.

    `on_command` carries a command to the panel (None: over the bus); `on_acked` is told of each alarm change and the
    monotonic time of its PUBACK; `ask_again` gives broker settings after a refused login or when none are set.
    `started_at` is when the program started (UTC seconds).
    """

    site: model.Site
    bus: Bus
    folder: Path
    node: str = "main"
    page_url: str = ""
    on_command: Callable[[Command], Awaitable[Done]] | None = None
    on_acked: Callable[[AlarmChanged, float], None] = _nobody
    ask_again: Callable[[], Awaitable[model.Mqtt | None]] = _no_other
    started_at: float = 0.0


@dataclass(slots=True)
class Counts:
    """What happened; `alarm_ms` is the last alarm's time from its receipt here to its PUBACK."""

    alarms: int = 0
    repeats: int = 0
    commands: int = 0
    refused: int = 0
    dropped: int = 0
    alarm_ms: float = 0.0


class Publisher:
    """Ties bus and broker together. `run` works until it is cancelled, and then says that we leave."""

    def __init__(self, wiring: Wiring) -> None:
        site = wiring.site
        self.counts = Counts()
        self._wiring, self._site, self._bus = wiring, site, wiring.bus
        self._topics = Topics(site.mqtt.base_topic, site.mqtt.discovery_prefix)
        ends = Ends(
            will_topic=self._topics.app,
            filters=(*self._topics.commands, self._topics.birth),
            on_message=self._message,
            on_connected=self._greet,
            ask_again=wiring.ask_again,
            base=site.mqtt.base_topic,
            user=(("version", __version__), ("node", wiring.node)),
        )
        self.mqtt = Mqtt(site.mqtt, f"embereye-{self._topics.device_id(Subject.SITE, '')}-{wiring.node}", ends)
        about = About(__version__, wiring.page_url)
        self._announcer = Announcer(self._topics, site, about, Announced(wiring.folder / "announced.json"))
        self._told = Told(wiring.folder / "told.txt")
        self._heard = Heard(site)
        self._heard.program["started"] = states.time_text(wiring.started_at)
        over = HeatOver(site, self._heard.devices)
        self._pictures = Pictures(self._topics, site, wiring.bus, self.mqtt, over)
        self._telling = Telling(self._topics, site, self.mqtt, self._heard)
        self._adapters = Adapters(site.adapters, wiring.folder / "adapters", lambda: self._heard.panel)
        self._ready, self._born = asyncio.Event(), asyncio.Event()
        self._commands: asyncio.Queue[Incoming] = asyncio.Queue(COMMAND_QUEUE)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._pictured_mono_s: dict[str, float] = {}
        self._refusals: set[tuple[str, str]] = set()

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """This process's own faults (code, words), for its health report."""
        return (*(() if self.mqtt.fault is None else (self.mqtt.fault,)), *self._adapters.faults)

    def tell_model(self, installed: str, latest: str, summary: str = "") -> None:
        """Which model looks, and which one may take its place (the same: none)."""
        self._heard.program["model"] = states.model_versions(installed, latest, summary)

    async def run(self) -> None:
        """Publish until cancelled. An error of the bus at the start is `BusError`."""
        await asyncio.to_thread(self._told.load)
        await self._announcer.start(self.mqtt)
        await self._listen_to_bus()
        tasks = [asyncio.create_task(job) for job in (self.mqtt.run(), self._tick(), self._obey())]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self.mqtt.goodbye()
            await stopped([*tasks, *self._running.values()])

    async def _listen_to_bus(self) -> None:
        await self._bus.hear(PanelState, self._panel)
        await self._bus.hear(Sighting, lambda sighting: self._heard.hear_sighting(sighting, time.monotonic()))
        await self._bus.hear(HotSpots, self._pf)
        await self._bus.hear(ThermalFrame, self._pf)
        await self._bus.hear(Reading, self._pf)
        await self._bus.hear(ProcessHealth, self._heard.hear_process)
        await self._bus.hear(SourceHealth, lambda health: self._heard.hear_health(health, time.monotonic()))
        await self._bus.follow(AlarmChanged, "publisher", self._alarm)
        await self._adapters.follow(self._bus)
        await self._bus.follow(IncidentChanged, "publisher", self._incident)
        await self._adapters.retire(self._bus)

    def _pf(self, message: HotSpots | ThermalFrame | Reading) -> None:
        self._heard.hear_pf(message, time.monotonic())

    def _panel(self, panel: PanelState) -> None:
        """The first one opens the house: states as they stand, then our presence."""
        first = self._heard.panel is None
        self._heard.hear_panel(panel, time.monotonic())
        self._telling.say_panel(time.monotonic(), utc_s(), pressing_only=not first)
        if first:
            self._telling.say_sources(time.monotonic())
            self.mqtt.keep(self._topics.app, ONLINE, Tier.APP)
            self._ready.set()

    async def _alarm(self, change: AlarmChanged) -> None:
        """Returns when it was told (or had been before); two deliveries of one change at a time become one."""
        key = f"{change.id}:{change.now}"
        await self._once(key, lambda: self._deliver(change, key, time.monotonic()))

    async def _incident(self, change: IncidentChanged) -> None:
        """News of an incident, told as an alarm is."""
        key = f"{change.incident.id}:{change.news}:{change.number}"
        await self._once(key, lambda: self._deliver_incident(change, key))

    async def _once(self, key: str, deliver: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._told.knows(key):
            self.counts.repeats += 1
            return
        await asyncio.shield(self._running.get(key) or self._start(key, deliver()))

    async def _deliver_incident(self, change: IncidentChanged, key: str) -> None:
        await self._opened()
        payload = msgspec.json.encode(incidents.event_of(change))
        await self.mqtt.publish_event(self._topics.of(Subject.SITE, "", "incident"), payload)
        await self._remember(key)

    async def _opened(self) -> None:
        """Wait for the panel's own word, for a while."""
        if not self._ready.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), READY_S)

    async def _remember(self, key: str) -> None:
        try:
            await asyncio.to_thread(self._told.add, key)
        except StorageError as error:
            log.warning("%s", error)

    async def _deliver(self, change: AlarmChanged, key: str, received_mono_s: float) -> None:
        self._heard.hear_change(change, time.monotonic())
        self._telling.say_panel(time.monotonic(), utc_s(), pressing_only=True)
        await self._opened()
        payload = msgspec.json.encode(states.event_of(change))
        await asyncio.gather(
            self.mqtt.publish_event(self._topics.of(Subject.ZONE, change.zone, "event"), payload, change.id),
            self.mqtt.publish_event(self._topics.of(Subject.SITE, "", "event"), payload, change.id),
        )
        acked_mono_s = time.monotonic()
        self.counts.alarms += 1
        self.counts.alarm_ms = (acked_mono_s - received_mono_s) * 1000.0
        self._wiring.on_acked(change, acked_mono_s)
        await self._remember(key)
        if change.now is not ZoneState.NORMAL:
            self._start(f"picture:{key}", self._show_evidence(change))

    async def _show_evidence(self, change: AlarmChanged) -> None:
        await self._pictures.show(change, await self._pictures.evidence(change))

    def _start(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task of its own, held until it is done."""
        task = asyncio.create_task(job)
        self._running[name] = task
        task.add_done_callback(lambda _task: self._running.pop(name, None))
        return task

    async def _tick(self) -> None:
        """Each thing's state, at most once a second."""
        while True:
            await asyncio.sleep(TICK_S)
            if not self._ready.is_set():
                continue
            now_mono_s = time.monotonic()
            self._telling.say_panel(now_mono_s, utc_s(), pressing_only=False)
            self._telling.say_sources(now_mono_s)
            self._tell_detections()
            self.mqtt.refresh(now_mono_s)
            for source, view in self._heard.devices.items():
                await self._announcer.heard_roles(self.mqtt, source[3:], views.roles_in(view))
            self._show_heat(now_mono_s)
            self._show_cameras(now_mono_s)

    def _tell_detections(self) -> None:
        """Events of the cameras themselves; one that meets no broker is gone."""
        told, self._telling.detections = self._telling.detections, []
        if told and self.mqtt.connected and "detections" not in self._running:
            self._start("detections", self._pictures.tell_detections(tuple(told)))

    def _show_cameras(self, now_mono_s: float) -> None:
        """One camera's picture at a time, each of them once in `mqtt.picture_every_s`."""
        every_s = self._site.mqtt.picture_every_s
        if not every_s or not self.mqtt.connected or "camera" in self._running:
            return
        for source, view in self._heard.cameras.items():
            up = views.source_up(view.health, view.health_mono_s, now_mono_s)
            if up and now_mono_s - self._pictured_mono_s.get(source, -every_s) >= every_s:
                self._pictured_mono_s[source] = now_mono_s
                self._start("camera", self._pictures.show_live(source[4:]))
                return

    def _show_heat(self, now_mono_s: float) -> None:
        """One heat map at a time: often while something is hot, else now and then."""
        for source, view in self._heard.devices.items():
            pause_s = HOT_PICTURE_S if now_mono_s - view.heat_mono_s < views.HOLD_S else QUIET_PICTURE_S
            due = now_mono_s - self._pictured_mono_s.get(source, -QUIET_PICTURE_S) >= pause_s
            if view.frame is not None and due and self.mqtt.connected and "heat" not in self._running:
                self._pictured_mono_s[source] = now_mono_s
                self._start("heat", self._pictures.show_heat(source[3:], view.frame))

    def _message(self, message: Incoming) -> None:
        """From the broker: a birth, or a command; a flood of commands is dropped and counted."""
        if message.topic == self._topics.birth:
            if message.payload.strip().lower() == ONLINE:
                self._born.set()
            return
        try:
            self._commands.put_nowait(message)
        except asyncio.QueueFull:
            self.counts.dropped += 1

    async def _greet(self) -> None:
        """For as long as a connection lasts: removals now and after each birth, and then everything again."""
        await self._announcer.remove(self.mqtt, born=False)
        while True:
            await self._born.wait()
            self._born.clear()
            await asyncio.sleep(random.uniform(*BIRTH_DELAY_S))
            self.mqtt.say_again()
            await self._announcer.remove(self.mqtt, born=True)

    async def _obey(self) -> None:
        while True:
            message = await self._commands.get()
            wish = parse(self._topics, self._site, message.topic, message.payload, message.retained)
            match wish:
                case None:
                    continue
                case Refusal():
                    done = await self._refuse(message, wish)
                case SelfTest():
                    self._start("self-test", self._test(message.topic, wish))
                    continue
                case _:
                    self.counts.commands += 1
                    done = await self._pass_on(wish)
            await self._answer(message.topic, done)

    async def _test(self, topic: str, command: SelfTest) -> None:
        """A self-test takes seconds, and no other command waits for it."""
        self.counts.commands += 1
        await self._answer(topic, await self._pass_on(command, SELF_TEST_S))

    async def _refuse(self, message: Incoming, refusal: Refusal) -> Done:
        """Said once as a warning for each topic and reason; a retained copy is removed from the broker."""
        self.counts.refused += 1
        known = (message.topic, refusal.why) in self._refusals or len(self._refusals) >= REFUSALS_SAID
        level = logging.DEBUG if known else logging.WARNING
        log.log(level, "Refused the MQTT command at %s: %s", message.topic, refusal.why)
        if not known:
            self._refusals.add((message.topic, refusal.why))
        if refusal.clear:
            with suppress(LinkError):
                await self.mqtt.publish(message.topic, b"", retain=True)
        return Done(ok=False, why=refusal.why)

    async def _pass_on(self, command: Command, limit_s: float = COMMAND_S) -> Done:
        if isinstance(command, Promote):
            latest = self._heard.program["model"]["latest_version"]
            command = msgspec.structs.replace(command, target=latest or "")
        try:
            asked = self._wiring.on_command
            done = await (asked(command) if asked else self._bus.ask(command, timeout_s=limit_s))
        except BusError as error:
            log.warning("A command by MQTT did not reach the panel: %s", error)
            return Done(ok=False, why="the panel does not answer; try again")
        return done if isinstance(done, Done) else Done(ok=False, why="the panel gave no answer")

    async def _answer(self, topic: str, done: Done) -> None:
        """What became of a command, for whoever wants to see it; not retained."""
        words = {"topic": topic, "ok": done.ok, "why": done.why, "at": states.time_text(utc_s())}
        with suppress(LinkError):
            await self.mqtt.publish(self._topics.answer, msgspec.json.encode(words))
