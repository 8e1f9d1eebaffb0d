"""Recordings on the server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from embereye_addon.evidence import Evidence, KeptFile
from embereye_addon.web import recordings
from embereye_addon.web.alarm_recordings import AlarmRecordings
from tests.test_evidence import change
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


async def test_what_is_kept_of_alarms_can_be_chosen_but_not_deleted(tmp_path: Path) -> None:
    """The night's false alarm is what an installer wants to try settings on; its evidence is not theirs to delete."""
    evidence = Evidence(tmp_path / "evidence")
    noted = change(at=1_700_000_000.0)
    evidence.note(noted)
    for name, what, source in (
        ("alarm-hall.jsonl", "traffic", "hall"),
        ("alarm-door.mp4", "film", "cam.door"),
        ("alarm-door.jpg", "picture", "cam.door"),
    ):
        evidence.add(noted.id, KeptFile(name=name, what=what, source=source, at=1_700_000_000.0), b"{}")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "mine.mp4").write_bytes(b"x")
    at = "2023-11-14 22.13.20"
    async with served(shop=workshop(tmp_path), evidence=tmp_path / "evidence") as page:
        _, shown = await told(page, "GET", "/api/recordings")
        rows = [(one["name"], one["kind"], one["kept"], one["camera"]) for one in shown]
        assert rows[0] == ("mine.mp4", "video", False, "")
        assert set(rows[1:]) == {
            (f"{at} alarm-hall.jsonl", "traffic", True, ""),
            (f"{at} alarm-door.mp4", "video", True, "door"),
        }
        status, said = await told(page, "DELETE", f"/api/recordings/{at} alarm-hall.jsonl")
        assert (status, "past alarm" in said["why"]) == (409, True)
        async with page.client.get(f"/api/alarms/{noted.id}/alarm-hall.jsonl") as answer:
            assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
        folder = tmp_path / "evidence" / noted.id
        api = recordings.Recordings(tmp_path / "recordings", AlarmRecordings(evidence))
        words = api.named(f"missed: {folder}/alarm-door.mp4, {tmp_path}/recordings/mine.mp4")
        assert words == f"missed: {at} alarm-door.mp4, mine.mp4"
        (folder / "alarm-hall.jsonl").unlink()
        assert len((await told(page, "GET", "/api/recordings"))[1]) == 2
