"""The detect command: pictures in, a line each out."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from embereye_addon.__main__ import command
from embereye_addon.detect.model import WEIGHTS

FIRE, QUIET = WEIGHTS / "reference_fire.jpg", WEIGHTS / "reference_quiet.jpg"


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines of JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_fire_and_a_quiet_room(capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts that sort pictures by these lines would sort them wrongly."""
    assert command(["detect", "--json", str(FIRE), str(QUIET)]) == 0
    fire, quiet = said(capsys)
    assert set(fire) == {"path", "fire", "smoke", "items"}
    assert fire["path"] == str(FIRE)
    assert fire["fire"] > 0.7 > 0.3 > quiet["fire"]  # type: ignore[operator]
    first = fire["items"][0]  # type: ignore[index]
    assert first["label"] == "fire"
    left, top, right, bottom = first["box"]
    assert 0.0 <= left < right <= 1.0
    assert 0.0 <= top < bottom <= 1.0
    assert quiet["items"] == []


def test_a_folder_and_what_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One broken file among thousands ends the run, or is passed over in silence."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.JPG").write_bytes(FIRE.read_bytes())
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not looked at")
    assert command(["detect", "--json", str(tmp_path), str(tmp_path / "gone.jpg")]) == 1
    lines = said(capsys)
    assert [Path(str(line["path"])).name for line in lines] == ["a.png", "b.JPG", "empty.jpg", "gone.jpg"]
    assert "no picture" in str(lines[0]["error"])
    assert "fire" in lines[1]
    assert "no picture" in str(lines[2]["error"])
    assert "There is no file" in str(lines[3]["error"])


def test_any_shape_and_words_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A panorama, a tiny crop or a grey picture must be answered too, and a person can read the answer."""
    for name, shape in (("wide", (40, 2000, 3)), ("tiny", (3, 5, 3)), ("grey", (300, 300)), ("large", (3000, 4000, 3))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full(shape, 127, np.uint8))
    assert command(["detect", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(": fire " in line for line in lines)


def test_mistakes_in_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without pictures and a wrong number are told in words, before anything is looked at."""
    assert command(["detect", str(tmp_path)]) == 2
    assert "no picture" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command(["detect", "--least", "2", str(FIRE)])
    assert "0 to 1" in capsys.readouterr().err


def test_least(capsys: pytest.CaptureFixture[str]) -> None:
    """Boxes nobody asked for drown those that matter."""
    assert command(["detect", "--json", "--least", "1", str(FIRE)]) == 0
    assert said(capsys)[0]["items"] == []
    command(["detect", str(FIRE)])
    assert "fire" in capsys.readouterr().out


def test_pictures_of_every_sort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One pixel, sixteen bits, transparency, twenty megapixels, a name in another code: each gets its line of JSON."""
    draw = np.random.default_rng(1)
    sorts: dict[str, Any] = {
        "one.png": np.zeros((1, 1, 3), np.uint8),
        "deep.png": draw.integers(0, 65535, (40, 60, 3)).astype(np.uint16),
        "clear.png": draw.integers(0, 255, (40, 60, 4)).astype(np.uint8),
        "tall.png": np.full((2000, 3, 3), 90, np.uint8),
        "large.jpg": np.full((3888, 5184, 3), 90, np.uint8),
    }
    for name, picture in sorts.items():
        assert cv2.imwrite(str(tmp_path / name), picture)
    odd = tmp_path / "k\udcfcche.jpg"
    odd.write_bytes(FIRE.read_bytes())
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert (
        command(["detect", "--json", str(tmp_path / "loop.jpg"), *(str(tmp_path / name) for name in sorts), str(odd)])
        == 1
    )
    bad, *good = said(capsys)
    assert "symbolic links" in str(bad["error"])
    assert len(good) == 6
    assert float(str(good[-1]["fire"])) > 0.7
