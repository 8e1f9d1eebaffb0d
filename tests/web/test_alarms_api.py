"""The alarms of the past, as the page gets them."""

from pathlib import Path

from embereye_addon.evidence import Evidence, KeptFile
from tests.test_evidence import AT, change
from tests.web.samples import served


def kept(folder: Path) -> Path:
    """One alarm with a picture and a film."""
    evidence = Evidence(folder)
    evidence.note(change())
    for name, what, content in (("alarm-door.jpg", "picture", b"jpeg"), ("alarm-door.mp4", "film", bytes(range(200)))):
        evidence.add("hall-1", KeptFile(name=name, what=what, source="cam.door", at=AT, end=AT + 20), content)
    return folder


async def test_alarms_are_listed_with_their_files(tmp_path: Path) -> None:
    """What the page draws: the steps, the explanation, and what there is to see."""
    async with served(evidence=kept(tmp_path / "e")) as page, page.client.get("/api/alarms?most=5") as answer:
        assert answer.status == 200
        (alarm,) = (await answer.json())["alarms"]
        assert (alarm["id"], alarm["state"], alarm["explanation"]["text"]) == ("hall-1", "alarm", "flame and heat")
        assert [file["name"] for file in alarm["files"]] == ["alarm-door.jpg", "alarm-door.mp4"]


async def test_a_film_is_given_whole_and_in_parts(tmp_path: Path) -> None:
    """Players ask for a part first; without parts some of them show nothing."""
    async with served(evidence=kept(tmp_path / "e")) as page:
        async with page.client.get("/api/alarms/hall-1/alarm-door.mp4") as answer:
            assert (answer.status, answer.content_type) == (200, "video/mp4")
            assert await answer.read() == bytes(range(200))
            assert "media-src 'self'" in answer.headers["Content-Security-Policy"]
        async with page.client.get("/api/alarms/hall-1/alarm-door.mp4", headers={"Range": "bytes=10-19"}) as answer:
            assert answer.status == 206
            assert await answer.read() == bytes(range(10, 20))
        async with page.client.get("/api/alarms/hall-1/alarm-door.jpg") as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")


async def test_what_is_not_kept_is_not_there(tmp_path: Path) -> None:
    """No other file of the disk can be had, and nonsense is refused in words."""
    folder = kept(tmp_path / "e")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    async with served(evidence=folder) as page:
        for path in ("hall-1/alarm.json", "hall-1/..%2F..%2Fsecret.jpg", "..%2F/secret.jpg", "none/alarm-door.jpg"):
            async with page.client.get(f"/api/alarms/{path}") as answer:
                assert answer.status == 404, path
                assert b"secret" not in await answer.read()
        for most in ("0", "51", "x", "-1", "9999999999"):
            async with page.client.get(f"/api/alarms?most={most}") as answer:
                assert answer.status == 400
                assert "is not a number from 1 to 50" in (await answer.json())["why"]


async def test_a_stranger_sees_nothing(tmp_path: Path) -> None:
    """The rules of every other address hold here too."""
    async with served(evidence=kept(tmp_path / "e")) as page:
        for path in ("/api/alarms", "/api/alarms/hall-1/alarm-door.mp4"):
            async with page.client.get(path, headers={"Host": "evil.example"}) as answer:
                assert answer.status == 403
