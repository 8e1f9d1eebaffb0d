"""The process that hears detectors of others by MQTT, with a connection of its own, and says what they say.

It hears nothing of the bus: whatever an alarm makes EmberEye publish cannot come back through it as evidence. A flood
on somebody's topic is this process's to bear, and delays no alarm of the publisher.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace

from embereye_addon.bus import Bus
from embereye_addon.messages import Reading, SourceHealth
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import EXTERNAL_MESSAGES
from embereye_addon.processes import addon
from embereye_addon.processes.child import Child
from embereye_addon.publish.mqtt import Ends, Incoming, Mqtt
from embereye_addon.publish.topics import plain
from embereye_addon.settings import model
from embereye_addon.settings.profiles import rules
from embereye_addon.sources import external
from embereye_addon.sources.external import Plan, State

PERIOD_S = 2.0
"""Three missed ones are well within the silence of `source_health` and of a hard rule."""
FIRST_S = 5.0
"""At the start the broker has this long to be there before its absence is a fault."""
SAY_PAUSE_S = 0.05
"""A topic that speaks more often than this is heard every time and said so often."""
LONGEST_BYTES = 65536
"""What is longer than `external.PAYLOAD_MAX` and shorter than this is counted; longer ones the broker holds back."""


def plans(site: model.Site) -> tuple[Plan, ...]:
    """Every enabled external of a site, ready to be read."""
    hard = {zone.id: rules(zone).input_rule for zone in site.zones}
    return tuple(external.planned(each, hard=hard.get(each.zone, True)) for each in site.externals if each.enabled)


def topics(of: tuple[Plan, ...]) -> tuple[str, ...]:
    """Every topic to listen to, each once."""
    named = (topic for plan in of for topic in (plan.settings.topic, plan.settings.availability_topic) if topic)
    return tuple(dict.fromkeys(named))


@dataclass(slots=True)
class Listener:
    """What is known of every external. `take` hears a message; `say` tells the bus."""

    plans: tuple[Plan, ...]
    node: str
    states: dict[str, State] = field(default_factory=dict)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    seq: int = 0

    def begin(self, now_s: float) -> None:
        """Nothing is known yet."""
        self.states = {plan.source: State(now_s) for plan in self.plans}

    def take(self, message: Incoming, now_s: float) -> None:
        """One message of the broker, for every external that listens to its topic."""
        for plan in self.plans:
            before = state = self.states[plan.source]
            if message.topic == plan.settings.topic:
                state = external.heard(plan, state, message.payload, now_s, retained=message.retained)
            if message.topic == plan.settings.availability_topic:
                state = external.told_available(state, message.payload)
            if state is before:
                continue
            self.states[plan.source] = state
            _count(plan, before, state)
            if external.known(plan, state, now_s) is not external.known(plan, before, now_s):
                self.bell.set()

    def connected(self, now_s: float) -> None:
        """The broker is there: one never heard has its full time from now."""
        for source, state in self.states.items():
            if state.heard_s is None and state.on is None:
                self.states[source] = replace(state, since_s=now_s)

    async def say(self, bus: Bus, *, away: str, closed: frozenset[str]) -> None:
        """Tell what each says now, and how it is heard; `away` says in words why the broker cannot be heard."""
        now_s = time.monotonic()
        for plan in self.plans:
            state = self.states[plan.source]
            why = away or _closed(plan, closed)
            self.seq += 1
            await bus.say(self._health(plan, state, now_s, why))
            pieces = () if why else external.evidence(plan, state, now_s)
            number = pieces[0].value if pieces else 0.0
            await bus.say(
                Reading(
                    source=plan.source,
                    seq=self.seq,
                    at=utc_s(),
                    channel="state",
                    role=plan.settings.kind,
                    raw=number,
                    baseline=0.0,
                    change_sigma=0.0,
                    warming_up=not pieces,
                    stuck=False,
                    evidence=pieces,
                    mean=number,
                    low=number,
                    high=number,
                    count=1,
                )
            )

    def _health(self, plan: Plan, state: State, now_s: float, why: str) -> SourceHealth:
        on = None if why else external.known(plan, state, now_s)
        own = (("external_unheard", why),) if why else external.faults(plan, state, now_s)
        return SourceHealth(
            source=plan.source,
            seq=self.seq,
            at=utc_s(),
            node=self.node,
            state=external.link(plan, state, now_s, listening=not why),
            received=state.received,
            dropped=state.skipped,
            rejected=state.rejected,
            faults=own,
            words={
                "state": "unknown" if on is None else "on" if on else "off",
                "value": state.value,
                "retained": "yes" if state.retained else "no",
                "topic": plan.settings.topic[:200],
            },
        )


def _closed(plan: Plan, closed: frozenset[str]) -> str:
    for topic in (plan.settings.topic, plan.settings.availability_topic):
        if topic in closed:
            return f"The MQTT broker does not let us listen to {topic}; check its access list"
    return ""


def _count(plan: Plan, before: State, after: State) -> None:
    for what in ("received", "rejected", "skipped"):
        if more := getattr(after, what) - getattr(before, what):
            EXTERNAL_MESSAGES.labels(plan.settings.id, what).inc(more)


async def main(child: Child) -> None:
    """Listen and say until told to stop."""
    site = child.site
    listener = Listener(plans(site), child.node)
    listener.begin(time.monotonic())
    up = asyncio.Event()

    async def ask_again() -> model.Mqtt | None:
        return await addon.broker_again(child.folder)

    async def connected() -> None:
        listener.connected(time.monotonic())
        up.set()

    ends = Ends(
        will_topic="",
        filters=topics(listener.plans),
        on_message=lambda message: listener.take(message, time.monotonic()),
        on_connected=connected,
        ask_again=ask_again,
        as_published=False,
        longest_bytes=LONGEST_BYTES,
    )
    mqtt = Mqtt(site.mqtt, f"embereye-{plain(site.mqtt.base_topic.replace('/', '_'))}-externals-{child.node}", ends)

    async def say() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(up.wait(), FIRST_S)
        while True:
            due_s = time.monotonic() + PERIOD_S
            listener.bell.clear()
            away = "" if mqtt.connected else mqtt.fault[1] if mqtt.fault else "The MQTT broker is not connected yet"
            await listener.say(child.bus, away=away, closed=mqtt.closed_topics)
            await asyncio.sleep(SAY_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.bell.wait(), max(0.0, due_s - time.monotonic()))

    async with asyncio.TaskGroup() as work:
        work.create_task(mqtt.run(), name="listen")
        work.create_task(say(), name="say")
