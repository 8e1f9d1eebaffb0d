"""The replay command: videos, captures and recorded traffic to the alarm."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from embereye_addon.__main__ import command
from embereye_addon.demo.scenes import render
from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.messages import ZoneState
from embereye_addon.tools.annotate import Annotated, plot
from tests.tools.samples import eeprom_text, frame_text

FPS = 5.0
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What the command printed since the last time, a line of JSON each."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="module")
def fire(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of a rendered room in which a fire begins after a second and grows."""
    path = tmp_path_factory.mktemp("clips") / "fire.mp4"
    with Annotated(path) as film:
        for step in range(int(14 * FPS)):
            film.add(step / FPS, np.asarray(render("flame", step / FPS, 1, 1.0), np.uint8), (), "")
    return path


@pytest.mark.timeout(120)
def test_a_fire_in_a_video_is_an_alarm_with_its_reasons(fire: Path, tmp_path: Path, lines: Lines) -> None:
    """Nobody can say what EmberEye would have done with last year's fire; or the picture of it shows nothing."""
    out = tmp_path / "out"
    assert command(["replay", "--json", "--out", str(out), str(fire)]) == 0
    *changes, summed = lines()
    assert [change["now"] for change in changes][-1] == "alarm"
    assert set(changes[0]) >= {"path", "t", "was", "now", "explanation"}
    assert changes[0]["explanation"]["shares"][0]["point"].startswith("cam.")
    assert (summed["worst"], summed["alarm_t"]) == ("alarm", changes[-1]["t"])
    assert (summed["pictures"], summed["seconds"]) == (70, 13.8)
    assert (out / "fire.mp4").stat().st_size > 10_000
    assert "polyline" in (out / "fire.svg").read_text()


@pytest.mark.timeout(120)
def test_settings_are_tried_before_they_are_applied(fire: Path, tmp_path: Path, lines: Lines) -> None:
    """A region that hides the fire is found out on the recording, not in the building."""
    site = tmp_path / "site.yaml"
    site.write_text(
        "zones: [{id: hall, name: Hall}]\n"
        "cameras: [{id: a, name: A, url: 'rtsp://127.0.0.1/a', zone: hall,"
        " regions: ['exclude all: 0,0 1,0 1,1 0,1']}]\n"
    )
    assert command(["replay", "--json", "--site", str(site), "--camera", "a", str(fire)]) == 0
    (summed,) = lines()
    assert (summed["worst"], summed["alarm_t"]) == ("normal", None)
    with pytest.raises(SettingsFileError, match="there is no camera 'b'; the cameras are: a"):
        command(["replay", "--site", str(site), "--camera", "b", str(fire)])


def test_a_capture_of_a_room_is_no_fire(tmp_path: Path, lines: Lines) -> None:
    """A PF device's recording is judged by the same path as its live stream."""
    capture = tmp_path / "capture.txt"
    rows = [f"00:00:{second:02d}.000\tD>H\t{frame_text()}" for second in range(4, 44, 4)]
    capture.write_text("\n".join((f"00:00:00.000\tD>H\t{eeprom_text()}", *rows)))
    assert command(["replay", "--json", str(capture)]) == 0
    (summed,) = lines()
    assert (summed["worst"], summed["seconds"]) == ("normal", 40.0)
    assert summed["looks"] >= 10


def test_recorded_traffic_is_heard_again(tmp_path: Path, lines: Lines) -> None:
    """What every source said that night leads to the same alarm, and a pre-alarm that cleared is told too."""
    evidence = {"point": "pf.a.thermal", "kind": "heat", "llr_nats": 3.0, "value": 70.0, "unit": "°C", "where": ""}
    hot = {**evidence, "cap_nats": 20.0, "rules": ["fixed_temperature_pre_alarm"]}
    cold = {**evidence, "llr_nats": -0.3, "value": 20.0, "cap_nats": 20.0, "rules": []}
    say = {"type": "HotSpots", "source": "pf.a", "node": "n", "max_c": 70.0, "median_c": 20.0}
    told = [{"t": 1.0, "say": {**say, "evidence": [hot]}}]
    told += [{"t": float(second), "say": {**say, "evidence": [cold]}} for second in range(2, 90)]
    traffic = tmp_path / "night.jsonl"
    traffic.write_text("\n".join(map(json.dumps, told)) + "\n\n")
    assert command(["replay", "--json", str(traffic)]) == 0
    begun, ended, summed = lines()
    assert (begun["now"], begun["t"]) == ("pre_alarm", 1.0)
    assert ended["now"] == "normal"
    assert (summed["worst"], summed["pre_alarm_t"]) == ("pre_alarm", 1.0)


@pytest.mark.timeout(120)
def test_the_page_is_told_how_far_it_is_and_gets_a_curve(fire: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An installer in front of a page that says nothing for minutes reloads it, and the change is seen in a plot."""
    assert command(["replay", "--json", "--curves", str(fire)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["played_s"] == 0.0
    assert rows[0]["of_s"] == pytest.approx(14.0, abs=0.5)
    (curved,) = [row for row in rows if "curve" in row]
    assert (curved["zone"], curved["pre_alarm_nats"], curved["alarm_nats"]) == ("replay", 11.0, 16.0)
    assert max(nats for _, nats in curved["curve"]) >= 16.0
    assert command(["replay", "--curves", str(fire)]) == 0


def test_what_cannot_be_played_is_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One bad file of many ends the run, or shows a traceback."""
    (tmp_path / "noise.mp4").write_bytes(b"no video" * 100)
    (tmp_path / "bad.jsonl").write_text('{"t": 1}\n')
    (tmp_path / "empty.txt").write_text("#Sensor without an end")
    (tmp_path / "dots.jsonl").write_text("")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    assert cv2.imwrite(str(tmp_path / "one.png"), np.zeros((1, 1, 3), np.uint8))
    assert cv2.imwrite(str(tmp_path / "room.png"), np.full((48, 64, 3), 90, np.uint8))
    wrong = {
        "noise.mp4": "cannot be read as video",
        "bad.jsonl": "line 1 is no recorded message",
        "gone.mp4": "There is no file",
        "empty.txt": "holds nothing that can be played",
        "dots.jsonl": "holds nothing that can be played",
        "folder.mp4": "cannot be read: Is a directory",
        "loop.mp4": "symbolic links",
        "one.png": "1x1 are too small",
    }
    words = [str(tmp_path / name) for name in (*wrong, "room.png")]
    assert command(["replay", "--json", "--curves", "--out", str(tmp_path / "out"), *words]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {Path(row["path"]).name: row["error"] for row in rows if "error" in row}
    assert told.keys() == wrong.keys()
    for name, part in wrong.items():
        assert part in told[name]
    assert (rows[-1]["path"], rows[-1]["pictures"]) == (words[-1], 1)


def test_an_annotated_video_that_cannot_be_written_is_words(tmp_path: Path) -> None:
    """A full or forbidden folder ends the run with a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        Annotated(tmp_path / "file" / "clip.mp4")


def test_the_plot_of_nothing_and_of_much() -> None:
    """A recording without a picture, or of an hour, gives a broken drawing."""
    assert plot("<a&b>", [], (11.0, 16.0)).count("&lt;a&amp;b&gt;") == 1
    curve = [(float(second), 20.0 * (second > 1800), ZoneState.ALARM) for second in range(3600)]
    assert plot("hour", curve, (11.0, 16.0)).count("<text") < 30
