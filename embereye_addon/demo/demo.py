"""make demo: the main job on a staged site, told in plain words in the terminal."""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from embereye_addon.demo.clips import EncodedClip, demo_takes, take_clip
from embereye_addon.demo.site import Plan, Staged, logged, staged, until_told
from embereye_addon.errors import BusError
from embereye_addon.messages import Acknowledge, AlarmChanged, Done, PanelState, Reset, Silence, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.tasks import stopped

WORDS = {ZoneState.NORMAL: "normal", ZoneState.PRE_ALARM: "PRE-ALARM", ZoneState.ALARM: "FIRE ALARM"}
ORDERS = {"a": Acknowledge, "s": Silence, "r": Reset}
HELP = "Keys (then Enter):  a acknowledge   s silence   r reset   f stage a fire   e end the fire   q quit"


@dataclass(slots=True)
class Teller:
    """Writes to the terminal: lines that stay, and one live status line below them."""

    began_s: float = field(default_factory=time.monotonic)
    live: bool = field(default_factory=sys.stdout.isatty)
    width: int = 0

    def say(self, text: str) -> None:
        """A line that stays, with the seconds since the start."""
        self._wipe()
        print(f"{time.monotonic() - self.began_s:6.1f} s  {text}", flush=True)

    def status(self, text: str) -> None:
        """The live line; only on a terminal."""
        if self.live:
            self._wipe()
            print(text, end="", flush=True)
            self.width = len(text)

    def _wipe(self) -> None:
        if self.width:
            print("\r" + " " * self.width + "\r", end="")
            self.width = 0


@dataclass(slots=True)
class Show:
    """The demo while it runs."""

    teller: Teller
    site: Staged
    quiet: EncodedClip
    flame: asyncio.Task[EncodedClip]
    state: PanelState | None = None
    alarmed: asyncio.Event = field(default_factory=asyncio.Event)
    burning: bool = False
    faults: frozenset[tuple[str, str]] = frozenset()

    def on_state(self, state: PanelState) -> None:
        """The panel spoke."""
        self.state = state
        faults = frozenset((fault.about, fault.text) for fault in state.faults)
        for about, text in sorted(faults - self.faults):
            self.teller.say(f"Fault: {about}: {text}")
        for about, text in sorted(self.faults - faults):
            self.teller.say(f"Fault ended: {about}: {text}")
        self.faults = faults

    async def on_alarm(self, changed: AlarmChanged) -> None:
        """A zone changed."""
        if changed.at < utc_s() - 600.0:
            return  # of an earlier demo in the same folder
        self.teller.say(f"{changed.name}: {WORDS[changed.was]} -> {WORDS[changed.now]}  ({changed.explanation.text})")
        for share in changed.explanation.shares:
            value = f"{share.value:.1f} {share.unit}"
            part = f"{share.nats:+.1f} nats, {100 * share.share:.0f} % of the sum"
            self.teller.say(f"    {share.kind.value:6} {share.point:24} {value:>10}   {part}")
        if changed.now is ZoneState.ALARM:
            self.teller.say("The alarm is latched and on the broker: it stays until it is reset.")
            self.teller.say(f"Acknowledge and reset on the page {self.url}, from Home Assistant, or here. {HELP}")
            self.alarmed.set()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.site.settings['web']['port']}"

    async def stage(self) -> None:
        """Light the fire: one camera sees it, and the PF device in the same zone."""
        self.burning = True
        clip = await self.flame
        self.site.rtsp.play("hall", clip)
        self.site.devices["hall-ceiling"].stage_fire()
        self.teller.say("A fire is staged: the camera's picture and the thermal scene now hold a growing flame.")

    def end(self) -> None:
        """Put the fire out."""
        self.burning = False
        self.site.rtsp.play("hall", self.quiet)
        self.site.devices["hall-ceiling"].end_fire()
        self.teller.say("The fire is out. The alarm stays latched until it is reset.")

    async def order(self, key: str) -> None:
        """What a key asks for."""
        kind = ORDERS[key]
        try:
            done = await self.site.bus.ask(kind(by="demo terminal", way="api"))
        except BusError as err:
            done = Done(ok=False, why=str(err))
        self.teller.say(f"{kind.__name__}: {'done' if done.ok else 'refused'}{': ' + done.why if done.why else ''}")

    async def status(self) -> None:
        """The live line, twice a second."""
        while True:
            if self.state is not None:
                zones = "   ".join(
                    f"{zone.name}: {WORDS[zone.state]} {zone.score_pct:3.0f} %{' (seen)' if zone.acknowledged else ''}"
                    for zone in self.state.zones
                )
                self.teller.status(f"  {zones}   faults: {len(self.state.faults)}   {self.url}")
            await asyncio.sleep(0.5)


async def keys(number: int) -> AsyncIterator[str]:
    """What is typed at the terminal with this file number, a line at a time; ends with the input.

    It is read only when there is something: a pipe transport would switch the terminal, output too, to non-blocking.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    def typed() -> None:
        try:
            line = os.read(number, 1024)
        except OSError:  # the terminal is gone
            line = b""
        lines.put_nowait(line)
        if not line:
            loop.remove_reader(number)

    loop.add_reader(number, typed)
    try:
        while line := await lines.get():
            yield line.decode(errors="replace").strip().lower()[:1]
    finally:
        loop.remove_reader(number)


async def listen(show: Show) -> None:
    """Do what the keys say until q; without a terminal wait for ever."""
    if sys.stdin.isatty():
        async for key in keys(sys.stdin.fileno()):
            if key == "q":
                return
            if key in ORDERS:
                await show.order(key)
            elif key == "f":
                await show.stage()
            elif key == "e":
                show.end()
            elif key:
                show.teller.say(HELP)
    await asyncio.Event().wait()


async def perform(folder: Path, given: argparse.Namespace) -> int:
    """Run the demo; 0 when the alarm was reached."""
    teller = Teller()
    teller.say("EmberEye demo. It supplements certified fire detection and does not replace it.")
    teller.say("Rendering the scenes (the first time takes some seconds) ...")
    makes = (demo_takes()["quiet"], demo_takes(seed=2)["quiet"])
    hall, store = await asyncio.gather(*(asyncio.to_thread(take_clip, take, folder / "clips") for take in makes))
    flame = asyncio.create_task(asyncio.to_thread(take_clip, demo_takes()["flame"], folder / "clips"))
    plan = Plan(
        cameras={"hall": hall, "store": store},
        devices=("hall-ceiling", "store-ceiling"),
        zones={"hall": "Hall", "store": "Store room"},
        web_port=given.port,
    )
    teller.say("Starting broker, cameras, PF devices, and EmberEye under its supervisor ...")
    async with staged(plan, folder / "site") as site:
        show = Show(teller, site, hall, flame)
        await site.bus.hear(PanelState, show.on_state)
        await site.bus.follow(AlarmChanged, "demo", show.on_alarm)
        teller.say(f"Running. Page: {show.url}   MQTT: {site.broker.kind} on {site.broker.host}:{site.broker.port}")
        teller.say(f"A fire is staged in {given.fire_after:.0f} s. {HELP if teller.live else ''}")
        tasks = [asyncio.create_task(show.status()), asyncio.create_task(listen(show))]
        try:
            await _timeline(show, given, tasks[1])
        finally:
            await stopped(tasks)
            teller.say("Stopping ...")
    return 0 if show.alarmed.is_set() else 1


async def _timeline(show: Show, given: argparse.Namespace, listening: asyncio.Task[None]) -> None:
    """Stage the fire in time; end when told to."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(given.seconds or None):
            await asyncio.wait((listening,), timeout=given.fire_after)
            if not listening.done() and not show.burning:
                await show.stage()
            if given.until_alarm:
                await show.alarmed.wait()
            else:
                await asyncio.wait((listening,))


def command(words: list[str]) -> int:
    """The demo's own command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon demo")
    parser.add_argument("--fire-after", type=float, default=20.0, help="seconds until the fire (default 20)")
    parser.add_argument("--seconds", type=float, default=0.0, help="end after so many seconds (default: never)")
    parser.add_argument("--until-alarm", action="store_true", help="end when the alarm is reached")
    parser.add_argument("--port", type=int, default=8099, help="port of the page (default 8099)")
    parser.add_argument("--folder", type=Path, default=Path("data/demo"), help="where everything is kept")
    given = parser.parse_args(words)
    place = given.folder.resolve()
    with logged(place, "demo"):
        return asyncio.run(until_told(perform(place, given)))
