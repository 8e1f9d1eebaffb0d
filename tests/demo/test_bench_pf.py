"""The bench: its figures, its verdict, and a run of seconds with every real part."""

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from embereye_addon.demo import bench_pf, pf_hostile
from embereye_addon.demo.bench_pf import latencies, orders, phases, recovered_s, verdict
from embereye_addon.demo.bench_rig import Ears, settings
from embereye_addon.demo.pf_hostile import KINDS, crowd, pieces
from embereye_addon.messages import HotSpots
from embereye_addon.settings import schema


def given(**changes: object) -> argparse.Namespace:
    """A size."""
    size = {"devices": 7, "hz": 10.0, "seconds": 5.0, "settle": 3.0, "burst": 2.0, "hostile": 4.0, "good": 5}
    return argparse.Namespace(**size | {"loaders": 2, "strangers": 8} | changes)


def test_every_device_is_played_once() -> None:
    """Devices are shared out among the load's processes, also those of a phase with fewer."""
    found = orders(given(), 9001, 100.0)
    assert [(order.first, order.count) for order in found] == [(0, 3), (3, 4)]
    for index, phase in enumerate(phases(given())):
        assert sum(order.phases[index].devices for order in found) == phase.devices
    assert [phase.name for phase in phases(given()) if phase.hz] == ["settle", "steady", "burst", "recovery", "hostile"]


def test_the_site_is_one_a_user_could_have() -> None:
    """Settings that the product would refuse measure nothing."""
    site = schema.check(settings(100, 9001) | {"version": 1}, "site.json")
    assert len(site.devices) == 100
    assert len(site.zones) == 10


def test_a_warm_frame_is_found_by_the_first_finding_after_it() -> None:
    """Findings of before, of others and of much later are not its own."""
    ears = Ears(warm={"pf.load001": [9.0, 10.02, 10.2], "pf.load002": [10.01]})
    found, silent = latencies(ears, [("load001", 10.0), ("load003", 10.0), ("load002", 5.0)], 3.0)
    assert found == [pytest.approx(20.0)]
    assert silent == 2
    assert recovered_s(ears, [("load001", 10.0), ("load003", 10.3), ("load003", 10.1)], 9.9) == 0.4
    assert recovered_s(ears, [("load001", 10.0)], 9.9) == 0.0
    ears.on_spots(HotSpots(source="pf.a", node="n", max_c=30.0, median_c=29.0))
    ears.on_spots(HotSpots(source="pf.a", node="n", max_c=40.0, median_c=23.0))
    assert len(ears.warm["pf.a"]) == 1
    assert ears.spots == 2


def figures(judged: int) -> dict[str, object]:
    """A snapshot that holds every limit, but for how many of the good devices' frames were judged."""
    good = {"n": 100, "p95": 5.0}
    return {
        "size": {"devices": 100, "hz": 10.0},
        "steady": {
            "judged_a_second": 999.0,
            "gateway": {"unaccounted": 0},
            "send_to_heard_ms": good,
            "decision_ms": good,
            "never_heard": 0,
        },
        "burst_and_recovery": {"gateway": {"unaccounted": 0}},
        "hostile": {"sent": {"frames": 100}, "gateway": {"judged": judged}},
        "memory": {"growth_pct": 1.0, "burst_more_mib": 3.0},
        "recovered_s": 0.1,
    }


def test_the_verdict_is_a_line_for_each_limit() -> None:
    """A good device's lost frame fails the run and is named."""
    assert all(line.startswith("held") for line in verdict(figures(100)))
    (line,) = (line for line in verdict(figures(99)) if not line.startswith("held"))
    assert "good frames lost" in line


def test_strangers_are_of_every_kind() -> None:
    """Each kind of bad peer that the gateway must bear."""
    found = {kind: next(pieces(kind, 1))[0] for kind in KINDS}
    assert found["idle"] == b""
    assert len(found["drip"]) == 1
    assert len(found["oversize"]) > 8192
    assert found["garbage"]


async def test_strangers_dial_again() -> None:
    """One that is turned away comes back, and all end when their time is over."""

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        met = await crowd("127.0.0.1", server.sockets[0].getsockname()[1], 4, 1.5)
    assert isinstance(met, Counter)
    assert met["connected"] >= 4
    assert met["turned_away"] >= 1


@pytest.mark.timeout(120)
def test_a_short_bench_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds of the real thing: frames are counted to the last one, latencies taken outside, the snapshot written."""
    out = tmp_path / "snapshot.json"
    size = ["--devices", "6", "--good", "3", "--strangers", "8", "--loaders", "2", "--hz", "5"]
    time = ["--settle", "4", "--seconds", "6", "--burst", "1", "--hostile", "3"]
    bench_pf.command([*size, *time, "--folder", str(tmp_path), "--out", str(out)])
    found = json.loads(out.read_text())
    assert found["steady"]["sent"]["frames"] == 180
    # of all parts together: a machine that stands still for seconds moves frames from one part into the next
    assert sum(found[part]["gateway"]["unaccounted"] for part in ("steady", "burst_and_recovery", "hostile")) <= 0
    assert found["steady"]["gateway"]["judged"] > 0
    assert {"pf_gateway", "panel", "nats-server", "generator"} <= set(found["steady"]["cpu_pct"])
    assert found["strangers"]["connected"] >= 8
    assert "frames judged a second" in capsys.readouterr().out


def test_the_crowds_own_command(tmp_path: Path) -> None:
    """A port where nobody listens is no error: strangers do not mind."""
    assert pf_hostile.command(["1", "2", "0.3", str(tmp_path / "met.json")]) == 0
    assert (tmp_path / "met.json").exists()
