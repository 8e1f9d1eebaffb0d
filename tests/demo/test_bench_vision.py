"""The vision bench: its figures, its drawings, and a run of seconds with every real part."""

import json
import stat
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from embereye_addon.demo import bench_drawing, bench_plain, bench_vision
from embereye_addon.demo.bench_plain import Plain, Reader
from embereye_addon.demo.bench_shard import Found
from embereye_addon.demo.bench_streams import Streams, clips, from_middle, pictures_of, takes
from embereye_addon.demo.bench_vision import Part, events, figures_of, parsed, sizes_of, summed
from tests.fakes.cameras import grey_clip, keep_clip


def found(at_s: float, decoded: int, **fields: object) -> Found:
    """A mark with one camera."""
    row = {
        "received": decoded + 5,
        "decoded": decoded,
        "offered": decoded,
        "looked": decoded // 10,
        "shed": 3,
        "dropped": 2,
    }
    given = {
        "mono_s": at_s,
        "cpu_s": decoded / 1000.0,
        "cpu_by": {"demux": decoded / 10000.0, "decode": decoded / 2000.0},
        "rss_mib": 100.0,
        "cameras": {"cam.a": {**row, "step": 1}},
        "offered_ms": [1.0, 2.0, 3.0],
        "looked_ms": [9.0],
        "fires": [],
        "faults": [],
    }
    return Found(**given | fields)  # type: ignore[arg-type]


def test_figures_are_of_what_was_between_the_marks() -> None:
    """CPU and frames from before the part, and other processes', are not in it."""
    part = Part(10.0, [found(5.0, 1000)], [found(15.0, 2000)], 0.5, {})
    figures = figures_of(part, [60.0])
    assert figures["cpu_ms_a_frame"] == 1.0
    assert figures["cpu_ms_a_frame_by"] == {"demux": 0.1, "decode": 0.5}
    assert figures["a_second"] == {
        "received": 100.0,
        "decoded": 100.0,
        "offered": 100.0,
        "looked": 10.0,
    } | dict.fromkeys(("shed", "dropped", "rejected"), 0.0)
    assert (figures["cores"], figures["load_cores"]) == (0.1, 0.05)
    assert figures["mib_a_camera"] == 40.0
    assert figures["heuristic_ms"]["n"] == 3
    assert figures["steps"] == {"1": 1}
    assert summed(part, "decoded") == {"cam.a": 1000}


def test_a_fire_is_seen_once_and_in_its_own_camera() -> None:
    """What is seen before it burns, or elsewhere, is no success but a false look."""
    fires = [("cam.a", 9.0), ("cam.a", 12.5), ("cam.a", 13.0), ("cam.b", 11.0)]
    part = Part(10.0, [found(5.0, 1)], [found(15.0, 2, fires=fires)], 0.0, {"cam.a": 10.0, "cam.c": 11.0})
    assert events(part) == {"staged": 2, "missed": 1, "seen_after_s": [2.5], "cameras_taken_for_a_fire": 1}


def test_a_machine_can_be_asked_for_less() -> None:
    """The command line as the manual gives it."""
    given = parsed(["--cameras", "4", "--seconds", "10", "--sizes", "320x240"])
    assert (given.cameras, given.seconds, given.sizes) == (4, 10.0, [(320, 240)])
    assert given.looks
    assert parsed(["--no-looks"]).looks is False
    assert parsed(["--still"]).still
    assert takes(15.0, 0, still=True)["quiet"] != takes(15.0, 0)["quiet"]
    assert sizes_of("640x480,320x240") == [(640, 480), (320, 240)]


def test_cameras_show_different_moments() -> None:
    """Key frames that all come together are a load that no site has."""
    clip = grey_clip(60, 20.0, 5.0)
    turned = from_middle(clip, 0.5)
    assert turned.packets[0].keyframe
    assert turned.packets[0].payload != clip.packets[0].payload
    assert sorted(packet.payload for packet in turned.packets) == sorted(packet.payload for packet in clip.packets)
    assert [packet.pts_s for packet in turned.packets] == pytest.approx([packet.pts_s for packet in clip.packets])
    assert from_middle(clip, 0.0) is clip


def test_small_streams_are_made_of_the_large_ones(tmp_path: Path) -> None:
    """The same rooms at 320x240, kept after the first time."""
    for take in takes(5.0, 0).values():
        keep_clip(tmp_path, take)
    order = Streams(cameras=(0,), fps=5.0, width=320, height=240, rooms=1, cache=str(tmp_path))
    small = clips(order, 0)
    assert {(clip.width, clip.height) for clip in small.values()} == {(320, 240)}
    assert pictures_of(small["quiet"])[0].shape == (240, 320, 3)
    assert clips(order, 0) == small


def test_the_drawings_are_drawings(tmp_path: Path) -> None:
    """A picture in the manual that no browser shows is worse than none."""
    quiet = figures_of(Part(10.0, [found(5.0, 1000)], [found(15.0, 2000)], 0.5, {}), [60.0])
    run = {"sizes": {"640x480": {"many": {"quiet": quiet, "fires": quiet}, "cv2": {"quiet": quiet, "fires": quiet}}}}
    for file in bench_drawing.drawn(run, tmp_path):
        assert ET.fromstring(file.read_text()).tag.endswith("svg")
    lines = bench_drawing.table(run)
    assert len(lines) == 4
    assert all(line.count("|") == len(bench_drawing.COLUMNS) + 1 for line in lines)
    assert ET.fromstring(bench_drawing.bars("nothing", [], "ms")) is not None


def test_a_pipe_gives_whole_pictures(tmp_path: Path) -> None:
    """What an ffmpeg process writes is cut into pictures; its end is the end."""
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.buffer.write(bytes(range(256)) * 9)\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    reader = Reader("cam.a", "rtsp://127.0.0.1/x")
    pictures = reader.by_pipe(Plain(urls={}, width=16, height=16, ffmpeg=str(program)))
    reader.run(pictures, lambda picture: 1.0 if picture.shape == (16, 16, 3) else 0.0)
    assert (reader.pictures, len(reader.fires)) == (3, 3)
    told = bench_plain.found([reader])
    assert told["cameras"] == {"cam.a": {"decoded": 3, "looked": 3}}
    reader.end()
    assert reader.process is not None
    assert reader.process.stdout is not None
    reader.process.stdout.close()


@pytest.mark.timeout(150)
def test_a_short_bench_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds of the real thing: RTSP, shard, model, the yardstick, the table and the drawings."""
    for take in takes(5.0, 0).values():
        keep_clip(tmp_path, take)
    out = tmp_path / "vision.json"
    size = ["--cameras", "2", "--shards", "1", "--fps", "5", "--sizes", "640x480", "--rooms", "1", "--plain", "1"]
    time = ["--seconds", "2", "--settle", "2", "--fires", "1", "--within", "0", "--plain-seconds", "1", "--ffmpeg", ""]
    places = ["--cache", str(tmp_path), "--out", str(out), "--plots", str(tmp_path)]
    assert bench_vision.command([*size, *time, *places]) == 0
    told = json.loads(out.read_text())["sizes"]["640x480"]
    assert set(told) == {"many", "few", "cv2"}
    assert told["many"]["quiet"]["a_second"]["decoded"] > 0
    assert told["many"]["quiet"]["cpu_ms_a_frame"] > 0
    assert told["many"]["fires"]["events"]["staged"] == 1
    assert told["cv2"]["quiet"]["cameras"] == 1
    text = capsys.readouterr().out
    assert "CPU ms/frame" in text
    assert (tmp_path / "bench-vision-cpu.svg").exists()
