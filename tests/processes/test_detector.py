"""A detector: its cameras, its looks, its pictures, and what it says when it cannot see."""

import asyncio
import functools
import math
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
import pytest
import pytest_asyncio

from embereye_addon.bus.memory import Hub
from embereye_addon.demo.rtsp import RtspServer
from embereye_addon.demo.rtsp_wire import Login
from embereye_addon.detect.assign import mine
from embereye_addon.detect.look import Eyes
from embereye_addon.detect.masks import GREY
from embereye_addon.detect.model import WEIGHTS, Model
from embereye_addon.detect.shard import Glance
from embereye_addon.messages import (
    Evidence,
    HotSpots,
    Kind,
    LinkState,
    ProcessHealth,
    Sighting,
    Snapshot,
    SnapshotRequest,
    SourceHealth,
)
from embereye_addon.observe.clock import utc_s
from embereye_addon.processes import detector
from embereye_addon.processes.child import Child
from embereye_addon.processes.detector import Detector
from embereye_addon.processes.looked import LATE_S as LOOK_LATE_S
from embereye_addon.settings.model import Camera, Detection, Device, Site, Zone
from embereye_addon.sources.camera.farm import Look
from tests.fakes.cameras import grey_clip, scene_clip, until
from tests.processes.world import Listener, beat, child_of, listening, running, site


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """Two quiet cameras, one of them behind a login, and one that sees a fire."""
    running_server = RtspServer()
    running_server.add("quiet", grey_clip(60))
    running_server.add("door", grey_clip(60), Login("me", "p:w@x"))
    running_server.add("fire", scene_clip("flame"))
    await running_server.start()
    yield running_server
    await running_server.stop()


def health_of(listener: Listener, source: str) -> SourceHealth | None:
    """The newest word on a camera."""
    found = [health for health in listener.all(SourceHealth) if health.source == source]
    return found[-1] if found else None


def well(listener: Listener, source: str) -> bool:
    """Whether a camera is online without a fault, and its latency measured."""
    health = health_of(listener, source)
    return health is not None and (health.state, health.faults) == (LinkState.ONLINE, ()) and health.latency_ms > 0.0


async def ask(listener: Listener, source: str, *, live: bool = False) -> Snapshot:
    """A snapshot over the bus."""
    answer = await listener.bus.ask(SnapshotRequest(source=source, live=live), to=source)
    assert isinstance(answer, Snapshot)
    return answer


@pytest.mark.timeout(120)
async def test_cameras_are_watched_and_a_fire_is_seen(server: RtspServer, tmp_path: Path) -> None:
    """The main job of a detector: sightings with evidence, pictures with boxes, health with counters."""
    hub = Hub()
    of = Site(
        zones=(Zone(id="hall", name="Hall"),),
        detection=Detection(shards=1, looks_hz=5.0),
        cameras=(
            Camera(id="fire", name="f", url=server.url("fire"), zone="hall"),
            Camera(
                id="door", name="d", url=server.url("door", login=False), zone="hall", username="me", password="p:w@x"
            ),
            Camera(id="off", name="o", url=server.url("quiet"), zone="hall", enabled=False),
        ),
    )
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "detector-0", of), detector.main):
        await until(lambda: any(max(p.llr_nats for p in s.evidence) > 1.0 for s in listener.all(Sighting)), 25.0)
        seen = next(s for s in listener.all(Sighting) if max(p.llr_nats for p in s.evidence) > 1.0)
        assert seen.source == "cam.fire"
        assert {piece.kind for piece in seen.evidence} == {Kind.FLAME, Kind.SMOKE}
        assert seen.boxes
        assert seen.model.startswith("fire_smoke")
        picture = await ask(listener, "cam.fire")
        assert picture.boxes
        decoded = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (480, 640, 3), "the evidence is kept at the camera's own size"
        live = await ask(listener, "cam.fire", live=True)
        assert live.at >= picture.at
        assert not live.boxes
        await until(lambda: any(s.source == "cam.door" for s in listener.all(Sighting)), 15.0)
        quiet = await ask(listener, "cam.door")
        assert quiet.jpeg[:2] == b"\xff\xd8"
        await until(lambda: (health := health_of(listener, "cam.door")) and health.rate_hz > 1.0, 15.0)
        for name in ("cam.fire", "cam.door"):
            await until(functools.partial(well, listener, name))
        assert not [s for s in listener.all(Sighting) if s.source == "cam.off"]
        assert set(hub.leases) == {"watch.cam.fire", "watch.cam.door"}
        await until(lambda: not listener.all(ProcessHealth)[-1].faults)
    assert hub.leases == {}


@pytest.mark.timeout(120)
async def test_a_lost_detector_is_replaced(server: RtspServer, tmp_path: Path) -> None:
    """One camera, one watcher: the second waits for the lease, and takes the camera over when the first is gone."""
    hub = Hub()
    of = site({"quiet": server.url("quiet")})
    names = [f"detector-{index}" for index in range(20)]
    first = next(name for name in names if mine(f"node1.{name}", ["cam.quiet"], {"node1.detector-99"}))
    children = [child_of(hub, tmp_path, name, of) for name in (first, "detector-99")]
    async with listening(hub) as listener, running(children[1], detector.main):
        async with running(children[0], detector.main):
            await until(lambda: hub.leases.get("watch.cam.quiet", ("", 0))[0] == f"node1.{first}", 15.0)
            await until(lambda: listener.all(Sighting), 15.0)
        listener.heard.clear()
        await until(lambda: hub.leases.get("watch.cam.quiet", ("", 0))[0] == "node1.detector-99", 20.0)
        await until(lambda: listener.all(Sighting), 15.0)


@pytest.mark.timeout(120)
async def test_a_newcomer_gets_its_share(server: RtspServer, tmp_path: Path) -> None:
    """The first of two detectors gives back what the second should watch, and then leaves the answers to it."""
    hub = Hub()
    of = site({"quiet": server.url("quiet")})
    names = [f"detector-{index}" for index in range(20)]
    second = next(name for name in names if mine(f"node1.{name}", ["cam.quiet"], {"node1.detector-99"}))
    loop = asyncio.get_running_loop()
    child = child_of(hub, tmp_path, "detector-99", of)
    one = Detector(child, None, loop, {"cam.quiet": of.cameras[0]})
    try:
        await one.share()
        assert set(one.leases) == {"cam.quiet"}
        one.on_health(beat("node1.panel"))
        assert not one.alive_s
        one.on_health(beat(f"node1.{second}"))
        await one.share()
        assert not one.leases
        assert one.farm.watched() == ()
        assert hub.leases == {}
        asked = asyncio.create_task(one.snapshot(SnapshotRequest(source="cam.quiet")))
        await asyncio.sleep(0.3)
        assert not asked.done(), "its new watcher answers first"
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    finally:
        await one.stop()
        await child.bus.close()


async def test_a_lost_lease_stops_the_watching(tmp_path: Path) -> None:
    """A camera that another detector has taken over is let go at once."""
    hub = Hub()
    of = site({"a": "rtsp://127.0.0.1:9/x"})
    child = child_of(hub, tmp_path, "detector-0", of)
    one = Detector(child, None, asyncio.get_running_loop(), {"cam.a": of.cameras[0]})
    try:
        await one.share()
        assert len(one.farm.watched()) == 1
        answer = await one.snapshot(SnapshotRequest(source="cam.a"))
        assert (answer.jpeg, answer.why) == (b"", "no picture has come from this camera yet")
        hub.leases["watch.cam.a"] = ("node2.detector-0", time.monotonic() + 60.0)
        await one.share()
        assert not one.leases
        assert one.farm.watched() == ()
    finally:
        await one.stop()
        await child.bus.close()


@pytest.mark.timeout(120)
async def test_without_a_model_every_camera_has_a_fault(server: RtspServer, tmp_path: Path) -> None:
    """A detector that cannot look says so, of itself and of each camera; it is never taken for quiet."""
    hub = Hub()
    of = site({"quiet": server.url("quiet")}, device="GPU.77")
    async with listening(hub) as listener, running(child_of(hub, tmp_path, "detector-0", of), detector.main):
        await until(lambda: (health := health_of(listener, "cam.quiet")) and health.state is LinkState.ONLINE, 20.0)
        health = health_of(listener, "cam.quiet")
        assert health is not None
        assert [code for code, _ in health.faults] == ["model_missing"]
        await until(lambda: listener.all(ProcessHealth)[-1].faults)
        ((code, text),) = listener.all(ProcessHealth)[-1].faults
        assert code == "model_missing"
        assert "GPU.77" in text
        assert (await ask(listener, "cam.quiet", live=True)).jpeg, "people can still look"
        assert not listener.all(Sighting)


def damaged(tmp_path: Path) -> Model:
    """A model whose numbers are none."""
    folder = Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))
    (folder / "fire_smoke_int8.xml").unlink(missing_ok=True)
    weights = np.fromfile(folder / "fire_smoke.bin", np.float16)
    weights[(np.abs(weights) > 1e-3) & (np.abs(weights) < 100.0)] = math.nan
    weights.tofile(folder / "fire_smoke.bin")
    return Model("CPU", folder)


@pytest.mark.timeout(120)
async def test_a_failing_model_is_a_fault_and_not_quiet(
    server: RtspServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pictures come, looks fail: the process and, after a while, the camera say so; when looks work again, it ends."""
    of = site({"quiet": server.url("quiet")})
    child: Child = child_of(Hub(), tmp_path, "detector-0", of)
    model = await asyncio.to_thread(damaged, tmp_path)
    one = Detector(child, model, asyncio.get_running_loop(), {"cam.quiet": of.cameras[0]})
    try:
        assert not await one.model_test.look()
        assert "no numbers" in child.faults["model_self_test"]
        await one.share()
        await until(lambda: "model_failed" in child.faults)
        assert "no numbers" in child.faults["model_failed"]
        (watched,) = one.farm.watched()
        ((code, text),) = one.health(watched, time.monotonic()).faults
        assert (code, "no numbers" in text) == ("model_self_test", True)
        del child.faults["model_self_test"]
        watched.stream.link.seen(time.monotonic() + LOOK_LATE_S + 1.0)
        ((code, text),) = one.health(watched, time.monotonic() + LOOK_LATE_S + 1.0).faults
        assert (code, text[:40]) == ("not_looked", "pictures come, but none was looked at fo")
        good = await asyncio.to_thread(Model, "CPU")
        one.model = good
        assert one.shard is not None
        one.shard._model_eyes = Eyes(good)
        await until(lambda: "model_failed" not in child.faults)
        assert child.faults == {}
        assert len([record for record in caplog.records if "a look failed" in record.message]) == 1
    finally:
        await one.stop()
        await child.bus.close()


async def test_private_parts_leave_no_detector(server: RtspServer, tmp_path: Path) -> None:
    """A live picture shows the yard and not the neighbour's window."""
    of = site({"quiet": server.url("quiet")})
    region = "privacy window: 0.5,0 1,0 1,1 0.5,1"
    of = msgspec.structs.replace(of, cameras=(msgspec.structs.replace(of.cameras[0], regions=(region,)),))
    child = child_of(Hub(), tmp_path, "detector-0", of)
    one = Detector(child, None, asyncio.get_running_loop(), {"cam.quiet": of.cameras[0]})
    try:
        await one.share()
        await until(lambda: one.farm.newest("cam.quiet"))
        snapshot = await one.snapshot(SnapshotRequest(source="cam.quiet", live=True))
        decoded = cv2.imdecode(np.frombuffer(snapshot.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        right, left = decoded[:, 36:].astype(int), decoded[:, :24].astype(int)
        assert abs(right - GREY).max() < 12
        assert left.mean() < 90
    finally:
        await one.stop()
        await child.bus.close()


async def test_cameras_beside_a_hot_device_are_never_slowed(tmp_path: Path) -> None:
    """What a thermal array feels, the cameras of its zone must not miss for lack of CPU."""
    of = Site(
        zones=(Zone(id="hall", name="Hall"), Zone(id="yard", name="Yard")),
        cameras=tuple(Camera(id=zone, name=zone, url="rtsp://127.0.0.1:9/x", zone=zone) for zone in ("hall", "yard")),
        devices=(Device(id="dev", name="d", zone="hall"),),
    )
    child = child_of(Hub(), tmp_path, "detector-0", of)
    cameras = {f"cam.{camera.id}": camera for camera in of.cameras}
    one = Detector(child, None, asyncio.get_running_loop(), cameras)

    def held() -> set[str]:
        return {watched.stream.source for watched in one.farm.watched() if watched.held_until_s > time.monotonic()}

    def spots(source: str, nats: float) -> HotSpots:
        piece = Evidence(point=f"{source}.heat", kind=Kind.HEAT, llr_nats=nats, value=50.0, unit="°C")
        return HotSpots(source=source, node="node1", max_c=50.0, median_c=20.0, evidence=(piece,))

    try:
        await one.share()
        one.on_heat(spots("pf.dev", -0.5))
        one.on_heat(spots("pf.stranger", 2.0))
        one.on_heat(HotSpots(source="pf.dev", node="node1", max_c=20.0, median_c=20.0))
        assert held() == set()
        one.on_heat(spots("pf.dev", 2.0))
        assert held() == {"cam.hall"}
        one.on_suspect("cam.yard", time.monotonic())
        assert held() == {"cam.hall", "cam.yard"}
    finally:
        await one.stop()
        await child.bus.close()


@pytest.mark.timeout(120)
async def test_the_main_stream_is_opened_on_suspicion_and_its_failure_changes_nothing(
    server: RtspServer, tmp_path: Path
) -> None:
    """The substream's fire is told although the main stream cannot be had."""
    hub = Hub()
    of = site({"fire": server.url("fire")})
    camera = msgspec.structs.replace(of.cameras[0], main_url="rtsp://127.0.0.1:9/main")
    of = msgspec.structs.replace(of, cameras=(camera,))
    child = child_of(hub, tmp_path, "detector-0", of)
    model = await asyncio.to_thread(Model, "CPU")
    one = Detector(child, model, asyncio.get_running_loop(), {"cam.fire": camera})
    try:
        async with listening(hub) as listener:
            await one.share()
            await until(lambda: any(max(p.llr_nats for p in s.evidence) > 0.0 for s in listener.all(Sighting)), 25.0)
            await one.follow_suspicion()
            assert one.mains.open() == ("cam.fire",)
            heard = len(listener.all(Sighting))
            await until(lambda: len(listener.all(Sighting)) > heard + 2, 15.0)
            (watched,) = one.farm.watched()
            assert one.health(watched, time.monotonic()).faults == ()
            one.on_resized("cam.fire")
            await one.give_back("cam.fire")
            assert one.mains.open() == ()
    finally:
        await one.stop()
        await child.bus.close()


async def test_a_picture_that_cannot_be_glanced_at_is_a_fault(server: RtspServer, tmp_path: Path) -> None:
    """Whatever is wrong with a picture, it does not pass for quiet, and the next good look ends the fault."""
    of = site({"quiet": server.url("quiet")})
    child = child_of(Hub(), tmp_path, "detector-0", of)
    model = await asyncio.to_thread(Model, "CPU")
    one = Detector(child, model, asyncio.get_running_loop(), {"cam.quiet": of.cameras[0]})
    try:
        tiny = av.VideoFrame.from_ndarray(np.zeros((1, 1), np.uint8), format="gray")
        one.on_picture("cam.quiet", Look(tiny, 1, utc_s(), time.monotonic()))
        assert "looking at a picture of cam.quiet failed" in child.faults["model_failed"]
        await one.share()
        await until(lambda: "model_failed" not in child.faults, 20.0)
    finally:
        await one.stop()
        await child.bus.close()


async def test_a_slow_camera_that_sees_nothing_says_both(server: RtspServer, tmp_path: Path) -> None:
    """On a busy machine every camera is slow; a black one must not be taken for one that is only that."""
    of = site({"quiet": server.url("quiet")})
    child = child_of(Hub(), tmp_path, "detector-0", of)
    model = await asyncio.to_thread(Model, "CPU")
    one = Detector(child, model, asyncio.get_running_loop(), {"cam.quiet": of.cameras[0]})
    try:
        await one.share()
        await until(lambda: one.farm.watched()[0].stream.link.state is LinkState.ONLINE)
        (watched,) = one.farm.watched()
        watched.slow = "1.0 pictures a second are looked at, the minimum is 2"
        now_s = time.monotonic()
        one.notes.glanced(Glance("cam.quiet", 1, now_s, False, 0, (("picture_black", "black"),), False, False), now_s)
        codes = {code for code, _ in one.health(watched, now_s).faults}
        assert {"rate_too_low", "picture_black"} <= codes
    finally:
        await one.stop()
        await child.bus.close()
