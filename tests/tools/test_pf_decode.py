"""pf-decode: real frames become the golden temperatures, and every mistake becomes words."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon import __main__ as program
from embereye_addon.demo.thermal import shipped_eeprom
from embereye_addon.errors import ProtocolError, StorageError
from embereye_addon.sources.pf.mlx90640 import Calibration, Conversion, calibrate, convert
from embereye_addon.tools import pf_decode
from tests.fakes.pf_client import words_text
from tests.tools.samples import FRAMES, eeprom_file, eeprom_text, frame_text

Rows = dict[str, NDArray[np.generic]]


def decoded(folder: Path, *words: str, eeprom: str = "", code: int = 0) -> Rows:
    """What the command writes for a capture of the folder."""
    out = folder / "out.npz"
    given = ["pf-decode", "--eeprom", eeprom or eeprom_file(folder), "--out", str(out), *words]
    assert program.command([*given, "--frames", str(folder / "capture.txt")]) == code
    with np.load(out) as file:
        return {name: file[name] for name in file.files}


def capture(folder: Path, *rows: str) -> Path:
    """A capture of these lines."""
    file = folder / "capture.txt"
    file.write_bytes("".join(f"{row}\n" for row in rows).encode("latin-1"))
    return file


def expected(name: str, emissivity: float = 0.95, reflected_c: float | None = None) -> Conversion:
    """A shipped frame through the product's own conversion."""
    calibration = calibrate(shipped_eeprom())
    assert isinstance(calibration, Calibration)
    found = convert(calibration, FRAMES[name], emissivity, reflected_c)
    assert isinstance(found, Conversion)
    return found


def test_each_frame_packet_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Captured lines and bare packets, in the types that were promised; other packets and commands are no rows."""
    capture(
        tmp_path,
        "12:52:14.018\tH>D\tPERIOD_ON",
        f"12:52:17.627\tD>H\t{frame_text('empty_room')}",
        "12:52:18.113\tD>H\t#Sensor1234:ADC1=269,ADC2=1296!",
        f"{frame_text('seated_person')}\r",
        f"12:52:19.000\tH>D\t{frame_text('moving_arm')}",
        "",
        f"12:52:21.717\tD>H\t{frame_text('moving_arm')}\\x0d\\x0a",
    )
    rows = decoded(tmp_path)
    assert set(rows) == {"line", "temps", "vdd", "ta", "ok"}
    assert rows["line"].tolist() == [2, 4, 7]
    assert np.issubdtype(rows["line"].dtype, np.integer)
    assert rows["ok"].tolist() == [True, True, True]
    assert (str(rows["ok"].dtype), str(rows["temps"].dtype)) == ("bool", "float32")
    assert rows["temps"].shape == (3, 24, 32)
    for row, name in enumerate(("empty_room", "seated_person", "moving_arm")):
        found = expected(name)
        assert np.array_equal(rows["temps"][row], found.to_c)
        assert rows["vdd"][row] == pytest.approx(found.supply_v)
        assert rows["ta"][row] == pytest.approx(found.ambient_c)
    out = capsys.readouterr().out
    assert out.startswith("3 frames of sensor 021C5626618B: 3 decoded, 0 corrupt; ")
    assert out.count("\n") == 1


def test_what_is_looked_at_can_be_said(tmp_path: Path) -> None:
    """Bare metal before a cold wall is another temperature than skin in a room."""
    capture(tmp_path, frame_text("seated_person"))
    rows = decoded(tmp_path, "--emissivity", "0.98", "--reflected", "25")
    assert np.array_equal(rows["temps"][0], expected("seated_person", 0.98, 25.0).to_c)
    plain = decoded(tmp_path, "--control", "1901")
    assert np.array_equal(plain["temps"][0], expected("seated_person").to_c)


def test_corrupt_frames_are_rows_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A frame with lost bytes is marked, never shown shifted by a pixel; its neighbours are unharmed."""
    good = frame_text()
    capture(
        tmp_path,
        good,
        good.replace("FFB0", "FF\\x9f0", 1),
        good.replace("FFB0", "FF\x9f0", 1),
        good.replace("FFB0", "FFB", 1),
        good[:-1],
        f"{good[:500]}{good}",
        "#frame!",
        "#frame" + "x" * 65 + good[10:],
        "#frame1234:" + words_text(FRAMES["empty_room"][:768]).decode() + "!",
        "#frame1234:" + words_text(np.arange(834, dtype=np.uint16)).decode() + "!",
        good,
    )
    rows = decoded(tmp_path)
    assert rows["line"].tolist() == [1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11]
    assert rows["ok"].tolist() == [True, *[False] * 5, True, *[False] * 4, True]
    for name in ("temps", "vdd", "ta"):
        known = np.isfinite(rows[name]).reshape(12, -1)
        assert np.array_equal(known.all(axis=1), rows["ok"])
        assert np.array_equal(known.any(axis=1), rows["ok"])
    said = capsys.readouterr()
    assert "12 frames of sensor 021C5626618B: 3 decoded, 9 corrupt (lines 2, 3, 4, 5, 6, 7, 8, 9, 10); " in said.out
    assert "2 corrupt: a byte that is no hex digit" in said.err
    assert "2 corrupt: its end, the !, is missing" in said.err
    assert "the frame has 768 words instead of 834" in said.err


def test_a_simulated_frame_is_no_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pixels with a meaningless tail convert to numbers that look like temperatures: they must not be believed."""
    words = FRAMES["empty_room"].copy()
    words[770] = 0
    capture(tmp_path, frame_text(), f"#frame1:{words_text(words).decode()}!")
    assert decoded(tmp_path)["ok"].tolist() == [True, False]
    assert "1 corrupt: what was measured beside the pixels cannot be true" in capsys.readouterr().err


def test_only_corrupt_frames_is_another_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script must notice that nothing was decoded; the rows are written all the same."""
    capture(tmp_path, *["#frame1:00!"] * 20)
    rows = decoded(tmp_path, code=1)
    assert not rows["ok"].any()
    assert "20 corrupt (lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...); " in capsys.readouterr().out
    capture(tmp_path, "#frame1:00!")
    decoded(tmp_path, code=1)
    assert "1 corrupt (line 1); " in capsys.readouterr().out


def test_bad_pixels_are_unknown(tmp_path: Path) -> None:
    """A value guessed from the neighbours is no measurement, so it is not written."""
    words = shipped_eeprom()
    words[64] = 0
    words[64 + 40] |= 1
    file = tmp_path / "worn.hex"
    file.write_text(" ".join(f"0x{word:04X}" for word in words))
    capture(tmp_path, frame_text())
    temps = decoded(tmp_path, eeprom=str(file))["temps"]
    assert np.argwhere(np.isnan(temps[0])).tolist() == [[0, 0], [1, 8]]


def test_a_pixel_that_shows_nothing_is_no_extreme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A frame of which no pixel has a temperature is no reason to stumble."""
    words = FRAMES["empty_room"].copy()
    words[:768] = 0x8000
    capture(tmp_path, f"#frame1:{words_text(words).decode()}!")
    assert np.isnan(decoded(tmp_path)["temps"]).all()
    assert "1 decoded, 0 corrupt; " in capsys.readouterr().out


@pytest.mark.parametrize(
    "form", ["{0}", "junk\n{0}\r\n", "12:00:00\tD>H\t{0}", "#EEPROM1:00!\n{0}", "#Sensor:A=1!\n#EEPROM\n{0}"]
)
def test_the_eeprom_may_be_a_packet(tmp_path: Path, form: str) -> None:
    """What a device answered is at hand when its words are not; the first good one counts."""
    file = tmp_path / "dump.txt"
    file.write_text(form.format(eeprom_text()))
    capture(tmp_path, frame_text())
    assert decoded(tmp_path, eeprom=str(file))["ok"].all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00B0 " * 831, "holds 831 words; an EEPROM has 832"),
        ("00B0 " * 833, "holds 833 words"),
        ("00B0\n" * 120_000, "holds 100001 words"),
        ("", "holds 0 words"),
        ("00B0 00G0", "line 1: 00G0 is not a word of 4 hex digits"),
        ("00B0\n0B0", "line 2: 0B0 is not a word"),
        ("#EEPROM1234:00B0!", "the #EEPROM packet in .* line 1, is damaged: not 832 words of 4 hex digits"),
        ("#EEPROM1234:00B0", "is damaged: its end, the !, is missing"),
        ("0000 " * 832, "The EEPROM in .* is refused: the gain in the calibration is not positive"),
    ],
)
def test_a_wrong_eeprom_is_words(tmp_path: Path, text: str, words: str) -> None:
    """Temperatures by a wrong calibration look right and are not: nothing is written."""
    file = tmp_path / "eeprom.hex"
    file.write_text(text)
    capture(tmp_path, frame_text())
    with pytest.raises(ProtocolError, match=words):
        decoded(tmp_path, eeprom=str(file))
    assert not (tmp_path / "out.npz").exists()


def test_files_that_are_not_there_are_words(tmp_path: Path) -> None:
    """The path is named that is wrong."""
    with pytest.raises(StorageError, match=r"There is no file .*nowhere.hex"):
        decoded(tmp_path, eeprom=str(tmp_path / "nowhere.hex"))
    with pytest.raises(StorageError, match=r"There is no file .*capture.txt"):
        decoded(tmp_path)
    capture(tmp_path, "12:00:00\tH>D\tPERIOD_ON", "#Sensor1:ADC1=1!")
    with pytest.raises(ProtocolError, match="holds no frame of a device"):
        decoded(tmp_path)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Folders on the way are made; a place that is a folder itself is refused without leftovers."""
    capture(tmp_path, frame_text())
    words = ["--eeprom", eeprom_file(tmp_path), "--frames", str(tmp_path / "capture.txt"), "--out"]
    assert pf_decode.command([*words, str(tmp_path / "a" / "b" / "frames.data")]) == 0
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["frames.data"]
    with pytest.raises(StorageError, match="cannot be written: "):
        pf_decode.command([*words, str(tmp_path / "a")])
    assert not (tmp_path / "a.part").exists()
    with pytest.raises(StorageError, match="cannot be written: "):
        pf_decode.command([*words, str(tmp_path / "capture.txt" / "x.npz")])


@pytest.mark.parametrize(
    "words",
    [
        ["--emissivity", "0"],
        ["--emissivity", "1.01"],
        ["--emissivity", "nan"],
        ["--emissivity", "shiny"],
        ["--reflected", "-300"],
        ["--reflected", "nan"],
        ["--control", "12345"],
        ["--control", "xyz"],
        ["--nonsense"],
        ["--out", "FRAMES"],
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error must not become an emissivity, and a capture must not be overwritten."""
    file = capture(tmp_path, frame_text())
    given = [str(file) if word == "FRAMES" else word for word in words]
    with pytest.raises(SystemExit) as ended:
        decoded(tmp_path, *given)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err
    assert file.stat().st_size > 3000


def test_the_real_capture_gives_the_golden_temperatures(shared: Path, tmp_path: Path) -> None:
    """All 97 golden frames within 0.01 °C through the command itself, and the four corrupt ones marked."""
    folder = shared / "data" / "pf"
    frames, out = tmp_path / "all.txt", tmp_path / "capture.npz"
    extra = (folder / "extra_frames.txt").read_text().split()
    frames.write_text((folder / "capture.txt").read_text() + "\n".join(extra) + "\n")
    words = ["pf-decode", "--eeprom", str(folder / "eeprom.hex"), "--frames", str(frames), "--out", str(out)]
    golden = np.load(folder / "golden_temps.npz")
    by_number = {-1: 426, -2: 427}
    wanted = [
        by_number.get(int(number), int(line)) for number, line in zip(golden["frame_no"], golden["line"], strict=True)
    ]
    for options, name in (
        ([], "to"),
        (["--emissivity", "1"], "to_em100"),
        (["--emissivity", "0.98", "--reflected", "25"], "to_em098_tr25"),
    ):
        assert program.command([*words, *options]) == 0
        with np.load(out) as file:
            rows = {key: file[key] for key in file.files}
        assert len(rows["line"]) == 194
        assert rows["line"][~rows["ok"]].tolist() == [371, 383, 396, 409]
        at = np.searchsorted(rows["line"], wanted)
        assert rows["line"][at].tolist() == wanted
        assert float(np.abs(rows["temps"][at] - golden[name]).max()) <= 0.01
        assert float(np.abs(rows["vdd"][at] - golden["vdd"]).max()) < 1e-4
        assert float(np.abs(rows["ta"][at] - golden["ta"]).max()) < 1e-3
