"""The settings by page."""

import io
import json
from pathlib import Path
from typing import Any

from embereye_addon.settings import store
from embereye_addon.settings.kinds import STARS
from embereye_addon.web.ingress import Door
from tests.web.samples import Served, served, settings_file, told


async def shown(page: Served) -> dict[str, Any]:
    """What the page is given, ready to be sent back changed."""
    status, said = await told(page, "GET", "/api/settings")
    assert status == 200
    return dict(said)


def edited(said: dict[str, Any]) -> dict[str, Any]:
    """What the page sends."""
    return {"values": said["values"], "revision": said["revision"]}


async def test_no_secret_reaches_the_page_and_none_is_lost(tmp_path: Path) -> None:
    """Whoever looks over the installer's shoulder learns a password, or applying a new name wipes them all."""
    file = settings_file(tmp_path)
    async with served(site_file=file) as page:
        said = await shown(page)
        assert not any(secret in json.dumps(said) for secret in ("s3cret", "hush"))
        assert said["values"]["cameras"][0]["password"] == STARS
        assert [section["section"] for section in said["form"]][:2] == ["", "mqtt"]
        said["values"]["zones"][0]["name"] = "Great hall"
        assert await told(page, "POST", "/api/settings", edited(said)) == (200, {"ok": True, "why": "", "findings": []})
    site = store.load(file)
    assert (site.zones[0].name, site.cameras[0].password, site.mqtt.password) == ("Great hall", "s3cret", "hush")
    assert "transport" not in file.read_text()


async def test_mistakes_stand_at_their_fields_and_nothing_is_written(tmp_path: Path) -> None:
    """Half a change would stop the building's settings from being used."""
    file = settings_file(tmp_path)
    before = file.read_bytes()
    async with served(site_file=file) as page:
        said = await shown(page)
        said["values"]["zones"][0]["fixed_pre_c"] = 500
        said["values"]["cameras"][0]["zone"] = "attic"
        for path, status in (("/api/settings/check", 200), ("/api/settings", 422)):
            got, answer = await told(page, "POST", path, edited(said))
            assert (got, answer["ok"]) == (status, False)
            places = {finding["at"]: finding["words"] for finding in answer["findings"]}
            assert set(places) >= {"zones[0].fixed_pre_c", "cameras[0].zone"}
            assert "from 40 to 290" in places["zones[0].fixed_pre_c"]
        assert (await told(page, "POST", "/api/settings/check", edited(await shown(page))))[1]["ok"] is True
    assert file.read_bytes() == before


async def test_a_kept_password_is_not_sent_to_a_new_host(tmp_path: Path) -> None:
    """Stars must not be a way to have a password sent to a stranger's machine."""
    async with served(site_file=settings_file(tmp_path)) as page:
        said = await shown(page)
        said["values"]["cameras"][0]["url"] = "rtsp://10.9.9.9/a"
        status, answer = await told(page, "POST", "/api/settings", edited(said))
        assert status == 422
        assert [finding["at"] for finding in answer["findings"]] == ["cameras[0].password"]


async def test_whoever_was_slower_does_not_undo_the_others_change(tmp_path: Path) -> None:
    """Two people with the page open must not overwrite each other unseen."""
    file = settings_file(tmp_path)
    async with served(site_file=file) as page:
        said = await shown(page)
        file.write_text(file.read_text().replace("Hall", "Lobby"))
        for path in ("/api/settings", "/api/settings/check"):
            status, answer = await told(page, "POST", path, edited(said))
            assert status == 409
            assert "meanwhile" in answer["why"]
        assert (await told(page, "POST", "/api/settings/restore", {"number": 1, "revision": "old"}))[0] == 409
    assert store.load(file).zones[0].name == "Lobby"


async def test_a_change_is_undone_by_page(tmp_path: Path) -> None:
    """A change that turns out wrong at night is taken back with one press, and the journal of changes names who."""
    file = settings_file(tmp_path)
    async with served(site_file=file) as page:
        said = await shown(page)
        said["values"]["cameras"] = []
        assert (await told(page, "POST", "/api/settings", edited(said)))[0] == 200
        said = await shown(page)
        (change,) = said["past"]
        assert (change["number"], change["by"]) == (1, "local page")
        back = {"number": 1, "revision": said["revision"]}
        assert (await told(page, "POST", "/api/settings/restore", back))[0] == 200
        gone = {"number": 99, "revision": (await shown(page))["revision"]}
        status, answer = await told(page, "POST", "/api/settings/restore", gone)
        assert (status, "not kept any more" in answer["why"]) == (409, True)
    assert store.load(file).cameras[0].password == "s3cret"


async def test_a_broken_file_is_words(tmp_path: Path) -> None:
    """A slip made by hand is named on the page; the last accepted settings are what it shows."""
    file = settings_file(tmp_path)
    async with served(site_file=file) as page:
        await shown(page)
        file.write_text("{")
        said = await shown(page)
        assert "last accepted settings" in said["warnings"][0]
        store.last_good(file).unlink()
        assert (await told(page, "GET", "/api/settings"))[0] == 409


async def test_a_file_that_cannot_be_written_is_words(tmp_path: Path) -> None:
    """A read-only disk is said, not shown as done."""
    file = tmp_path / "gone" / "site.json"
    async with served(site_file=file) as page:
        said = await shown(page)
        said["values"]["name"] = "New"
        status, answer = await told(page, "POST", "/api/settings", edited(said))
        assert (status, "cannot be opened" in answer["why"]) == (409, True)


async def test_strangers_and_rubbish_are_refused(tmp_path: Path) -> None:
    """Another page in the browser, a stranger, and a body without end must change nothing."""
    file = settings_file(tmp_path)
    before = file.read_bytes()
    async with served(site_file=file) as page:
        said = edited(await shown(page))
        async with page.client.post("/api/settings", json=said, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
            assert answer.status == 403
        for body, status in (
            (b"{", 400),
            (b"[]", 400),
            (b'{"values": {}}', 400),
            (io.BytesIO(b" " * (1 << 20) + b"{}"), 413),
        ):
            headers = {"Content-Type": "application/json"}
            async with page.client.post("/api/settings", data=body, headers=headers) as answer:
                assert answer.status == status
        async with page.client.post("/api/settings", data=b"{}") as answer:
            assert answer.status == 415
    inside = Door(inside=True)
    headers = {"Host": "evil.example"}
    async with (
        served(door=inside, site_file=file) as page,
        page.client.post("/api/settings", json=said, headers=headers) as answer,
    ):
        assert answer.status == 403
    assert file.read_bytes() == before
