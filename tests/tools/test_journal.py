"""The journal's command line: what an installer runs after a fire, with words and exit codes."""

import csv
import io
import json
from pathlib import Path

import pytest

from embereye_addon.alarm.journal import SEGMENT_ROWS, Journal, Limits
from embereye_addon.errors import SettingsError, StorageError
from embereye_addon.tools.journal import command

AT = 1_772_323_200.0  # 2026-03-01


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a journal of three rows, a day apart."""
    journal = Journal(tmp_path / "journal.db")
    for number, kind in enumerate(("start", "alarm", "action")):
        journal.append(AT + number * 86_400.0, kind, json.dumps({"zone": "hall", "by": "=cmd()"}))
    journal.close()
    return tmp_path


def run(*words: object) -> int:
    """The command as typed."""
    return command([str(word) for word in words])


def test_a_whole_journal_is_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The words say how many rows, and the head that may be noted and given back later."""
    assert run("verify", "--folder", folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("3 rows, the chain is whole")
    head = lines[1].removeprefix("head ")
    assert head.startswith("3:")
    assert run("verify", "--folder", folder, "--head", head) == 0
    assert run("verify", "--folder", folder, "--head", f"9:{'0' * 64}") == 1
    assert "BROKEN: rows 4 to 9 were cut off" in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["", "3", "3:", "3:9f3c", "nonsense", f"x:{'0' * 64}", f"0:{'0' * 64}", "0" * 63])
def test_a_head_that_is_none_is_a_slip_and_no_broken_chain(folder: Path, typed: str) -> None:
    """A head cut off in copying passes for an edited journal, or an empty variable for a whole one."""
    with pytest.raises(SettingsError, match=r"--head: .* NUMBER:HASH as it was published"):
        run("verify", "--folder", folder, "--head", typed)


def test_a_head_may_be_a_bare_hash_and_have_blanks_around(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A head that was copied from a page with a blank is refused."""
    assert run("verify", "--folder", folder) == 0
    head = capsys.readouterr().out.splitlines()[-1].removeprefix("head ")
    for typed in (f" {head} ", head.upper(), head.partition(":")[2]):
        assert run("verify", "--folder", folder, "--head", typed) == 0
    assert run("verify", "--folder", folder, "--head", "0" * 64) == 1


def test_a_changed_row_is_exit_code_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first bad row is named."""
    journal = Journal(folder / "journal.db")
    journal._base.execute("UPDATE journal SET body = '{}' WHERE number = 2")
    journal.close()
    assert run("verify", "--folder", folder) == 1
    assert "BROKEN: row 2 was changed" in capsys.readouterr().out
    assert run("export", "--folder", folder, "--format", "jsonl") == 0
    journal = Journal(folder / "journal.db")
    journal._base.execute("UPDATE journal SET body = 'no JSON', at = 1e11 WHERE number = 2")
    journal.close()
    assert run("export", "--folder", folder, "--format", "jsonl") == 0
    assert '"body": "no JSON"' in capsys.readouterr().out


def test_a_shortened_journal_says_where_it_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Retention is no damage, and is told."""
    journal = Journal(tmp_path / "journal.db")
    journal._base.execute("PRAGMA synchronous=OFF")
    for number in range(SEGMENT_ROWS + 1):
        journal.append(float(number), "alarm" if number == 7 else "fault", "{}")
    journal.retain(Limits(days=1, alarm_days=99_999, most_bytes=1 << 30), 1e9)
    journal.close()
    assert run("verify", "--folder", tmp_path, "--head", f"3:{'0' * 64}") == 0
    told = capsys.readouterr().out
    assert "it starts at row 257: retention removed what was before, 1 alarms of it are kept" in told
    assert "row 3 was removed by retention" in told


def test_rows_are_exported_as_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a spreadsheet opens: one row each, chosen by time and kind."""
    assert run("export", "--folder", folder, "--from", "2026-03-02", "--to", "2026-03-03T12:00") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["number"], row["time"], row["kind"]) for row in rows] == [
        ("2", "2026-03-02T00:00:00.000+00:00", "alarm"),
        ("3", "2026-03-03T00:00:00.000+00:00", "action"),
    ]
    assert json.loads(rows[0]["body"])["zone"] == "hall"
    assert run("export", "--folder", folder, "--to", AT, "--kind", "start", "alarm") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_rows_are_exported_as_json_lines(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a program reads, into a file."""
    out = tmp_path / "out.jsonl"
    assert run("export", "--folder", folder, "--format", "jsonl", "--out", out) == 0
    assert capsys.readouterr().out == f"3 rows written to {out}\n"
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["start", "alarm", "action"]
    assert lines[0]["body"] == {"zone": "hall", "by": "=cmd()"}


def test_mistakes_are_words(folder: Path, tmp_path: Path) -> None:
    """No journal, no such folder to write to, no such date."""
    with pytest.raises(StorageError, match="there is no journal at"):
        run("verify", "--folder", tmp_path / "none")
    with pytest.raises(StorageError, match="cannot be written"):
        run("export", "--folder", folder, "--out", tmp_path / "none" / "x.csv")
    with pytest.raises(SettingsError, match="--from: 'yesterday' is not accepted"):
        run("export", "--folder", folder, "--from", "yesterday")
    (folder / "journal.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(StorageError, match="cannot be read"):
        run("verify", "--folder", folder)
