"""When an adapter tells what: in order from a durable place, with back-off, a rate limit, an age limit, and a fault.

Each adapter follows the kept alarm changes under a name of its own, in a task of its own: one that hangs delays
neither MQTT nor another adapter, and a restart goes on where it was.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from embereye_addon.bus import Bus
from embereye_addon.errors import BusError, LinkError, StorageError
from embereye_addon.messages import AlarmChanged, PanelState, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import ADAPTER_EVENTS, ADAPTER_REQUESTS
from embereye_addon.publish import states
from embereye_addon.publish.adapters.begun import Begun, Mark, Open
from embereye_addon.publish.adapters.calls import Answer, Call, News, Refused, Send, begins, hidden, news_of, targets_of
from embereye_addon.publish.adapters.http import Http
from embereye_addon.publish.adapters.kinds import KINDS
from embereye_addon.settings.model import Adapter

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
REFUSED_TRIES = 3
"""A refusal may be a hiccup; a wrong password must not be tried for a quarter of an hour."""
FAILING_S = 60.0
"""Failing for so long is a fault."""
FAULT_KEPT_S = 3600.0
"""Nobody asks a server without a reason, so a fault stands until the next success, or so long after a failure."""
PANEL_WAIT_S = 10.0
"""At a start the panel has this long to say which zones are out of service."""
MINUTE_S = 60.0
PLACE = "adapter-"
"""Under this and its id an adapter follows the alarm changes."""


@dataclass(slots=True)
class Rate:
    """At most `per_minute` requests in any minute; a burst goes at once."""

    per_minute: int
    sent_s: deque[float] = field(default_factory=deque)

    def wait_s(self, now_s: float) -> float:
        """How long the next request must wait."""
        while self.sent_s and now_s - self.sent_s[0] >= MINUTE_S:
            self.sent_s.popleft()
        return 0.0 if len(self.sent_s) < self.per_minute else MINUTE_S - (now_s - self.sent_s[0])


@dataclass(slots=True)
class Trouble:
    """Since when it fails without a success between, when it failed last (monotonic s), and why."""

    since_s: float | None = None
    last_s: float = 0.0
    why: str = ""

    def failed(self, now_s: float, why: str) -> bool:
        """One more failure; whether it is the first."""
        first = self.since_s is None
        self.since_s = now_s if self.since_s is None else self.since_s
        self.last_s, self.why = now_s, why
        return first

    def fault(self, now_s: float) -> str:
        """The words of the fault; '' while there is none."""
        if self.since_s is None or now_s - self.since_s < FAILING_S or now_s - self.last_s > FAULT_KEPT_S:
            return ""
        return self.why


class Teller:
    """One adapter at work. `take` returns when a change was told, or when it is certain that it will not be."""

    def __init__(
        self,
        settings: Adapter,
        folder: Path,
        panel: Callable[[], PanelState | None],
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self.trouble = Trouble()
        self._settings, self._panel, self._first_pause_s = settings, panel, first_pause_s
        self._system = KINDS[settings.kind](settings)
        self._door: Send = Http(settings).send
        self._rate = Rate(settings.per_minute)
        self._begun = Begun(folder / f"{settings.id}.json")
        self._loaded = False

    async def take(self, change: AlarmChanged) -> None:
        """Tell one change, as far as it is anything to this adapter."""
        if not self._loaded:
            await asyncio.to_thread(self._begun.load)
            self._loaded = True
        news = news_of(change, msgspec.json.encode(states.event_of(change)))
        if change.now is ZoneState.NORMAL:
            what = await self._end(news)
        elif begins(self._settings, change.now):
            what = await self._begin(news, change)
        else:
            what = "nothing"
        ADAPTER_EVENTS.labels(self._settings.id, what).inc()

    # --- begin and end ------------------------------------------------------------------------------------
    async def _begin(self, news: News, change: AlarmChanged) -> str:
        until_s = time.monotonic() + self._settings.keep_s - max(0.0, utc_s() - news.at)
        there = self._begun.zones.get(news.zone)
        if there is not None and there.alarm_id != news.alarm_id:  # its end was lost
            if self._system.targeted:
                await self._end(news)
            self._begun.zones.pop(news.zone, None)
            there = None
        theirs = targets_of(self._settings, change) if self._system.targeted else ("",)
        due = [name for name in theirs if self._due(there, name, news.state)]
        if not due:
            return "nothing"
        results = [await self._begin_at(news, name, until_s) for name in due]
        return next((what for what in ("told", "withheld", "dropped") if what in results), "nothing")

    def _due(self, there: Open | None, theirs: str, state: ZoneState) -> bool:
        """Whether they are to be told: not twice of one state, and what lasts only once an alarm."""
        mark = there.marks.get(theirs) if there else None
        return mark is None or (mark.state is not state and not (self._system.lasting and self._system.targeted))

    async def _begin_at(self, news: News, theirs: str, until_s: float) -> str:
        """Tell one of their cameras. Before each try: is it still true, and may outputs be driven?"""
        found: list[str] = []

        async def once() -> None:
            found.append(await self._system.begin(news, theirs, self._send, utc_s()))

        what = await self._tried(once, until_s, lambda: self._unwanted(news))
        if found:
            there = self._begun.zones.get(news.zone) or Open(alarm_id=news.alarm_id)
            marks = {**there.marks, theirs: Mark(state=news.state, token=found[0])}
            self._begun.zones[news.zone] = Open(alarm_id=news.alarm_id, marks=marks)
            await self._save()
        return what

    async def _end(self, news: News) -> str:
        """End all that was begun for the zone; what cannot be ended in time is left to the people there."""
        there = self._begun.zones.get(news.zone)
        if there is None:
            return "nothing"
        until_s = time.monotonic() + self._settings.keep_s
        results = []
        for theirs, mark in there.marks.items():

            async def once(theirs: str = theirs, mark: Mark = mark) -> None:
                await self._system.end(news, theirs, mark.token, self._send, utc_s())

            results.append(await self._tried(once, until_s, lambda: ""))
        del self._begun.zones[news.zone]
        await self._save()
        return "dropped" if "dropped" in results else "told"

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._begun.save)
        except StorageError as error:
            log.warning("%s", error)

    def _unwanted(self, news: News) -> str:
        """Why it is not to be begun now: `withheld` or `dropped`; '' when it is. The panel's own clock decides."""
        panel = self._panel()
        zone = next((zone for zone in panel.zones if zone.zone == news.zone), None) if panel else None
        if panel is None or zone is None:
            return ""
        if zone.disabled or panel.isolated:
            return "withheld"
        over = panel.at >= news.at and zone.alarm_id != news.alarm_id and self._system.targeted
        return "dropped" if over else ""

    # --- tries --------------------------------------------------------------------------------------------
    async def _tried(self, once: Callable[[], Awaitable[None]], until_s: float, unwanted: Callable[[], str]) -> str:
        """Try until it works, is not wanted, is refused for good, or is too old: told, withheld or dropped."""
        tries = refused = 0
        while True:
            now_s = time.monotonic()
            if why := unwanted() or ("dropped" if now_s >= until_s else ""):
                if why == "dropped" and tries:
                    log.warning("%s was not told: %s", self._settings.id, self.trouble.why)
                return why
            tries += 1
            try:
                await once()
            except LinkError as error:
                self._failed(error)
                refused += isinstance(error, Refused)
                if refused >= REFUSED_TRIES:
                    return "dropped"
            else:
                self._worked()
                return "told"
            full_s = min(LONGEST_PAUSE_S, self._first_pause_s * 2.0 ** min(tries - 1, 8))
            await asyncio.sleep(min(full_s * random.uniform(0.8, 1.2), max(0.0, until_s - time.monotonic())))

    def _failed(self, error: LinkError) -> None:
        why = hidden(str(error), self._settings)[:300]
        first = self.trouble.failed(time.monotonic(), why)
        level = logging.WARNING if first else logging.DEBUG
        log.log(level, "The adapter %s cannot tell of an alarm: %s", self._settings.id, why)

    def _worked(self) -> None:
        if self.trouble.since_s is not None:
            log.info("The adapter %s works again", self._settings.id)
        self.trouble = Trouble()

    async def _send(self, call: Call) -> Answer:
        """The door, at the rate that is allowed, and counted."""
        while (wait_s := self._rate.wait_s(time.monotonic())) > 0.0:
            await asyncio.sleep(wait_s)
        self._rate.sent_s.append(time.monotonic())
        try:
            answer = await self._door(call)
        except LinkError:
            ADAPTER_REQUESTS.labels(self._settings.id, "unanswered").inc()
            raise
        what = "answered" if 200 <= answer.status < 300 else "refused"
        ADAPTER_REQUESTS.labels(self._settings.id, what).inc()
        return answer


class Adapters:
    """Every adapter of a site. `folder` keeps a file each; `panel` gives the panel's newest word."""

    def __init__(self, settings: tuple[Adapter, ...], folder: Path, panel: Callable[[], PanelState | None]) -> None:
        self._panel = panel
        self._names = tuple(PLACE + each.id for each in settings)
        self.tellers = {each.id: Teller(each, folder, panel) for each in settings if each.enabled}

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """One fault for all that fail, each named."""
        now_s = time.monotonic()
        words = [f"{name}: {why}" for name, teller in self.tellers.items() if (why := teller.trouble.fault(now_s))]
        return (("adapter_failing", "; ".join(words)[:400]),) if words else ()

    async def follow(self, bus: Bus) -> None:
        """Begin to follow the kept alarm changes, each adapter from where it left off."""
        for name, teller in self.tellers.items():
            await bus.follow(AlarmChanged, PLACE + name, self._after_panel(teller))

    async def retire(self, bus: Bus) -> None:
        """End the places of adapters that are not in the settings any more; one that is switched off keeps its own."""
        try:
            gone = await bus.retire(AlarmChanged, PLACE, self._names)
        except BusError as error:  # the next start does it
            log.debug("%s", error)
            return
        for name in gone:
            log.info("The adapter %s is not in the settings any more; its place is given up", name.removeprefix(PLACE))

    def _after_panel(self, teller: Teller) -> Callable[[AlarmChanged], Awaitable[None]]:
        """Wait for the panel's first word, which says what is out of service; not for ever."""
        began_s = time.monotonic()

        async def take(change: AlarmChanged) -> None:
            while self._panel() is None and time.monotonic() - began_s < PANEL_WAIT_S:
                await asyncio.sleep(0.1)
            await teller.take(change)

        return take
