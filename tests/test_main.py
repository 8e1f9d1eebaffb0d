"""The command line: every way in, and what a mistake is answered with."""

import subprocess
import sys
from pathlib import Path

import pytest

from embereye_addon import __main__ as program
from embereye_addon import __version__
from embereye_addon.errors import SettingsFileError
from embereye_addon.processes import addon

ROOT = Path(__file__).resolve().parents[1]


def shell(*words: str) -> subprocess.CompletedProcess[str]:
    """The program as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "embereye_addon", *words], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.timeout(60)
def test_a_wrong_site_file_is_words(tmp_path: Path) -> None:
    """The very first thing a new user meets is a mistake in their own file."""
    site = tmp_path / "site.yaml"
    site.write_text("zones:\n  - id: hall\n    name: Hall\ncameras:\n  - id: a\n    url: http://h/\n    zone: attic\n")
    done = shell("--site", str(site), "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "The settings in" in done.stderr
    assert "attic" in done.stderr
    assert "Traceback" not in done.stderr
    assert shell("--version").stdout.strip() == __version__


def test_settings_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a restart one wants to know."""
    site = tmp_path / "site.yaml"
    site.write_text("name: Home\nzones:\n  - id: hall\n    name: Hall\n")
    assert program.command(["--site", str(site), "--check"]) == 0
    assert capsys.readouterr().out == "Home: 1 zones, 0 cameras, 0 PF devices: right\n"
    with pytest.raises(SettingsFileError):
        program.command(["--folder", str(tmp_path / "none"), "--check"])


def test_a_process_by_hand_needs_its_supervisor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One process can be run by hand, beside a supervisor; without one it says so."""
    for words in (["panel"], ["detector", "1"]):
        assert program.command([*words, "--folder", str(tmp_path)]) == 1
        assert "no supervisor runs on" in capsys.readouterr().err


def test_unknown_words_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error starts nothing, not in the commands with words of their own either."""
    for words in (
        ["panel", "--fodler", "x"],
        ["demo", "--nonsense"],
        ["soak", "--nonsense"],
        ["pf-sim", "--nonsense"],
        ["nonsense"],
    ):
        with pytest.raises(SystemExit):
            program.command(words)
        assert words[-2 if len(words) > 2 else -1] in capsys.readouterr().err


def test_inside_an_addon_its_options_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake on the add-on's page is named before anything starts."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
    monkeypatch.setenv("EMBEREYE_LOG_LEVEL", "info")
    (tmp_path / "options.json").write_text('{"log_level": "loud"}')
    monkeypatch.setattr(sys, "argv", ["embereye", "--folder", str(tmp_path)])
    assert program.main() == 2
    assert "log_level" in capsys.readouterr().err


def test_where_everything_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, else the variable, else /data in an add-on, else ./data."""
    monkeypatch.delenv("EMBEREYE_FOLDER", raising=False)
    monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)
    assert addon.data_folder(tmp_path).path == tmp_path
    assert addon.data_folder(None).path == Path("data").resolve()
    monkeypatch.setenv("SUPERVISOR_TOKEN", "x")
    assert addon.data_folder(None).path == Path("/data")
    monkeypatch.setenv("EMBEREYE_FOLDER", str(tmp_path))
    assert addon.data_folder(None).path == tmp_path


def test_errors_are_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong settings and a wrong log level end with exit code 2 and a sentence."""
    (tmp_path / "site.json").write_text('{"zones": 7}')
    monkeypatch.setattr(sys, "argv", ["embereye", "--folder", str(tmp_path)])
    assert program.main() == 2
    assert "The settings in" in capsys.readouterr().err
    monkeypatch.setenv("EMBEREYE_LOG_LEVEL", "loud")
    assert program.main() == 2
    assert "log_level: 'loud' is not accepted" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["embereye", "journal", "verify", "--folder", str(tmp_path)])
    assert program.main() == 2
    assert "there is no journal at" in capsys.readouterr().err


@pytest.mark.parametrize("name", program.APART)
def test_every_command_is_named_and_helps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that the help does not list is found by nobody."""
    assert f"python -m embereye_addon {name}" in program.ABOUT
    with pytest.raises(SystemExit) as ended:
        program.command([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: python -m embereye_addon {name}" in capsys.readouterr().out
