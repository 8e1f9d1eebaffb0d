"""Recordings on the server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embereye_addon.web import recordings
from tests.web.samples import served, told, workshop


async def test_a_recording_is_sent_listed_and_deleted(tmp_path: Path) -> None:
    """What the installer's phone filmed can be played to EmberEye."""
    async with served(shop=workshop(tmp_path)) as page:
        assert await told(page, "GET", "/api/recordings") == (200, [])
        for content in (b"x" * 300_000, b"y" * 10):
            async with page.client.put("/api/recordings/fire in hall.mp4", data=content) as answer:
                assert answer.status == 200
        (tmp_path / "recordings" / "secret.txt").symlink_to("/etc/passwd")
        (tmp_path / "recordings" / "notes.docx").write_text("")
        _, (one,) = await told(page, "GET", "/api/recordings")
        assert (one["name"], one["kind"], one["octets"]) == ("fire in hall.mp4", "video", 10)
        assert (await told(page, "DELETE", "/api/recordings/fire in hall.mp4"))[0] == 200
        assert (await told(page, "DELETE", "/api/recordings/fire in hall.mp4"))[0] == 404
        assert (await told(page, "DELETE", "/api/recordings/secret.txt"))[0] == 404


@pytest.mark.parametrize(
    "name", ["..%2Fsite.json", ".hidden.mp4", "run.sh", "a%2Fb.mp4", "x" * 90 + ".mp4", "na%C3%AFve.mp4"]
)
async def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """A file's name must not become a way to write elsewhere."""
    async with (
        served(shop=workshop(tmp_path)) as page,
        page.client.put(f"/api/recordings/{name}", data=b"x") as answer,
    ):
        assert answer.status in (400, 404)
    assert not list(tmp_path.rglob("*.*"))


async def test_what_is_too_large_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film of a day must not fill the disk on which alarms are written."""
    monkeypatch.setattr(recordings, "FOLDER_MAX", 1000)
    async with served(shop=workshop(tmp_path)) as page:
        for sent in (b"x" * 5000, _pieces()):
            async with page.client.put("/api/recordings/long.mp4", data=sent) as answer:
                assert answer.status == 413
        assert await told(page, "GET", "/api/recordings") == (200, [])
        async with page.client.put("/api/recordings/fits.mp4", data=b"x" * 1000) as answer:
            assert answer.status == 200
        async with page.client.put("/api/recordings/more.mp4", data=b"x") as answer:
            assert answer.status == 507
    assert [file.name for file in (tmp_path / "recordings").iterdir()] == ["fits.mp4"]


async def _pieces() -> AsyncIterator[bytes]:
    """A body whose length is not told."""
    for _ in range(20):
        yield b"x" * 1000


async def test_another_page_may_not_send(tmp_path: Path) -> None:
    """Sending is an act, so it must come from our own page."""
    async with served(shop=workshop(tmp_path)) as page:
        headers = {"Sec-Fetch-Site": "cross-site"}
        async with page.client.put("/api/recordings/a.mp4", data=b"x", headers=headers) as answer:
            assert answer.status == 403


async def test_a_folder_that_cannot_be_made_is_words(tmp_path: Path) -> None:
    """A forbidden folder is said."""
    (tmp_path / "recordings").write_text("no folder")
    async with served(shop=workshop(tmp_path)) as page:
        status, said = await told(page, "PUT", "/api/recordings/a.mp4")
        assert (status, "cannot be written" in said["why"]) == (507, True)
