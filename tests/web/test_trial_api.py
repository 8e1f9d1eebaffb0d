"""New settings tried on recordings."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from embereye_addon.evidence import Evidence, KeptFile
from tests.test_evidence import change
from tests.web.samples import Served, ended, served, settings_file, told, workshop


def night(folder: Path) -> None:
    """Recorded traffic: a PF device that is warm for a while, which only a sensitive zone would call a pre-alarm."""
    evidence = {"point": "pf.a.thermal", "kind": "heat", "llr_nats": 1.0, "value": 60.0, "unit": "°C", "where": ""}
    piece = {**evidence, "cap_nats": 9.0, "rules": []}
    say = {"type": "HotSpots", "source": "pf.a", "node": "n", "max_c": 60.0, "median_c": 20.0, "evidence": [piece]}
    lines = [json.dumps({"t": float(second), "say": say}) for second in range(120)]
    (folder / "recordings").mkdir()
    (folder / "recordings" / "night.jsonl").write_text("\n".join(lines))


async def edited(page: Served, sensitivity: str) -> dict[str, Any]:
    """What the page sends, with another sensitivity."""
    _, said = await told(page, "GET", "/api/settings")
    said["values"]["zones"][0]["sensitivity"] = sensitivity
    return {"values": said["values"], "revision": said["revision"]}


@pytest.mark.timeout(120)
async def test_the_present_and_the_new_settings_side_by_side(tmp_path: Path) -> None:
    """What a new sensitivity would have done last night is seen before it is applied; the settings stay as they are."""
    night(tmp_path)
    file = settings_file(tmp_path)
    before = file.read_bytes()
    async with served(site_file=file, shop=workshop(tmp_path)) as page:
        asked = {"settings": await edited(page, "high"), "recordings": [{"name": "night.jsonl", "camera": "a"}]}
        assert (await told(page, "POST", "/api/trial", asked))[0] == 202
        assert (await told(page, "POST", "/api/trial", asked))[0] == 409
        job = await ended(page)
    assert (job["state"], job["kind"], job["why"]) == ("done", "trial", "")
    (row,) = job["result"]
    assert row["before"]["summary"]["worst"] == "normal"
    assert row["after"]["summary"]["worst"] == "pre_alarm"
    assert [change["now"] for change in row["after"]["changes"]] == ["pre_alarm"]
    curves = [row[which]["curves"][0] for which in ("before", "after")]
    assert [curve["zone"] for curve in curves] == ["hall", "hall"]
    assert curves[0]["pre_alarm_nats"] > curves[1]["pre_alarm_nats"]
    assert len(curves[0]["curve"]) == 120
    assert file.read_bytes() == before
    assert not (tmp_path / "scratch" / "trial").exists()


@pytest.mark.timeout(120)
async def test_what_cannot_be_played_is_words_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One bad file must not hide what the others showed."""
    night(tmp_path)
    (tmp_path / "recordings" / "noise.mp4").write_bytes(b"no video" * 50)
    async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        chosen = [{"name": "noise.mp4"}, {"name": "night.jsonl"}]
        asked = {"settings": await edited(page, "low"), "recordings": chosen}
        assert (await told(page, "POST", "/api/trial", asked))[0] == 202
        bad, good = (await ended(page))["result"]
    assert "cannot be read as video" in bad["after"]["error"]
    assert str(tmp_path) not in json.dumps(bad)
    assert good["after"]["summary"]["worst"] == "normal"


async def test_wrong_settings_and_unknown_recordings_are_not_tried(tmp_path: Path) -> None:
    """Nothing is started that cannot give an answer."""
    async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        asked = {"settings": await edited(page, "none"), "recordings": [{"name": "gone.mp4"}]}
        status, said = await told(page, "POST", "/api/trial", asked)
        assert (status, said["findings"][0]["at"]) == (422, "zones[0].sensitivity")
        asked = {"settings": await edited(page, "high"), "recordings": [{"name": "gone.mp4"}]}
        assert (await told(page, "POST", "/api/trial", asked))[0] == 404
        assert await told(page, "GET", "/api/job") == (200, None)


@pytest.mark.timeout(120)
async def test_a_trial_is_cancelled(tmp_path: Path) -> None:
    """An hour of film started by mistake can be stopped, and nothing is left behind."""
    night(tmp_path)
    async with served(site_file=settings_file(tmp_path), shop=workshop(tmp_path)) as page:
        asked = {"settings": await edited(page, "high"), "recordings": [{"name": "night.jsonl"}]}
        await told(page, "POST", "/api/trial", asked)
        assert (await told(page, "POST", "/api/job/cancel", {}))[0] == 200
        assert (await ended(page))["state"] == "cancelled"
    assert not (tmp_path / "scratch" / "trial").exists()


@pytest.mark.timeout(120)
async def test_a_trial_goes_on_after_a_restart_of_the_page(tmp_path: Path) -> None:
    """Applying other settings meanwhile restarts the page; the trial goes on with the settings it was begun with."""
    night(tmp_path)
    lines = (tmp_path / "recordings" / "night.jsonl").read_text()
    (tmp_path / "recordings" / "long.jsonl").write_text("\n".join([lines] * 200))
    file = settings_file(tmp_path)
    async with served(site_file=file, shop=workshop(tmp_path)) as page:
        asked = {
            "settings": await edited(page, "high"),
            "recordings": [{"name": "night.jsonl"}, {"name": "long.jsonl"}],
        }
        assert (await told(page, "POST", "/api/trial", asked))[0] == 202
        job: dict[str, Any] = {}
        while not job.get("result"):
            await asyncio.sleep(0.02)
            _, job = await told(page, "GET", "/api/job")
    assert job["state"] == "running"
    file.unlink()
    async with served(site_file=file, shop=workshop(tmp_path)) as page:
        job = await ended(page)
        first, second = job["result"]
    assert (job["state"], job["begun"], job["number"]) == ("done", 2, 1)
    assert (first["name"], second["name"]) == ("night.jsonl", "long.jsonl")
    assert second["after"]["summary"]["worst"] == "pre_alarm"
    assert second["before"]["summary"]["worst"] == "normal"
    assert not (tmp_path / "scratch" / "trial").exists()
    async with served(site_file=file, shop=workshop(tmp_path)) as page:
        assert (await told(page, "GET", "/api/job"))[1] == job


@pytest.mark.timeout(120)
async def test_a_trial_whose_settings_are_gone_says_so(tmp_path: Path) -> None:
    """A file of a job without what it needs must not keep the page from starting."""
    kept = {"number": 4, "kind": "trial", "by": "Ann", "at": 1.0, "state": "running"}
    (tmp_path / "scratch").mkdir()
    for asked in ([{"name": "night.jsonl"}], [{"what": 1}], "x"):
        (tmp_path / "scratch" / "job.json").write_text(json.dumps({"job": kept, "asked": asked}))
        async with served(shop=workshop(tmp_path)) as page:
            _, job = await told(page, "GET", "/api/job")
        assert (job["state"], "begin again" in job["why"]) == ("failed", True)


@pytest.mark.timeout(120)
async def test_a_past_alarm_is_tried(tmp_path: Path) -> None:
    """Whether another sensitivity would have spared last night's alarm is one click away."""
    night(tmp_path)
    evidence, noted = Evidence(tmp_path / "evidence"), change(at=1_700_000_000.0)
    evidence.note(noted)
    content = (tmp_path / "recordings" / "night.jsonl").read_bytes()
    evidence.add(noted.id, KeptFile(name="alarm-hall.jsonl", what="traffic", source="hall", at=noted.at), content)
    file = settings_file(tmp_path)
    async with served(site_file=file, shop=workshop(tmp_path), evidence=tmp_path / "evidence") as page:
        chosen = [{"name": "2023-11-14 22.13.20 alarm-hall.jsonl"}]
        asked = {"settings": await edited(page, "high"), "recordings": chosen}
        assert (await told(page, "POST", "/api/trial", asked))[0] == 202
        (row,) = (await ended(page))["result"]
    assert row["after"]["summary"]["worst"] == "pre_alarm"
