"""The settings file: what a person may write into it, and that no accident loses it."""

import json
import logging
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import SettingsFileError, StorageError
from embereye_addon.settings.model import Site
from embereye_addon.settings.store import (
    BYTES_MAX,
    Migration,
    last_good,
    load,
    load_or_last_good,
    migrate,
    parse,
    replace,
    save,
)

SITE = {
    "mqtt": {"host": "broker", "username": "joe", "password": "geheim"},
    "web": {"token": "a-token-of-many-letters"},
    "zones": [{"id": "hall", "name": "Hall"}],
    "cameras": [
        {"id": "dock", "name": "Dock", "url": "rtsp://10.0.0.9/s", "zone": "hall", "password": "p1"},
        {"id": "gate", "name": "Gate", "url": "rtsp://10.0.0.8/s", "zone": "hall", "password": "p2"},
    ],
}

SYNTAX = (
    ("site.yaml", b"name: a\n zones: b\n", "line 2, column 7: mapping values are not allowed here; check indents"),
    ("site.yaml", b"name: a\nname: b\n", "line 2, column 1: the key name is given twice"),
    ("site.yaml", b"a: [1, 2", "line 1, column 9"),
    ("site.yaml", b"a: 1\n---\nb: 2\n", "line 2, column 1"),
    ("site.yaml", b"a: !!python/object:os.system {}", "line 1, column 4"),
    ("site.yaml", b"a: 2026-13-45", "month must be in 1..12"),
    ("site.yaml", b"a: \x00", "special characters are not allowed"),
    ("site.yaml", b"name: \xff", "byte 6 is not UTF-8"),
    ("site.yaml", b"[" * 5000, "nested too deeply"),
    ("site.yaml", b"a" * (BYTES_MAX + 1), "the file is larger than 1024 KiB"),
    ("site.json", b'{"a": 1,}', "line 1, column"),
    ("site.json", b'{"a": 1, "a": 2}', "the key a is given twice"),
    ("site.json", b"9" * 5000, "Exceeds the limit"),
    ("site.json", b"[" * 100_000, "nested too deeply"),
)


@pytest.mark.parametrize(("name", "content", "words"), SYNTAX)
def test_a_slip_of_the_pen_is_found_in_words(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A file that is no YAML or JSON is refused with the place, never with a traceback."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SettingsFileError) as error:
        load(path)
    assert words in str(error.value)
    assert str(path) in str(error.value)


@given(st.binary(max_size=200) | st.text(alphabet="a:-[]{}&*!<'\"\n 1", max_size=60).map(str.encode))
def test_any_bytes_are_values_or_have_a_reason(content: bytes) -> None:
    """No file makes the reader fall over."""
    for name in ("site.yaml", "site.json"):
        try:
            parse(content, Path(name))
        except SettingsFileError as error:
            told = error.reasons
        else:
            continue
        assert told


def test_merged_yaml_keys_are_no_duplicates(tmp_path: Path) -> None:
    """Who writes zones with YAML anchors is not told of keys given twice."""
    path = tmp_path / "site.yaml"
    path.write_text(
        "zones:\n- &a {id: a, name: A, clear_s: 60}\n- &b {<<: *a, id: b}\n- {<<: *b, id: c}\n",
        encoding="utf-8",
    )
    assert [zone.clear_s for zone in load(path).zones] == [60, 60, 60]


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    """A site moves between the two forms without a change; a byte order mark from Windows does no harm."""
    (tmp_path / "site.json").write_text(json.dumps(SITE), encoding="utf-8-sig")
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(SITE), encoding="utf-8")
    assert load(tmp_path / "site.json") == load(tmp_path / "site.yaml")


def test_an_empty_yaml_file_is_an_empty_site(tmp_path: Path) -> None:
    """A file with nothing but comments is a start, not a mistake."""
    path = tmp_path / "site.yaml"
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert load(path) == Site()


def test_a_missing_or_unreadable_file_is_told_in_words(tmp_path: Path) -> None:
    """A wrong path is named; only the product's own file may be missing."""
    with pytest.raises(SettingsFileError, match="there is no such file"):
        load_or_last_good(tmp_path / "site.yaml")
    with pytest.raises(SettingsFileError, match="cannot be read"):
        load(tmp_path)
    assert load_or_last_good(tmp_path / "site.json") == (Site(), ())


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """After a downgrade the user is told what to do, and nothing is misread."""
    path = tmp_path / "site.yaml"
    path.write_text("version: 7\n", encoding="utf-8")
    with pytest.raises(SettingsFileError, match="version 7 is of a newer EmberEye; this one knows up to 1"):
        load(path)


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0])
def test_a_senseless_version_is_a_mistake(tmp_path: Path, version: object) -> None:
    """Only whole numbers from 1 are versions."""
    path = tmp_path / "site.json"
    path.write_text(json.dumps({"version": version}), encoding="utf-8")
    with pytest.raises(SettingsFileError, match="version: "):
        load(path)


def test_old_files_are_taken_over_step_by_step(caplog: pytest.LogCaptureFixture) -> None:
    """An old file passes through every step from its version on, and the user reads each note."""
    steps = (
        Migration(1, "title is now called name", lambda raw: {"name": raw["title"]}),
        Migration(2, "names are written large", lambda raw: {"name": str(raw["name"]).upper()}),
    )
    with caplog.at_level(logging.INFO):
        assert migrate({"title": "a"}, Path("x"), steps) == {"name": "A", "version": 3}
    assert "title is now called name" in caplog.text
    assert migrate({"name": "b", "version": 2}, Path("x"), steps) == {"name": "B", "version": 3}
    assert migrate({"name": "c", "version": 3}, Path("x"), steps) == {"name": "c", "version": 3}


@pytest.mark.parametrize("name", ["site.json", "site.yaml"])
def test_what_is_saved_is_read_again(tmp_path: Path, name: str) -> None:
    """Saving keeps everything, for the owner's eyes only, and leaves no pieces behind."""
    path = tmp_path / name
    assert save(path, SITE) == load(path)
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name, f"{name}.last-good"]


def test_nothing_is_written_unless_all_of_it_is_right(tmp_path: Path) -> None:
    """A refused form leaves the file as it was."""
    path = tmp_path / "site.json"
    save(path, SITE)
    before = path.read_bytes()
    with pytest.raises(SettingsFileError, match=r"mqtt\.port"):
        save(path, {**SITE, "mqtt": {"port": 0}})
    assert path.read_bytes() == before


def test_a_file_written_by_hand_is_kept_for_its_comments(tmp_path: Path) -> None:
    """The first save from the page does not destroy what the user wrote."""
    path = tmp_path / "site.yaml"
    path.write_text("# mine\nname: A\n", encoding="utf-8")
    save(path, {"name": "B"})
    save(path, {"name": "C"})
    assert (tmp_path / "site.yaml.by-hand").read_text(encoding="utf-8") == "# mine\nname: A\n"
    assert load(path).name == "C"


def test_a_disk_that_refuses_is_told_in_words(tmp_path: Path) -> None:
    """A full or missing disk is a storage error, not a traceback."""
    with pytest.raises(StorageError, match="could not be written"):
        save(tmp_path / "gone" / "site.json", SITE)


def test_a_failed_replacement_leaves_no_piece(tmp_path: Path) -> None:
    """When the last step of saving fails, the file written aside is taken away."""
    path = tmp_path / "site.json"
    path.mkdir()
    with pytest.raises(StorageError):
        save(path, SITE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.json"]


def test_a_broken_file_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    """A slip in the file does not stop detection: the last accepted settings go on, with a fault that says why."""
    path = tmp_path / "site.yaml"
    path.write_text("name: Good\n", encoding="utf-8")
    assert load_or_last_good(path)[1] == ()
    path.write_text("name: [\n", encoding="utf-8")
    site, warnings = load_or_last_good(path)
    assert site.name == "Good"
    assert "line 2" in warnings[0]
    assert "last accepted settings are in use" in warnings[0]
    path.unlink()
    assert load_or_last_good(path)[0].name == "Good"


def test_a_broken_file_without_a_copy_is_refused(tmp_path: Path) -> None:
    """The reasons are those of the user's file, not of the missing copy."""
    path = tmp_path / "site.yaml"
    path.write_text("namee: x\n", encoding="utf-8")
    with pytest.raises(SettingsFileError, match="did you mean name"):
        load_or_last_good(path)


def test_a_folder_that_cannot_hold_the_copy_is_no_reason_to_stop(tmp_path: Path) -> None:
    """A read-only folder works, without a last good copy."""
    path = tmp_path / "site.yaml"
    path.write_text("name: A\n", encoding="utf-8")
    last_good(path).mkdir()
    assert load_or_last_good(path)[0].name == "A"


def test_a_whole_file_is_put_back_byte_for_byte(tmp_path: Path) -> None:
    """Going back brings the comments back too; a wrong file is refused and changes nothing."""
    path = tmp_path / "site.yaml"
    path.write_text("name: Now\n")
    content = b"# mine\nname: Then\n"
    assert replace(path, content).name == "Then"
    assert path.read_bytes() == content
    with pytest.raises(SettingsFileError, match="did you mean name"):
        replace(path, b"namee: x\n")
    assert path.read_bytes() == content
