"""Models by page, with a real small network and the real command."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.detect.models import Gate, Models
from embereye_addon.observe.metrics import SHADOW_LOOKS
from tests.tools.test_models import film, network
from tests.web.samples import Served, ended, served, told, workshop


async def sent(page: Served, source: Path) -> dict[str, Any]:
    """The job of a model that was sent file by file."""
    for name in ("card.json", "bright.xml", "bright.bin"):
        async with page.client.put(f"/api/models/upload/{name}", data=(source / name).read_bytes()) as answer:
            assert answer.status == 200
    assert (await told(page, "POST", "/api/models/add", {}))[0] == 202
    return await ended(page)


@pytest.mark.timeout(120)
async def test_a_model_is_brought_judged_promoted_and_rolled_back(tmp_path: Path) -> None:
    """The whole way by page: and nothing goes live that did not pass."""
    shop = workshop(tmp_path)
    (tmp_path / "recordings").mkdir()
    film(tmp_path / "recordings" / "quiet.mp4", 40)
    film(tmp_path / "recordings" / "dim.mp4", 60)
    async with served(shop=shop) as page:
        job = await sent(page, network(tmp_path / "mine", 0.9))
        assert (job["state"], job["why"]) == ("done", "")
        assert job["result"].startswith("bright-1 was added")
        assert not (tmp_path / "scratch" / "model").exists()
        status, said = await told(page, "POST", "/api/models/promote", {"name": "bright-1"})
        assert (status, "replay gate" in said["why"]) == (409, True)
        asked = {"name": "bright-1", "fire": ["dim.mp4"], "quiet": ["quiet.mp4"]}
        assert (await told(page, "POST", "/api/models/gate", asked))[0] == 202
        job = await ended(page)
        assert (job["state"], job["result"]["passed"], job["progress"]["of"]) == ("done", True, 4)
        assert (await told(page, "POST", "/api/models/promote", {"name": "bright-1"}))[0] == 200
        _, shown = await told(page, "GET", "/api/models")
        assert (shown["live"], shown["before"], shown["models"]) == ("bright-1", "", ["", "bright-1"])
        assert (await told(page, "POST", "/api/models/rollback", {}))[0] == 200
        assert (await told(page, "POST", "/api/models/rollback", {}))[0] == 409
        assert (await told(page, "POST", "/api/models/remove", {"name": "bright-1"}))[0] == 200
    assert Models(tmp_path / "models").listed() == ()


@pytest.mark.timeout(60)
async def test_what_does_not_fit_is_refused_in_words(tmp_path: Path) -> None:
    """A card that names another head than the network has is said at the door, and is not kept."""
    async with served(shop=workshop(tmp_path)) as page:
        job = await sent(page, network(tmp_path / "mine", 0.4, head="yolo"))
        assert (job["state"], "YOLO head" in job["why"]) == ("failed", True)
        assert (await told(page, "GET", "/api/models"))[1]["models"] == [""]
        for name, status in (("run.sh", 400), ("..xml", 400), ("%2e%2e%2fx.xml", 400)):
            async with page.client.put(f"/api/models/upload/{name}", data=b"x") as answer:
                assert answer.status == status
        for name, status in (("card.json", 200), ("a.xml", 200), ("a.bin", 200), ("b.bin", 409), ("card.json", 200)):
            async with page.client.put(f"/api/models/upload/{name}", data=b"x") as answer:
                assert answer.status == status
        assert (await told(page, "POST", "/api/models/eat", {}))[0] == 404
        gate = {"name": "x", "fire": ["gone.mp4"], "quiet": ["gone.mp4"]}
        assert (await told(page, "POST", "/api/models/gate", gate))[0] == 404


async def test_the_shadow_and_its_agreement_are_shown(tmp_path: Path) -> None:
    """Nobody can say whether the new model is better without the counts of the two."""
    models = Models(tmp_path / "models")
    models.add(network(tmp_path / "mine", 0.4))
    path = tmp_path / "recordings"
    models.judged("bright-1", Gate(passed=False, at=1.0, beside="", words=f"missed: {path}/a.mp4"))
    async with served(shop=workshop(tmp_path)) as page:
        assert (await told(page, "POST", "/api/models/shadow", {"name": "bright-1"}))[0] == 200
        SHADOW_LOOKS.labels("bright-1", "both").inc(3)
        SHADOW_LOOKS.labels("another-1", "none").inc(9)
        _, shown = await told(page, "GET", "/api/models")
        assert (shown["shadow"], shown["agreement"]) == ("bright-1", {"both": 3})
        assert shown["gates"]["bright-1"]["words"] == "missed: a.mp4"
        assert (await told(page, "POST", "/api/models/shadow", {}))[0] == 200
        assert (await told(page, "GET", "/api/models"))[1]["shadow"] is None
        (tmp_path / "models" / "models.json").write_text(json.dumps([1]))
        assert (await told(page, "GET", "/api/models"))[0] == 409


@pytest.mark.timeout(120)
async def test_a_gate_is_begun_again_after_a_restart_of_the_page(tmp_path: Path) -> None:
    """An hour of judging is not lost because somebody applied a setting; how far a recording is can be seen."""
    Models(tmp_path / "models").add(network(tmp_path / "mine", 0.9))
    (tmp_path / "recordings").mkdir()
    film(tmp_path / "recordings" / "quiet.mp4", 40)
    film(tmp_path / "recordings" / "dim.mp4", 60)
    async with served(shop=workshop(tmp_path)) as page:
        asked = {"name": "bright-1", "fire": ["dim.mp4"], "quiet": ["quiet.mp4"]}
        assert (await told(page, "POST", "/api/models/gate", asked))[0] == 202
        job: dict[str, Any] = {}
        while "played_s" not in (job.get("progress") or {}):
            await asyncio.sleep(0.02)
            _, job = await told(page, "GET", "/api/job")
        assert (job["progress"]["recording"], job["progress"]["of_s"]) == ("dim.mp4", pytest.approx(8.0, abs=0.5))
    async with served(shop=workshop(tmp_path)) as page:
        job = await ended(page)
    assert (job["state"], job["begun"], job["result"]["passed"]) == ("done", 2, True)
    for other in ({**asked, "fire": ["gone.mp4"]}, {"name": 1}):
        kept = {"job": {**job, "state": "running", "begun": 1}, "asked": other}
        (tmp_path / "scratch" / "job.json").write_text(json.dumps(kept))
        async with served(shop=workshop(tmp_path)) as page:
            _, job = await told(page, "GET", "/api/job")
        assert job["state"] == "failed"
