"""Approving a device that waits."""

import json
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.messages import PendingDevice
from embereye_addon.settings import store
from tests.web.samples import Served, pending, served

NEW = {"identity": "AB1234", "id": "roof-2", "name": "Roof two", "zone": "dock"}
OWN = {"name": "Mine", "zones": [{"id": "dock", "name": "Dock"}]}


async def approve(page: Served, body: object) -> tuple[int, dict[str, Any]]:
    """What the server says to an approval."""
    async with page.client.post("/api/devices/approve", json=body) as answer:
        return answer.status, await answer.json()


def site_file(path: Path, content: object = OWN) -> Path:
    """The product's own settings file."""
    file = path / "site.json"
    file.write_text(json.dumps(content))
    return file


async def test_an_approved_device_stands_in_the_settings(tmp_path: Path) -> None:
    """A device that waits must be taken in without an editor, and nothing else of the file may change."""
    file = site_file(tmp_path)
    async with served(site_file=file) as page:
        page.board.take(pending())
        assert await approve(page, NEW) == (200, {"ok": True, "why": ""})
        page.board.take(pending(PendingDevice(identity="X", address="10.0.0.10", first_seen=1.0)))
        assert (await approve(page, {**NEW, "identity": "10.0.0.10", "id": "third"}))[0] == 200
    site = store.load(file)
    assert [(device.identity, device.id) for device in site.devices] == [("AB1234", "roof-2"), ("10.0.0.10", "third")]
    assert site.name == "Mine"


async def test_a_yaml_of_the_users_own_is_kept_for_its_comments(tmp_path: Path) -> None:
    """Whoever wrote the file by hand finds it again."""
    file = tmp_path / "site.yaml"
    file.write_text("# my comment\nzones: [{id: dock, name: Dock}]\ndevices:\n")
    async with served(site_file=file) as page:
        page.board.take(pending())
        assert (await approve(page, NEW))[0] == 200
    assert store.load(file).devices[0].name == "Roof two"
    assert "my comment" in (tmp_path / "site.yaml.by-hand").read_text()


async def test_only_who_waits_is_approved(tmp_path: Path) -> None:
    """A typing mistake must not become a device that never speaks, nor one of two doubles be taken for the other."""
    file = site_file(tmp_path)
    double = PendingDevice(identity="1234", address="10.0.0.9", first_seen=1.0, double=True)
    twin = PendingDevice(identity="5", address="10.0.0.11", first_seen=1.0)
    async with served(site_file=file) as page:
        assert (await approve(page, NEW))[0] == 404
        page.board.take(pending(double, twin, twin))
        for name in ("1234", "5"):
            status, said = await approve(page, {**NEW, "identity": name})
            assert status == 409
            assert "by its chip or its address" in said["why"]
        assert (await approve(page, {**NEW, "identity": "10.0.0.9"}))[0] == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"zone": "attic"}, "there is no zone 'attic'"), ({"id": "Not An Id"}, "devices[0].id: 'Not An Id'")],
)
async def test_a_mistake_is_said_in_words_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    """A wrong entry would stop the whole settings file from being used."""
    file = site_file(tmp_path)
    before = file.read_bytes()
    async with served(site_file=file) as page:
        page.board.take(pending())
        status, said = await approve(page, NEW | changes)
    assert (status, said["ok"]) == (409, False)
    assert words in said["why"]
    assert file.read_bytes() == before


async def test_a_file_that_cannot_be_written_says_what_to_add(tmp_path: Path) -> None:
    """A read-only file is the installer's own: the words hold what belongs into it."""
    file = tmp_path / "gone" / "site.json"
    async with served(site_file=file) as page:
        page.board.take(pending())
        status, said = await approve(page, NEW)
        assert status == 409
        assert "cannot be opened" in said["why"]
    folder = tmp_path / "site.yaml"
    folder.write_text("zones: [{id: dock, name: Dock}]")
    (tmp_path / "site.yaml.by-hand").mkdir()
    async with served(site_file=folder) as page:
        page.board.take(pending())
        status, said = await approve(page, NEW)
    assert status == 409
    assert "add it to devices by hand: {identity: 'AB1234', id: 'roof-2'" in said["why"]


async def test_a_file_whose_devices_are_no_list_is_refused(tmp_path: Path) -> None:
    """What cannot be added to is named."""
    async with served(site_file=site_file(tmp_path, {**OWN, "devices": {"a": 1}})) as page:
        page.board.take(pending())
        assert (await approve(page, NEW))[1]["why"].endswith("devices is not a list")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"identity": "AB1234"}', b'{"identity": ""}'])
async def test_what_approves_nothing_is_refused(body: bytes) -> None:
    """A wrong request changes nothing and says what is wrong."""
    async with served() as page:
        headers = {"Content-Type": "application/json"}
        async with page.client.post("/api/devices/approve", data=body, headers=headers) as answer:
            assert answer.status == 400
        async with page.client.post("/api/devices/approve", data=body) as answer:
            assert answer.status == 415
