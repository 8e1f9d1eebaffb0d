"""The command that tries an adapter."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.tools import adapters
from tests.publish.adapters.servers import Frigate, serving, shinobi


def site(folder: Path, *rows: dict[str, Any]) -> Path:
    """A settings file with these."""
    path = folder / "site.json"
    path.write_text(json.dumps({"zones": [{"id": "hall", "name": "Hall"}], "adapters": list(rows)}))
    return path


async def test_a_test_event_begins_and_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The installer sees what the server answered to both."""
    server = Frigate()
    async with serving(server) as nvr:
        row = {"id": "nvr", "kind": "frigate", "url": nvr.url, "targets": ["hall=door", "*=nowhere"]}
        path = site(tmp_path, row)
        code = await asyncio.to_thread(adapters.command, ["--site", str(path), "--test", "nvr"])
    said = capsys.readouterr().out
    assert code == 1
    assert len(server.ended) == 1
    assert "POST /api/events/door/embereye/create\n    HTTP 200" in said
    assert "Event successfully ended" in said
    assert "not done: the event on 'nowhere' was not created: HTTP 404" in said


async def test_no_secret_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output is pasted into forums."""
    async with serving(shinobi) as nvr:
        row = {"id": "s", "kind": "shinobi", "url": nvr.url, "key": "apikey", "group": "group", "targets": ["*=m"]}
        path = site(tmp_path, row)
        assert await asyncio.to_thread(adapters.command, ["--site", str(path), "--test", "s"]) == 0
    said = capsys.readouterr().out
    assert "/***/motion/group/m?data=" in said
    assert "Trigger Successful" in said
    assert "apikey" not in said


def test_the_list_and_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --test it lists; an unknown id is told with those that exist."""
    row = {"id": "bi", "kind": "blue_iris", "url": "http://10.0.0.9:81", "targets": ["hall=H"], "enabled": False}
    path = site(tmp_path, row)
    assert adapters.command(["--site", str(path)]) == 0
    assert capsys.readouterr().out == "bi: blue_iris at http://10.0.0.9:81, switched off; hall=H\n"
    assert adapters.command(["--site", str(path), "--test", "x"]) == 1
    assert capsys.readouterr().out == "There is no adapter 'x'; there are: bi\n"
