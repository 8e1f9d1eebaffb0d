"""make soak: a measured load of any size and length, with staged fires, written as a JSON snapshot.

Every camera and every PF device has a zone of its own, so that each alarm's path is known. A fire is staged in one
zone after the other; when its alarm was acknowledged by the broker the fire ends, and once the evidence is gone the
zone is reset. Latency is taken outside the product, by an MQTT client of its own: from the `at` of the frame or packet
that decided (its arrival) to the arrival of the alarm event at that client.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from embereye_addon import __version__
from embereye_addon.bus.server import free_port
from embereye_addon.demo import figures
from embereye_addon.demo.clips import EncodedClip, Take, take_clip
from embereye_addon.demo.figures import growth_pct, histogram_quantiles, quantiles
from embereye_addon.demo.scenes import FLAME_GROWS_S
from embereye_addon.demo.site import Plan, Staged, logged, staged, until_told
from embereye_addon.errors import BusError
from embereye_addon.messages import PanelState, ProcessHealth, Reset, SourceHealth, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.tasks import stopped
from embereye_addon.publish.mqtt import Ends, Incoming, Mqtt
from embereye_addon.settings import model

WARM_UP_SHARE = 0.2
BURN_LIMIT_S = 45.0
"""A staged fire that is not alarmed within this is missed, and counted."""


@dataclass(slots=True)
class Watch:
    """What was seen from outside."""

    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: {"camera": [], "pf": []})
    fire_to_alarm_s: dict[str, list[float]] = field(default_factory=lambda: {"camera": [], "pf": []})
    missed: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    burning_s: dict[str, float] = field(default_factory=dict)
    memory_mib: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    cpu_pct: dict[str, list[float]] = field(default_factory=dict)
    sources: dict[str, SourceHealth] = field(default_factory=dict)
    pids: dict[str, set[int]] = field(default_factory=dict)
    alarmed: set[str] = field(default_factory=set)
    state: PanelState | None = None
    began_s: float = field(default_factory=time.monotonic)

    def on_process(self, health: ProcessHealth) -> None:
        """Memory and CPU over time."""
        name = health.source.partition(".")[2]
        at_s = time.monotonic() - self.began_s
        self.memory_mib.setdefault(name, []).append((at_s, health.rss_mib))
        self.cpu_pct.setdefault(name, []).append(health.cpu_pct)
        self.pids.setdefault(name, set()).add(health.pid)

    def on_source(self, health: SourceHealth) -> None:
        """The newest counters of each camera and device."""
        self.sources[health.source] = health

    def on_state(self, state: PanelState) -> None:
        """The newest state."""
        self.state = state

    def on_event(self, message: Incoming) -> None:
        """An alarm event arrived over MQTT."""
        now = utc_s()
        with contextlib.suppress(ValueError, KeyError, TypeError):
            body = json.loads(message.payload)
            if body["event_type"] != "alarm":
                return
            zone = message.topic.split("/")[-2]
            path = "camera" if zone.startswith("cam") else "pf"
            self.latencies_ms[path].append(1000.0 * (now - _at(body)))
            self.alarmed.add(zone)
            if zone in self.burning_s:
                self.fire_to_alarm_s[path].append(time.monotonic() - self.burning_s[zone])
            else:
                self.false_alarms.append(zone)


def _at(body: dict[str, Any]) -> float:
    """UTC seconds of the frame or packet that decided."""
    return datetime.fromisoformat(body["at"]).timestamp()


def clips(fps: float, cache: Path) -> dict[str, EncodedClip]:
    """A quiet loop and a fire at the wanted rate."""
    settled_s = FLAME_GROWS_S + 1.0
    takes = {
        "quiet": Take("quiet", 2.0, 6.0, 0.0, 1, 1e9, fps),
        "flame": Take("flame", 0.0, settled_s + 3.0, settled_s, 1, 0.0, fps),
    }
    return {name: take_clip(take, cache) for name, take in takes.items()}


def plan(given: argparse.Namespace, quiet: EncodedClip) -> Plan:
    """A zone for each camera and each device."""
    cameras = {f"cam{index + 1}": quiet for index in range(given.cameras)}
    devices = tuple(f"pf{index + 1}" for index in range(given.devices))
    return Plan(
        cameras=cameras,
        devices=devices,
        zones={name: name for name in (*cameras, *devices)},
        period_s=1.0 / given.hz,
        web_port=free_port(),
        shards=given.shards,
        gas=False,
    )


async def fires(site: Staged, watch: Watch, made: dict[str, EncodedClip], until_s: float) -> None:
    """Stage one fire after the other, a few at a time, and reset each when its evidence is gone."""
    zones = [zone["id"] for zone in site.settings["zones"]]
    free, cooling = deque(zones), deque[str]()
    while time.monotonic() < until_s:
        if free and len(watch.burning_s) < 2:
            zone = free.popleft()
            watch.alarmed.discard(zone)
            watch.burning_s[zone] = time.monotonic()
            _light(site, zone, made["flame"])
        for zone, since_s in tuple(watch.burning_s.items()):
            late = time.monotonic() - since_s > BURN_LIMIT_S
            if zone in watch.alarmed or late:
                if late:
                    watch.missed.append(zone)
                _put_out(site, zone, made["quiet"])
                del watch.burning_s[zone]
                cooling.append(zone)
        for zone in tuple(cooling):
            if await _reset(site, watch, zone):
                cooling.remove(zone)
                free.append(zone)
        await asyncio.sleep(0.25)


def _light(site: Staged, zone: str, flame: EncodedClip) -> None:
    if zone in site.devices:
        site.devices[zone].stage_fire()
    else:
        site.rtsp.play(zone, flame)


def _put_out(site: Staged, zone: str, quiet: EncodedClip) -> None:
    if zone in site.devices:
        site.devices[zone].end_fire()
    else:
        site.rtsp.play(zone, quiet)


async def _reset(site: Staged, watch: Watch, zone: str) -> bool:
    """Whether the zone is normal again; asks for a reset only when its evidence has sunk."""
    status = next((row for row in watch.state.zones if row.zone == zone), None) if watch.state else None
    if status is None or status.state is ZoneState.NORMAL:
        return status is not None
    if status.score_pct > 30.0:
        return False
    with contextlib.suppress(BusError):
        await site.bus.ask(Reset(by="soak", way="api", target=zone))
    return False


def snapshot(site: Staged, watch: Watch, given: argparse.Namespace, metrics: str) -> dict[str, Any]:
    """Everything that was measured."""
    sent = {row.path: row.frames_sent for row in site.rtsp.counts()}
    seconds = time.monotonic() - watch.began_s
    cameras, devices = {}, {}
    for source, health in sorted(watch.sources.items()):
        ident = source.partition(".")[2]
        row = {
            "received": health.received,
            "dropped": health.dropped,
            "dropped_pct": round(100.0 * health.dropped / max(1, health.received), 3),
            "rejected": health.rejected,
            "reconnects": health.reconnects,
            "rate_hz": round(health.received / seconds, 2),
        }
        if source.startswith("cam."):
            cameras[ident] = row | {"sent": sent.get(ident, 0)}
        else:
            devices[ident] = row | {"frames_sent": site.devices[ident].frames_sent}
    return {
        "version": __version__,
        "size": {name: getattr(given, name) for name in ("cameras", "fps", "devices", "hz", "minutes", "shards")},
        "machine": {"cores": os.cpu_count(), "machine": platform.machine(), "load": os.getloadavg()},
        "seconds": round(seconds, 1),
        "alarm_ms": {path: quantiles(values) for path, values in watch.latencies_ms.items()}
        | {"all": quantiles([value for values in watch.latencies_ms.values() for value in values])},
        "fire_to_alarm_s": {path: quantiles(values) for path, values in watch.fire_to_alarm_s.items()},
        "missed_fires": watch.missed,
        "false_alarms": watch.false_alarms,
        "pf_decision_ms": histogram_quantiles(metrics, "embereye_pf_decision_seconds"),
        "frame_look_ms": histogram_quantiles(metrics, "embereye_frame_look_seconds"),
        "cameras": cameras,
        "devices": devices,
        "processes": {
            name: {
                "cpu_pct": quantiles(watch.cpu_pct[name]),
                "memory_mib": samples[-1][1],
                "memory_growth_pct": growth_pct(samples, 60.0 * given.minutes * WARM_UP_SHARE),
                "restarts": len(watch.pids[name]) - 1,
            }
            for name, samples in sorted(watch.memory_mib.items())
        },
    }


def verdict(found: dict[str, Any]) -> list[str]:
    """The limits of a soak and whether each held."""
    worst = max((row["dropped_pct"] for row in found["cameras"].values()), default=0.0)
    growth = max((row["memory_growth_pct"] for row in found["processes"].values()), default=0.0)
    restarts = sum(row["restarts"] for row in found["processes"].values())
    alarm, decision = found["alarm_ms"]["all"], found["pf_decision_ms"]
    rows = [
        ("alarms measured", alarm["n"], alarm["n"] >= 100, "at least 100"),
        ("alarm end to end, P95 ms", alarm.get("p95"), alarm.get("p95", 1e9) < 150, "below 150"),
        ("PF decision, P95 ms", decision.get("p95"), decision.get("p95", 1e9) < 25, "below 25"),
        ("dropped frames, worst camera, %", worst, worst < 5, "below 5"),
        ("memory growth, worst process, %", growth, growth < 10, "below 10"),
        ("process restarts", restarts, restarts == 0, "0"),
        ("fires missed", len(found["missed_fires"]), not found["missed_fires"], "0"),
        ("alarms without a fire", len(found["false_alarms"]), not found["false_alarms"], "0"),
    ]
    return figures.verdict_lines(rows)


async def perform(given: argparse.Namespace, folder: Path) -> int:
    """Run a soak and write its snapshot; 0 when every limit held."""
    print("Rendering the scenes ...", flush=True)
    made = await asyncio.to_thread(clips, given.fps, folder / "clips")
    async with staged(plan(given, made["quiet"]), folder / "site") as site:
        watch = Watch()
        await site.bus.hear(ProcessHealth, watch.on_process)
        await site.bus.hear(SourceHealth, watch.on_source)
        await site.bus.hear(PanelState, watch.on_state)
        client = Mqtt(
            model.Mqtt(host=site.broker.host, port=site.broker.port),
            "soak",
            Ends("soak/status", ("embereye/zone/+/event",), watch.on_event, _nothing, _no_other),
        )
        listening = asyncio.create_task(client.run(), name="soak listener")
        await asyncio.sleep(given.settle)
        watch.began_s = time.monotonic()
        until_s = watch.began_s + 60.0 * given.minutes
        burning = asyncio.create_task(fires(site, watch, made, until_s), name="fires")
        try:
            await _progress(watch, until_s, burning)
            port = site.settings["web"]["port"]
            metrics = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/metrics")
            found = snapshot(site, watch, given, metrics)
        finally:
            await stopped([burning, listening])
    return await asyncio.to_thread(report, found, given)


def report(found: dict[str, Any], given: argparse.Namespace) -> int:
    """Write the snapshot, print the verdict and the comparison; 0 when every limit held."""
    shown = ("alarm_ms", "fire_to_alarm_s", "pf_decision_ms", "processes")
    return figures.report(found, shown, verdict(found), given)


async def _progress(watch: Watch, until_s: float, burning: asyncio.Task[None]) -> None:
    while not burning.done():
        counts = {path: len(values) for path, values in watch.latencies_ms.items()}
        left_s = max(0.0, until_s - time.monotonic())
        text = f"{left_s:5.0f} s left   alarms {counts}   missed {len(watch.missed)}   false {len(watch.false_alarms)}"
        print(text, end="\r" if sys.stdout.isatty() else "\n", flush=True)
        await asyncio.wait((burning,), timeout=2.0 if sys.stdout.isatty() else 30.0)
    burning.result()


def _get(url: str) -> str:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own page on the loopback
        return bytes(answer.read()).decode()


async def _nothing() -> None:
    """Nothing is greeted."""


async def _no_other() -> None:
    """No other broker."""


def command(words: list[str]) -> int:
    """The soak's own command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon soak")
    parser.add_argument("--cameras", type=int, default=5)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--shards", type=int, default=1, help="detector processes (default 1)")
    parser.add_argument("--settle", type=float, default=15.0, help="seconds before the first fire")
    parser.add_argument("--out", type=Path, default=Path("data/soak/snapshot.json"))
    parser.add_argument("--compare", type=Path, default=None, help="an earlier snapshot")
    parser.add_argument("--folder", type=Path, default=Path("data/soak"), help="where everything is kept")
    given = parser.parse_args(words)
    place = given.folder.resolve()
    with logged(place, "soak"):
        return asyncio.run(until_told(perform(given, place)))
