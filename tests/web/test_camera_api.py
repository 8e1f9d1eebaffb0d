"""A camera that is being added: its test and what it would see."""

import json
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.demo.rtsp import RtspServer
from tests.fakes.cameras import grey_clip
from tests.web.samples import Served, served, settings_file, told, workshop


async def asked(page: Served, **camera: Any) -> dict[str, Any]:
    """A test of the first camera with something changed in it."""
    _, said = await told(page, "GET", "/api/settings")
    said["values"]["cameras"][0].update(camera)
    return {"settings": {"values": said["values"], "revision": said["revision"]}, "index": 0}


@pytest.mark.timeout(60)
async def test_a_camera_is_tested_before_it_is_saved(tmp_path: Path) -> None:
    """The installer stands on the ladder once: what the stream is, what to change, and what it shows."""
    server = RtspServer()
    server.add("new", grey_clip(120))
    await server.start()
    try:
        async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
            body = await asked(
                page, url=f"rtsp://127.0.0.1:{server.port}/new", username="", password="", name="", zone=""
            )
            status, said = await told(page, "POST", "/api/camera/test", body)
    finally:
        await server.stop()
    assert (status, said.get("error")) == (200, ""), said
    assert (said["codec"], said["width"], said["height"]) == ("h264", 64, 48)
    assert any("640x480" in words for words in said["advice"])
    assert len(said["jpeg"]) > 100


@pytest.mark.timeout(60)
async def test_a_camera_that_does_not_answer_is_words(tmp_path: Path) -> None:
    """The usual mistakes of a first try: nobody there, and a URL that is none; the password is in no answer."""
    async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        status, said = await told(page, "POST", "/api/camera/test", await asked(page))
        assert (status, "nothing listens" in said["error"]) == (200, True)
        assert "s3cret" not in json.dumps(said)
        status, said = await told(page, "POST", "/api/camera/test", await asked(page, url="http://x"))
        assert (status, said["findings"][0]["at"]) == (422, "cameras[0].url")
        status, said = await told(page, "POST", "/api/camera/test", await asked(page, url="rtsp://10.9.9.9/a"))
        assert (status, said["findings"][0]["at"]) == (422, "cameras[0].password")
        body = await asked(page)
        assert (await told(page, "POST", "/api/camera/test", {**body, "index": 4}))[0] == 404


async def test_what_a_camera_would_see_grows_with_the_lens(tmp_path: Path) -> None:
    """A wider lens sees smaller things only when they are nearer; and a wrong number is words."""
    async with served(shop=workshop(tmp_path)) as page:
        _, narrow = await told(page, "GET", "/api/sizes?width=640&lens=40")
        _, wide = await told(page, "GET", "/api/sizes?width=640&lens=100")
        assert 0.0 < narrow["fire"]["closer_mostly_m"] < wide["fire"]["closer_mostly_m"]
        for query in ("width=640&lens=x", "width=640&lens=nan", "width=1&lens=40", ""):
            assert (await told(page, "GET", f"/api/sizes?{query}"))[0] == 400
