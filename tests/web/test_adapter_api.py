"""Another system that is being set up: a test by page, and what it answers."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from embereye_addon.web.adapter_api import TESTS_MOST, Rate
from embereye_addon.web.ingress import RefusedError
from tests.fakes.ports import free_port
from tests.publish.adapters.servers import Frigate, serving
from tests.web.samples import Served, served, settings_file, told, workshop

SECRET = "0123456789abcdef"


async def asked(page: Served, **adapter: Any) -> dict[str, Any]:
    """A test of an adapter that is not saved yet."""
    _, said = await told(page, "GET", "/api/settings")
    row = {"id": "nvr", "kind": "webhook", "url": "http://127.0.0.1:1", "key": SECRET, **adapter}
    said["values"]["adapters"] = [row]
    return {"settings": {"values": said["values"], "revision": said["revision"]}, "index": 0}


@pytest.mark.timeout(60)
async def test_a_test_is_marked_and_its_answer_is_told_by_camera(tmp_path: Path) -> None:
    """The installer finds out at the first fire that a camera's name was wrong; or the test passes for a fire."""
    bodies: list[bytes] = []
    frigate = Frigate()

    async def noting(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return await frigate(request)

    async with serving(noting) as nvr, served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        targets = ["dock=door", "other=nowhere"]
        body = await asked(page, kind="frigate", url=nvr.url, targets=targets, name="", key="")
        assert (await told(page, "POST", "/api/adapter/test", body))[0] == 422, "a key that does not exist"
        del body["settings"]["values"]["adapters"][0]["name"]
        status, said = await told(page, "POST", "/api/adapter/test", body)
    assert (status, said["ok"]) == (200, True), said
    assert [(row["theirs"], row["outcome"], row["status"]) for row in said["rows"]] == [
        ("door", "done", 200),
        ("nowhere", "refused", 404),
    ]
    assert "no such camera" in said["rows"][1]["why"]
    assert json.loads(bodies[0])["sub_label"] == "EmberEye: a test, nothing burns"
    assert len(frigate.ended) == 1, "a test leaves nothing open"


@pytest.mark.timeout(60)
async def test_who_does_not_answer_is_told_in_words_without_a_secret(tmp_path: Path) -> None:
    """A wrong address looks like a wrong password; or the answer shows the signing secret."""

    async def silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(silent) as hung, served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        body = await asked(page, url=hung.url, timeout_s=1)
        _, said = await told(page, "POST", "/api/adapter/test", body)
        assert ([row["outcome"] for row in said["rows"]], said["timeout_s"]) == (["silent"], 1.0)
        nobody = f"http://127.0.0.1:{free_port()}"
        body = await asked(page, kind="zoneminder", url=nobody, targets=["*=1", "dock=2"])
        _, said = await told(page, "POST", "/api/adapter/test", body)
        assert [row["outcome"] for row in said["rows"]] == ["unreachable", "not_tried"]
        assert "nobody listens at 127.0.0.1" in said["rows"][0]["why"]
        assert SECRET not in json.dumps(said)


async def test_mistakes_stand_at_their_own_fields(tmp_path: Path) -> None:
    """A test that cannot be sent says no more than "failed"."""
    async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        body = await asked(page, kind="agent_dvr", targets=["dock=door", "no mark"])
        status, said = await told(page, "POST", "/api/adapter/test", body)
        places = {finding["at"] for finding in said["findings"]}
        assert (status, places) == (422, {"adapters[0].targets[1]"}), said
        assert (await told(page, "POST", "/api/adapter/test", {**body, "index": 1}))[0] == 404
        del body["settings"]["values"]["adapters"]
        assert (await told(page, "POST", "/api/adapter/test", body))[0] == 404


@pytest.mark.timeout(90)
async def test_tests_are_few(tmp_path: Path) -> None:
    """Somebody who leans on the button calls out the guard once a second."""
    running, go_on = asyncio.Event(), asyncio.Event()
    answered: list[str] = []

    async def slow(request: web.Request) -> web.StreamResponse:
        answered.append(json.loads(await request.read())["event_type"])
        running.set()
        await go_on.wait()
        return web.Response()

    async with serving(slow) as other, served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        body = await asked(page, url=other.url, timeout_s=60)
        first = asyncio.create_task(told(page, "POST", "/api/adapter/test", body))
        await running.wait()
        status, said = await told(page, "POST", "/api/adapter/test", body)
        assert (status, "wait for its end" in said["why"]) == (409, True)
        go_on.set()
        assert (await first)[1]["rows"][0]["outcome"] == "done"
        assert answered == ["test", "test"]


def test_no_more_than_so_many_tests_begin_in_any_minute() -> None:
    """The same, by somebody who waits for each answer."""
    rate = Rate()
    for second in range(TESTS_MOST):
        rate.begin(100.0 + second)
    with pytest.raises(RefusedError, match="try again in 30 s"):
        rate.begin(130.0)
    rate.begin(160.0)
    with pytest.raises(RefusedError, match="Too many"):
        rate.begin(160.5)
