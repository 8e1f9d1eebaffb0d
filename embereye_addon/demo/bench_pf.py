"""make bench-pf: many PF devices at full rate into the real gateway process on one core, then a burst, then strangers.

Real nats-server, gateway and panel processes, real TCP. The load comes from processes of its own, on other cores, and
its CPU is told apart. Frames are counted exactly: after each part the devices pause until every counter has settled, so
what was sent is what was judged and what was dropped, to the frame. Latency is taken outside the product: from the
moment before a device sends a frame with a warm thing to the moment its finding is heard on the bus.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import msgspec

from embereye_addon import __version__
from embereye_addon.demo import figures
from embereye_addon.demo.bench_rig import GATEWAY, Ears, Mark, Rig, playing, rig
from embereye_addon.demo.figures import growth_pct, histogram_quantiles, quantiles
from embereye_addon.demo.pf_load import LOOP, Order, Phase, Sent
from embereye_addon.demo.site import logged, until_told
from embereye_addon.observe.clock import utc_s

HEARD_WITHIN_S = 3.0
PAUSE_S = 5.0
"""Longer than two health reports are apart."""
DIAL_S = 3.0
RECOVERY_S = 2.0
LATE_MS = 25.0
AT_ONCE_S = 0.5
BURST = 10.0
"""So many times the usual rate."""


def phases(given: argparse.Namespace) -> tuple[Phase, ...]:
    """The parts of a run, each but the burst followed by a pause in which the counters settle."""
    many, few = given.devices, min(given.devices, given.good)
    parts = [("settle", given.settle, given.hz, many), ("steady", given.seconds, given.hz, many)]
    found = [phase for part in parts for phase in (Phase(*part), Phase(f"after {part[0]}", PAUSE_S, 0.0, 0))]
    found += [Phase("burst", given.burst, given.hz * BURST, many), Phase("recovery", given.burst, given.hz, many)]
    found += [Phase("after recovery", PAUSE_S, 0.0, 0)]
    found += [Phase("hostile", given.hostile, given.hz, few), Phase("after hostile", PAUSE_S, 0.0, 0)]
    return tuple(found)


def orders(given: argparse.Namespace, port: int, start_s: float) -> list[Order]:
    """The load's processes, each with its share of the devices."""
    found, first = [], 0
    for number in range(given.loaders):
        count = (given.devices - first) // (given.loaders - number)
        mine = tuple(
            msgspec.structs.replace(phase, devices=max(0, min(count, phase.devices - first))) for phase in phases(given)
        )
        found.append(Order(host="127.0.0.1", port=port, first=first, count=count, start_mono_s=start_s, phases=mine))
        first += count
    return found


async def run(found: Rig, given: argparse.Namespace) -> dict[str, Any]:
    """Play every phase and note where everything stands between them."""
    path = found.folder.path
    start_s = time.monotonic() + DIAL_S + 0.01 * given.devices
    marks: dict[str, Mark] = {}
    async with contextlib.AsyncExitStack() as stack:
        loads = []
        for number, order in enumerate(orders(given, found.port, start_s)):
            (path / f"order{number}.json").write_bytes(msgspec.json.encode(order))
            words = ["embereye_addon.demo.pf_load", str(path / f"order{number}.json"), str(path / f"sent{number}.json")]
            loads.append(await stack.enter_async_context(playing(words)))
        due_s = start_s
        for phase in phases(given):
            await asyncio.sleep(max(0.0, due_s - time.monotonic() - 0.05 * (phase.hz > 0.0)))
            marks[phase.name] = await asyncio.to_thread(found.mark)
            print(f"{phase.name}: {phase.devices} devices x {phase.hz:g} Hz for {phase.seconds:g} s", flush=True)
            if phase.name == "hostile":
                hostile = ["embereye_addon.demo.pf_hostile", str(found.port), str(given.strangers)]
                words = [*hostile, str(phase.seconds), str(path / "hostile.json")]
                loads.append(await stack.enter_async_context(playing(words)))
            due_s += phase.seconds
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        marks["end"] = await asyncio.to_thread(found.mark)
        await asyncio.wait_for(asyncio.gather(*(load.wait() for load in loads)), 30.0)
    sent = [msgspec.json.decode((path / f"sent{n}.json").read_bytes(), type=list[Sent]) for n in range(given.loaders)]
    hostile_met = json.loads((path / "hostile.json").read_text())
    return snapshot(found.ears, marks, {rows[0].name: list(rows) for rows in zip(*sent, strict=True)}, given) | {
        "strangers": hostile_met
    }


def latencies(ears: Ears, warm: list[tuple[str, float]], within_s: float) -> tuple[list[float], int]:
    """Milliseconds from sending to hearing of each warm frame, and how many were not heard before the next."""
    found, silent = [], 0
    for device, sent_s in warm:
        heard = [at_s for at_s in ears.warm.get(f"pf.{device}", ()) if sent_s <= at_s < sent_s + within_s]
        if heard:
            found.append(1000.0 * (heard[0] - sent_s))
        else:
            silent += 1
    return found, silent


def recovered_s(ears: Ears, warm: list[tuple[str, float]], ended_s: float) -> float:
    """How long after the burst's end a frame was sent that was heard too late, or never; 0 when none was."""
    late = [sent_s for row in warm if (sent_s := row[1]) and latencies(ears, [row], LATE_MS / 1000.0)[1]]
    return round(max(late) - ended_s, 2) if late else 0.0


def part(ears: Ears, sent: list[Sent], hz: float, marks: tuple[Mark, Mark, Mark]) -> dict[str, Any]:
    """One phase from one mark to another: what was sent and what became of it (counted up to a third), and how late."""
    began, ended, until = marks
    within_s = 0.9 * LOOP / max(1.0, hz)
    warm, silent = latencies(ears, [each for row in sent for each in row.warm], within_s)
    seconds = ended.at_s - began.at_s
    grown = {name: until.totals[name] - began.totals[name] for name in began.totals}
    frames = sum(row.frames for row in sent)
    return {
        "seconds": round(seconds, 2),
        "sent": {
            "frames": frames,
            "inputs": sum(row.inputs for row in sent),
            "held_back_by_devices": sum(row.held_back for row in sent),
            "generator_late_ms": max(row.late_ms for row in sent),
        },
        "gateway": grown | {"unaccounted": frames - grown["judged"] - grown["dropped"]},
        "judged_a_second": round(grown["judged"] / seconds, 1),
        "send_to_heard_ms": quantiles(warm),
        "never_heard": silent,
        "decision_ms": histogram_quantiles(ended.metrics, "embereye_pf_decision_seconds", began.metrics),
        "cpu_pct": {name: round(100.0 * (ended.cpu_s[name] - began.cpu_s[name]) / seconds, 1) for name in ended.cpu_s}
        | {"generator": round(100.0 * sum(row.cpu_s for row in sent) / seconds, 1)},
    }


def snapshot(
    ears: Ears, marks: dict[str, Mark], sent: dict[str, list[Sent]], given: argparse.Namespace
) -> dict[str, Any]:
    """Everything that was measured."""
    names = list(marks)

    def of(name: str, until: str) -> dict[str, Any]:
        hz = given.hz * (BURST if name == "burst" else 1.0)
        return part(ears, sent[name], hz, (marks[name], marks[names[names.index(name) + 1]], marks[until]))

    memory = ears.memory_mib[GATEWAY]
    steady, calm = marks["steady"].at_s, [mib for at_s, mib in memory if at_s < marks["burst"].at_s]
    ended_s = marks["recovery"].at_s
    first = [each for row in sent["recovery"] for each in row.warm if each[1] < ended_s + RECOVERY_S]
    return {
        "version": __version__,
        "size": {name: getattr(given, name) for name in ("devices", "hz", "seconds", "strangers", "good", "loaders")},
        "machine": {"cores": os.cpu_count(), "machine": platform.machine(), "load": os.getloadavg(), "at": utc_s()},
        "steady": of("steady", "burst"),
        "burst": of("burst", "recovery"),
        "burst_and_recovery": part(
            ears,
            [*sent["burst"], *sent["recovery"]],
            given.hz * BURST,
            (marks["burst"], marks["after recovery"], marks["hostile"]),
        ),
        "after_burst_ms": quantiles(latencies(ears, first, HEARD_WITHIN_S)[0]),
        "recovered_s": recovered_s(ears, first, ended_s),
        "hostile": of("hostile", "end"),
        "memory": {
            "gateway_mib": memory[-1][1],
            "growth_pct": growth_pct([row for row in memory if row[0] < marks["burst"].at_s], steady),
            "burst_more_mib": round(max(mib for _, mib in memory) - calm[-1], 1),
        },
        "loop_lag_ms": ears.lag_ms,
    }


def verdict(found: dict[str, Any]) -> list[str]:
    """The limits of the bench and whether each held."""
    steady, burst, hostile = found["steady"], found["burst_and_recovery"]["gateway"], found["hostile"]
    rate = found["size"]["devices"] * found["size"]["hz"]
    lost = hostile["sent"]["frames"] - hostile["gateway"]["judged"]
    heard, decided = steady["send_to_heard_ms"], steady["decision_ms"]
    memory, again = found["memory"], found["recovered_s"]
    limits: list[figures.Limit] = [
        ("frames judged a second", steady["judged_a_second"], steady["judged_a_second"] >= 0.995 * rate, f"{rate:g}"),
        ("frames unaccounted for", steady["gateway"]["unaccounted"], not steady["gateway"]["unaccounted"], "0"),
        ("sent until heard on the bus, P95 ms", heard.get("p95"), heard.get("p95", 1e9) < 25, "below 25"),
        ("received until decided, P95 ms", decided.get("p95"), decided.get("p95", 1e9) < 25, "below 25"),
        ("warm frames never heard", steady["never_heard"], not steady["never_heard"], "0"),
        ("memory growth, gateway, %", memory["growth_pct"], memory["growth_pct"] < 10, "below 10"),
        ("burst: frames unaccounted for", burst["unaccounted"], not burst["unaccounted"], "0"),
        ("burst: more memory, MiB", memory["burst_more_mib"], memory["burst_more_mib"] < 32, "below 32"),
        ("after the burst, s until in time again", again, again <= AT_ONCE_S, f"at most {AT_ONCE_S:g}"),
        ("strangers: good frames lost", lost, lost == 0, "0"),
    ]
    return figures.verdict_lines(limits)


async def perform(given: argparse.Namespace, folder: Path) -> int:
    """Run the bench and write its snapshot; 0 when every limit held."""
    async with rig(given, folder / "site") as found:
        measured = await run(found, given)
    shown = ("steady", "burst", "after_burst_ms", "recovered_s", "hostile", "memory")
    return await asyncio.to_thread(figures.report, measured, shown, verdict(measured), given)


def command(words: list[str]) -> int:
    """The bench's own command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m embereye_addon bench-pf")
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="the measured part at the usual rate")
    parser.add_argument("--settle", type=float, default=15.0, help="warm-up before it")
    parser.add_argument("--burst", type=float, default=10.0, help="seconds at ten times the rate")
    parser.add_argument("--hostile", type=float, default=20.0, help="seconds beside strangers")
    parser.add_argument("--strangers", type=int, default=200)
    parser.add_argument("--good", type=int, default=20, help="devices that send beside the strangers")
    parser.add_argument("--loaders", type=int, default=2, help="processes of the load")
    parser.add_argument("--out", type=Path, default=Path("data/bench_pf/snapshot.json"))
    parser.add_argument("--compare", type=Path, default=None, help="an earlier snapshot")
    parser.add_argument("--folder", type=Path, default=Path("data/bench_pf"), help="where everything is kept")
    given = parser.parse_args(words)
    place = given.folder.resolve()
    with logged(place, "bench"):
        return asyncio.run(until_told(perform(given, place)))
