"""Metrics: the limits can be read from them, also over several processes and restarts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import Histogram
from prometheus_client.parser import text_string_to_metric_families

from embereye_addon.observe import metrics

ROOT = Path(__file__).resolve().parents[2]


def values(text: str) -> dict[str, float]:
    """Every sample with its labels, as a scraper reads it."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def child(folder: Path | None, process: str, code: str) -> str:
    """What a process of this name prints."""
    env = {**os.environ, "EMBEREYE_PROCESS": process} | ({"PROMETHEUS_MULTIPROC_DIR": str(folder)} if folder else {})
    done = subprocess.run(
        [sys.executable, "-c", f"from embereye_addon.observe import metrics as m; {code}"],
        env=env,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("histogram", "limit_s"),
    [
        (metrics.ALARM_LATENCY.labels("camera"), 0.15),
        (metrics.PF_DECISION, 0.025),
        (metrics.FAULT_DELAY.labels("pf"), 30.0),
        (metrics.RESTART.labels("web"), 30.0),
    ],
)
def test_every_limit_is_a_bucket_border(histogram: Histogram, limit_s: float) -> None:
    """Whether a limit was kept can be read exactly, not guessed between two buckets."""
    assert limit_s in histogram._upper_bounds


def test_one_process_shows_what_it_counted() -> None:
    """A value that was counted stands in the text that Prometheus reads."""
    metrics.PF_PACKETS.labels("pf.metrics-test").inc(3)
    seen = values(metrics.render().decode())
    assert seen["embereye_pf_packets_total[('device', 'pf.metrics-test')]"] == 3.0
    metrics.forget("web")


def test_processes_are_added_up_and_survive_a_restart(tmp_path: Path) -> None:
    """The page's /metrics shows all processes; a restarted one goes on counting and leaves no files behind."""
    look = "m.FRAMES_LOOKED.labels('dock').inc(2); m.RSS.labels('detector_0').set(7); m.FRAME_LOOK.observe(0.004)"
    child(tmp_path, "detector_0", look)
    files = sorted(path.name for path in tmp_path.iterdir())
    child(tmp_path, "detector_0", look)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    child(tmp_path, "detector_1", "m.FRAMES_LOOKED.labels('dock').inc(5)")
    seen = values(child(tmp_path, "web", "print(m.render().decode())"))
    assert seen["embereye_frames_looked_total[('camera', 'dock')]"] == 9.0
    assert seen["embereye_frame_look_seconds_bucket[('le', '0.005')]"] == 2.0
    assert seen["embereye_process_memory_mebibytes[('process', 'detector_0')]"] == 7.0
    text = child(tmp_path, "supervisor", "m.forget('detector_0'); print(m.render().decode())")
    gone = values(text)
    assert "embereye_process_memory_mebibytes[('process', 'detector_0')]" not in gone
    assert gone["embereye_frames_looked_total[('camera', 'dock')]"] == 9.0


def test_a_process_without_a_name_takes_its_number(tmp_path: Path) -> None:
    """A process run by hand beside the others does not write into their files."""
    child(tmp_path, "", "m.LOG_LOSSES.inc()")
    assert [path.name.partition("_")[2].removesuffix(".db").isdigit() for path in tmp_path.glob("counter*")] == [True]
