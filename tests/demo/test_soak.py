"""The soak: its figures, its verdict, and a run of seconds with every real part."""

import argparse
import json
import time
from pathlib import Path

import pytest

from embereye_addon.demo import soak
from embereye_addon.demo.clips import Take
from embereye_addon.demo.scenes import FLAME_GROWS_S
from embereye_addon.demo.soak import (
    Watch,
    clips,
    plan,
    report,
    verdict,
)
from embereye_addon.messages import LinkState, PanelState, SourceHealth, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.publish.mqtt import Incoming
from tests.fakes.cameras import grey_clip, keep_clip
from tests.processes.world import beat


def event(zone: str, kind: str = "alarm", at: str = "") -> Incoming:
    """An event as the broker delivers it."""
    text = at or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(utc_s()))
    return Incoming(
        f"embereye/zone/{zone}/event", json.dumps({"event_type": kind, "at": text}).encode(), retained=False
    )


def test_alarms_are_told_from_false_ones() -> None:
    """An alarm in a zone that burns is measured, one in another zone is false, and noise on the topic is neither."""
    watch = Watch()
    watch.burning_s["cam1"] = time.monotonic() - 2.0
    watch.on_event(event("cam1"))
    watch.on_event(event("pf1"))
    watch.on_event(event("pf2", "pre_alarm"))
    for payload in (b"", b"{", b"[]", b'{"event_type": "alarm"}', b'{"event_type": "alarm", "at": 7}'):
        watch.on_event(Incoming("embereye/zone/x/event", payload, retained=False))
    assert watch.false_alarms == ["pf1"]
    assert len(watch.latencies_ms["camera"]) == len(watch.latencies_ms["pf"]) == 1
    assert 0.0 <= watch.latencies_ms["camera"][0] < 5000.0
    assert watch.fire_to_alarm_s["camera"][0] >= 2.0
    assert watch.alarmed == {"cam1", "pf1"}


def test_what_processes_and_sources_say_is_kept() -> None:
    """Memory over time, and the newest counters; a new process number is a restart."""
    watch = Watch()
    watch.on_process(beat("node1.panel"))
    watch.on_process(beat("node1.panel"))
    watch.on_source(SourceHealth(source="cam.a", node="node1", state=LinkState.ONLINE, received=7))
    state = PanelState(source="panel", revision=1, state=ZoneState.NORMAL, zones=(), faults=())
    watch.on_state(state)
    assert len(watch.memory_mib["panel"]) == 2
    assert watch.pids == {"panel": {1}}
    assert watch.sources["cam.a"].received == 7
    assert watch.state is state


def figures(p95: float = 80.0) -> dict[str, object]:
    """A snapshot that holds every limit, but for what is asked for."""
    return {
        "alarm_ms": {"all": {"n": 120, "p95": p95}},
        "fire_to_alarm_s": {},
        "pf_decision_ms": {"n": 120, "p95": 6.0},
        "missed_fires": [],
        "false_alarms": [],
        "cameras": {"cam1": {"dropped_pct": 0.5}},
        "processes": {"panel": {"memory_growth_pct": 1.0, "restarts": 0}},
    }


def test_the_verdict_is_a_line_for_each_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit that did not hold fails the run and says which; an earlier run is compared number by number."""
    assert all(line.startswith("held") for line in verdict(figures()))
    late = [line for line in verdict(figures(200.0)) if not line.startswith("held")]
    assert len(late) == 1
    assert "alarm end to end" in late[0]
    before = tmp_path / "before.json"
    before.write_text(json.dumps(figures(40.0)))
    given = argparse.Namespace(out=tmp_path / "new" / "now.json", compare=before)
    assert report(figures(), given) == 0
    assert report(figures(200.0), given) == 1
    out = capsys.readouterr().out
    assert "alarm_ms.all.p95" in out
    assert "+100.0 %" in out
    assert json.loads(given.out.read_text()) == figures(200.0)
    assert verdict(figures() | {"alarm_ms": {"all": {"n": 0}}, "pf_decision_ms": {"n": 0}})


def test_every_source_has_a_zone_of_its_own() -> None:
    """Only so is it known which path an alarm came by."""
    given = argparse.Namespace(cameras=3, devices=2, hz=10.0, shards=1)
    made = plan(given, grey_clip(60))
    assert list(made.zones) == ["cam1", "cam2", "cam3", "pf1", "pf2"]
    assert made.period_s == 0.1


def keep(cache: Path, fps: float) -> None:
    """Clips of a second in the place of the soak's own."""
    settled_s = FLAME_GROWS_S + 1.0
    keep_clip(cache, Take("quiet", 2.0, 6.0, 0.0, 1, 1e9, fps))
    keep_clip(cache, Take("flame", 0.0, settled_s + 3.0, settled_s, 1, 0.0, fps))


@pytest.mark.timeout(120)
def test_a_short_soak_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds of the real thing: fires are staged, alarms measured outside the product, and the snapshot is written."""
    keep(tmp_path / "clips", 5.0)
    assert set(clips(5.0, tmp_path / "clips")) == {"quiet", "flame"}
    out = tmp_path / "snapshot.json"
    words = ["--folder", str(tmp_path), "--cameras", "1", "--devices", "1", "--fps", "5", "--hz", "5"]
    assert soak.command([*words, "--minutes", "0.2", "--settle", "5", "--out", str(out)]) == 1, (
        "too few alarms to judge"
    )
    found = json.loads(out.read_text())
    assert found["alarm_ms"]["all"]["n"] >= 1
    assert found["false_alarms"] == []
    assert found["cameras"]["cam1"]["received"] > 0
    assert found["devices"]["pf1"]["received"] > 0
    assert found["pf_decision_ms"]["n"] >= 1
    assert {"panel", "detector", "pf_gateway", "supervisor"} <= {name.partition("-")[0] for name in found["processes"]}
    assert found["processes"]["panel"]["restarts"] == 0
    printed = capsys.readouterr().out
    assert "NOT    alarms measured" in printed
    assert "held   process restarts" in printed
