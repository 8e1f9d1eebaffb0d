"""The camera-test command."""

import io
import json
from pathlib import Path

import pytest

from embereye_addon.__main__ import command
from embereye_addon.errors import SettingsFileError


class Typed:
    """A standard input that holds these bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.timeout(30)
def test_a_camera_that_is_away_is_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line too, and never with the password."""
    camera = {"id": "a", "name": "A", "url": "rtsp://127.0.0.1:9/a", "zone": "z", "username": "u", "password": "s3cret"}
    monkeypatch.setattr("sys.stdin", Typed(json.dumps(camera).encode()))
    assert command(["camera-test"]) == 1
    said = capsys.readouterr()
    assert "nothing listens at this address and port" in said.out
    assert "s3cret" not in said.out + said.err


def test_what_is_no_camera_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rubbish on stdin is words."""
    monkeypatch.setattr("sys.stdin", Typed(b"{"))
    with pytest.raises(SettingsFileError, match="the camera on stdin"):
        command(["camera-test", "--json"])
    assert not list(tmp_path.iterdir())
