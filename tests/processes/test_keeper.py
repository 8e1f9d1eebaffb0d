"""The keeper of evidence: after an alarm there is something to see, and whatever fails holds up nothing."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec
import numpy as np
import pytest

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.detect.masks import GREY, masks
from embereye_addon.evidence import Evidence
from embereye_addon.messages import (
    AlarmChanged,
    Box,
    ClipRequest,
    Explanation,
    Film,
    Kind,
    Share,
    Snapshot,
    SnapshotRequest,
    ZoneState,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.disk import Room
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes import films, keeper
from embereye_addon.processes.films import Films
from embereye_addon.processes.keeper import Keeper, devices_of
from embereye_addon.processes.traffic import Traffic
from embereye_addon.processes.web import media_folder
from embereye_addon.settings.model import Disk
from embereye_addon.settings.regions import parse
from embereye_addon.sources.camera.farm import Farm
from embereye_addon.thermal.history import Recorder
from embereye_addon.tools import heard
from tests.fakes.cameras import grey_clip, until
from tests.processes.world import hot, site
from tests.test_evidence import change

SITE = site({"door": "rtsp://h/"}, ("roof",))
JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
ROOM = Room(Path("/"), 0)
LEFT_HALF = "privacy left: 0,0 0.5,0 0.5,1 0,1"


@dataclass
class World:
    """A camera on a real RTSP server, its ring, its films on a bus, and the keeper with its folders."""

    farm: Farm
    films: Films
    bus: MemoryBus
    keeper: Keeper
    folder: Path
    server: RtspServer

    async def filled(self, seconds: float = 1.2) -> None:
        """Until the ring holds something."""
        await until(lambda: self.farm.watched()[0].ring and self.farm.watched()[0].decoded > 5)
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def world(tmp_path: Path, regions: tuple[str, ...] = ()) -> AsyncIterator[World]:
    """All of it while the block lasts."""
    server = RtspServer()
    server.add("door", grey_clip(60))
    await server.start()
    farm = Farm(lambda _source, _look: None, rings=True)
    made = Films(farm, {"cam.door": masks(tuple(map(parse, regions)))})
    bus = MemoryBus(Hub())

    async def snapshot(request: SnapshotRequest) -> Snapshot:
        box = Box(label="flame", confidence=0.9, left=0.1, top=0.1, right=0.4, bottom=0.4)
        return Snapshot(source=request.source, at=utc_s(), jpeg=JPEG, boxes=(box,))

    await bus.answer(SnapshotRequest, snapshot, at="cam.door")
    await bus.answer(ClipRequest, made.answer, at="cam.door")
    evidence = Evidence(tmp_path / "evidence", tmp_path / "media")
    kept = Keeper(SITE, bus, evidence, tmp_path / "history", ROOM, before_s=1.0, after_s=0.5, late_s=0.1, again_s=0.2)
    farm.watch("cam.door", server.url("door"))
    try:
        yield World(farm, made, bus, kept, tmp_path, server)
    finally:
        await kept.stop()
        await made.stop()
        await bus.close()
        await asyncio.to_thread(farm.stop)
        await server.stop()


def now_changed(**changes: Any) -> AlarmChanged:
    """An alarm of this moment."""
    return msgspec.structs.replace(change(at=utc_s()), **changes)


async def test_an_alarm_keeps_what_was_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Picture, film, heat and trend of an alarm are there, in the folder and in Home Assistant's media folder."""
    caplog.set_level("INFO")
    async with world(tmp_path, (LEFT_HALF,)) as here:
        await here.filled()
        recorder = Recorder(tmp_path / "history" / "pf.roof")
        for number in range(5):
            recorder.add(utc_s() - 4 + number, np.full((24, 32), 2000 + 100 * number, np.int16))
        recorder.write()
        alarm = now_changed(at=utc_s() - 0.3)  # pictures before it are there, were the machine to stand still now
        await here.keeper.on_change(alarm)
        await until(lambda: len(here.keeper.evidence.listed(1)[0].files) == 4)
        (kept,) = here.keeper.evidence.listed(1)
        files = {file.what: file for file in kept.files}
        assert set(files) == {"picture", "film", "heat", "trend"}
        assert {path.name for path in (tmp_path / "media").rglob("*.*")} == {
            "alarm-door.jpg",
            "alarm-door.mp4",
            "alarm-roof.png",
        }
        folder = tmp_path / "evidence" / "hall-1"
        with av.open(io.BytesIO((folder / "alarm-door.mp4").read_bytes()), "r") as film:
            pictures = [frame.to_ndarray(format="bgr24") for frame in film.decode(film.streams.video[0])]
        assert len(pictures) >= 3
        assert files["film"].at < alarm.at < files["film"].end, "before and after"
        left = pictures[0][:, :28].astype(int)
        assert abs(left - GREY).max() < 12, "the private half is grey"
        assert abs(float(pictures[0][:, 40:].mean()) - 63) < 8
        trend = json.loads((folder / "alarm-roof.json").read_text())
        assert trend["max_c"][-1] == 24.0
        assert cv2.imread(str(folder / "alarm-roof.png")) is not None
        await here.keeper.on_change(now_changed(now=ZoneState.NORMAL))
        assert here.keeper.evidence.listed(1)[0].changes[-1].now is ZoneState.NORMAL
        await here.keeper.prune()
        assert len(here.keeper.evidence.listed(1)) == 1


async def test_what_cannot_be_had_is_missed_and_holds_up_nothing(tmp_path: Path) -> None:
    """No camera answers, no heat is there, the disk refuses: the alarm's entry is all there is, and nothing fails."""
    bus = MemoryBus(Hub())
    kept = Keeper(
        SITE, bus, Evidence(tmp_path / "evidence"), tmp_path / "none", ROOM, before_s=0.1, after_s=0.0, late_s=0.0
    )
    try:
        await kept.collect(now_changed(explanation=_only("gone.x")))
        await kept.on_change(now_changed())
        (entry,) = kept.evidence.listed(5)
        assert entry.files == ()
        await kept.on_change(now_changed(id="../../x"))
        await kept.on_change(change("old"))
        await kept.stop()
        (tmp_path / "file").write_text("in the way")
        broken = Keeper(SITE, bus, Evidence(tmp_path / "file"), tmp_path, ROOM)
        await broken.on_change(now_changed())
        await broken.prune()
        assert not broken._collecting
    finally:
        await kept.stop()
        await bus.close()


async def test_a_burst_of_alarms_is_bounded(tmp_path: Path) -> None:
    """Twenty zones at once must not fill memory with films that nobody can make in time."""
    bus = MemoryBus(Hub())
    kept = Keeper(SITE, bus, Evidence(tmp_path), tmp_path, ROOM, after_s=20.0)
    before = REGISTRY.get_sample_value("embereye_evidence_missed_total", {"what": "alarm"}) or 0.0
    try:
        for number in range(keeper.AT_ONCE + 5):
            await kept.on_change(now_changed(id=f"hall-{number}"))
        assert len(kept._collecting) <= keeper.AT_ONCE
        assert REGISTRY.get_sample_value("embereye_evidence_missed_total", {"what": "alarm"}) == before + 5
        assert len(kept.evidence.listed(50)) == keeper.AT_ONCE + 5, "what is known of each is kept all the same"
    finally:
        await kept.stop()
        await bus.close()


async def test_a_scarce_disk_keeps_words_only(tmp_path: Path) -> None:
    """Pictures must not take the room that the journal needs."""
    bus = MemoryBus(Hub())
    kept = Keeper(SITE, bus, Evidence(tmp_path), tmp_path, Room(tmp_path, 1 << 40))
    await kept.on_change(now_changed())
    assert not kept._collecting
    assert kept.evidence.listed(1)[0].explanation.text == "flame and heat"
    await bus.close()


async def test_films_are_few_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many at once, one key one film, and what nobody fetches does not stay."""
    async with world(tmp_path) as here:
        await here.filled(0.3)

        async def ask(key: str, source: str = "cam.door") -> Film:
            return await here.films.answer(ClipRequest(source=source, key=key, at=utc_s(), before_s=1.0, after_s=0.2))

        assert (await ask("a", "cam.other")).why == "nothing of that time is there"
        assert (await ask("a")).pending
        assert (await ask("a")).pending
        assert (await ask("b")).pending
        assert (await ask("c")).why == "nothing of that time is there", "two recordings of one camera are enough"
        monkeypatch.setattr(films, "MOST", 2)
        assert (await ask("d")).why == "too many films at once"
        await asyncio.sleep(0.5)
        found = None
        while found is None or found.pending:
            found = await ask("a")
            await asyncio.sleep(0.05)
        assert found.mp4
        monkeypatch.setattr(films, "KEPT_S", 0.0)
        assert (await ask("e")).pending, "b was forgotten"


async def test_a_film_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A camera whose packets nobody can decode costs the film, and nothing else."""
    async with world(tmp_path) as here:
        await here.filled(0.3)
        ring = here.farm.watched()[0].ring
        assert ring is not None
        for of, why in ((ring.opened, "no picture of that time could be decoded"), (None, "it could not be encoded")):
            request = ClipRequest(source="cam.door", key=why, at=utc_s(), before_s=1.0, after_s=0.0)
            recording = here.farm.record("cam.door", 0.0, 0.0)
            assert recording is not None
            recording.pieces.clear()
            if of is None:
                recording.opened = replace(recording.opened, codec="no_such_codec")
            film = await here.films._make(request, recording)
            assert (film.mp4, film.why) == (b"", why)


def _only(point: str) -> Explanation:
    share = Share(point=point, kind=Kind.FLAME, value=1.0, unit="", nats=5.0, share=1.0)
    return msgspec.structs.replace(change().explanation, shares=(share,))


def test_the_devices_with_a_part_are_asked() -> None:
    """Those that claimed it, else those of the zone."""
    of = site(devices=("roof", "cellar"))
    assert devices_of(of, now_changed(explanation=_only("pf.cellar.thermal"))) == ("cellar",)
    assert devices_of(of, now_changed(explanation=_only("cam.x.flame"))) == ("roof", "cellar")
    assert devices_of(of, now_changed(zone="yard")) == ()


def test_where_copies_go(tmp_path: Path) -> None:
    """Home Assistant's media folder in the add-on only, nowhere, or a folder of one's own."""
    assert media_folder("true", inside=True, shared=tmp_path) == tmp_path / "embereye"
    assert media_folder("true", inside=True, shared=tmp_path / "none") is None
    assert media_folder("true", inside=False, shared=tmp_path) is None
    assert media_folder("false", inside=True, shared=tmp_path) is None
    assert media_folder("/srv/fires", inside=False) == Path("/srv/fires")


async def test_on_a_disk_that_is_nearly_full_films_go_first(tmp_path: Path) -> None:
    """A film of megabytes must not take the room of the next alarm's row; its picture is kept all the same."""
    async with world(tmp_path) as here:
        await here.filled(0.2)
        here.keeper.site = msgspec.structs.replace(SITE, disk=Disk(least_free_mib=1 << 30))
        alarm = now_changed()
        here.keeper.evidence.note(alarm)
        await here.keeper.collect(alarm)
        (kept,) = here.keeper.evidence.listed(1)
        assert [file.what for file in kept.files] == ["picture"]


async def test_an_alarm_keeps_what_was_claimed_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The morning after a false alarm, other settings can be tried on it; many at once leave the disk in peace."""
    bus, evidence = MemoryBus(Hub()), Evidence(tmp_path / "evidence", tmp_path / "media")
    ring = Traffic({"pf.boiler": "hall"}, before_s=20.0, after_s=0.2)
    kept = Keeper(site({}, ()), bus, evidence, tmp_path / "history", ROOM, traffic=ring)
    ring.take(hot())
    try:
        await kept.on_change(now_changed(zone="hall"))
        ring.take(hot())
        await until(lambda: evidence.listed(1)[0].files)
        ((file,), alarm) = (evidence.listed(1)[0].files, evidence.listed(1)[0])
        assert (file.what, file.name, file.source) == ("traffic", "alarm-hall.jsonl", "zone.hall")
        assert file.at <= alarm.at <= file.end
        path = evidence.path(alarm.id, file.name)
        assert path is not None
        assert len(list(heard.traffic(path))) == 2
        assert not list((tmp_path / "media").rglob("*.jsonl"))
        await kept.on_change(now_changed(zone="yard", id="another"))
        await until(lambda: REGISTRY.get_sample_value("embereye_evidence_missed_total", {"what": "traffic"}))
        monkeypatch.setattr(keeper, "LISTENING_MOST", 0)
        await kept.on_change(now_changed(zone="hall", id="third"))
        await asyncio.sleep(0.5)
        assert [alarm.id for alarm in evidence.listed(9) if alarm.files] == [alarm.id]
    finally:
        await kept.stop()
        await bus.close()
