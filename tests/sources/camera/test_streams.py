"""Streams of every kind through the real reader and the real decode thread, from a real RTSP server."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from embereye_addon.demo.rtsp import Fault, RtspServer
from embereye_addon.messages import LinkState
from embereye_addon.sources.camera.farm import Farm, Look, fault
from embereye_addon.sources.camera.probe import StreamFacts
from embereye_addon.sources.camera.rates import Ladder, Step
from embereye_addon.sources.camera.rtsp import Arrived, Stream
from embereye_addon.sources.camera.saying import Counts, rate_words, stream_words
from embereye_addon.sources.camera.watched import LATE_MOST_S, Watched
from tests.fakes.cameras import until
from tests.fakes.ports import free_port
from tests.sources.camera.clips import coded, moving, served
from tests.sources.camera.test_farm import farm_of, one


@pytest_asyncio.fixture
async def server() -> AsyncIterator[RtspServer]:
    """A running server with streams of several kinds."""
    running = RtspServer()
    for codec in ("h264", "hevc"):
        for b_frames in (0, 2):
            running.add(f"{codec}-{b_frames}", served(coded(codec, b_frames)))
    await running.start()
    yield running
    await running.stop()


@pytest.mark.parametrize("path", ["h264-0", "h264-2", "hevc-0", "hevc-2"])
@pytest.mark.parametrize("transport", ["auto", "tcp", "udp"])
async def test_every_kind_of_stream_gives_its_pictures(server: RtspServer, path: str, transport: str) -> None:
    """H.264 and H.265, with and without B-frames, over TCP and UDP: whole pictures of what the camera sees."""
    looks: list[Look] = []
    async with farm_of(lambda _source, look: looks.append(look)) as farm:
        farm.watch("cam.a", server.url(path), transport)
        await until(lambda: len(looks) >= 20)
        watched = one(farm)
        over = {count.over for count in server.counts()}
        # what lost its end would go unnoticed in H.265
        assert over == ({"udp"} if transport == "udp" and path.startswith("h264") else {"tcp"})
        assert watched.shed == 0
        assert watched.received >= watched.decoded + watched.rejected
    scenes = [moving(index, 160, 96).astype(int) for index in range(40)]
    for look in looks[:12]:
        picture = look.bgr().astype(int)
        assert min(np.abs(picture - scene).mean() for scene in scenes) < 12.0, "one of the pictures that were sent"


async def test_a_clock_that_jumps_loses_nothing(server: RtspServer) -> None:
    """A camera that sets its clock at every key frame is watched as before."""
    looks: list[Look] = []
    async with farm_of(lambda _source, look: looks.append(look)) as farm:
        farm.watch("cam.a", server.url("h264-0"))
        await until(lambda: looks)
        server.fault("h264-0", Fault.JUMP)
        count = len(looks)
        await until(lambda: len(looks) >= count + 30)
        watched = one(farm)
        assert watched.rejected == 0
        assert watched.stream.link.reconnects == 0
    steps = np.diff([look.received_mono_s for look in looks])
    assert (steps >= 0.0).all(), "arrival is of our own clock"


@pytest.mark.timeout(40)
async def test_what_is_damaged_by_loss_is_never_shown(server: RtspServer) -> None:
    """UDP over a bad radio link: blind until the next key frame, and counted; never a smeared picture."""
    looks: list[Look] = []
    async with farm_of(lambda _source, look: looks.append(look)) as farm:
        farm.watch("cam.a", server.url("h264-0"), "udp")
        await until(lambda: looks)
        server.fault("h264-0", Fault.LOSS)
        await until(lambda: one(farm).rejected >= 5, 20.0)
        await until(lambda: len(looks) >= 25, 15.0)
        decoder = one(farm).decoder
        assert decoder is not None
        assert decoder.losses >= 1
    scenes = [moving(index, 160, 96).astype(int) for index in range(40)]
    far = [min(float(np.abs(look.bgr().astype(int) - scene).mean()) for scene in scenes) for look in looks]
    assert max(far) < 12.0


async def test_another_size_in_the_middle_is_told(server: RtspServer, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody changes the camera's resolution: pictures go on, and what was learned of the old ones is forgotten."""
    caplog.set_level(logging.INFO)
    sizes: list[tuple[int, int]] = []
    resized: list[tuple[str, int]] = []

    def on_picture(_source: str, look: Look) -> None:
        sizes.append(look.size)
        assert look.planes().y.shape == look.size[::-1]
        assert look.bgr(64, 48).shape == (48, 64, 3)

    before = set(sizes)
    farm = Farm(on_picture, lambda source: resized.append((source, len(sizes))))
    try:
        farm.watch("cam.a", server.url("h264-0"))
        await until(lambda: sizes)
        server.play("h264-0", served(coded("h264", 0, 10, 20, (96, 64))))
        await until(lambda: sizes[-1] == (96, 64))
        assert resized == [("cam.a", sizes.index((96, 64)))], "before the first picture of the new size"
        assert one(farm).stream.link.reconnects == 0
        assert (one(farm).probe.width, one(farm).probe.height) == (96, 64)
    finally:
        await asyncio.to_thread(farm.stop)
    assert not before
    assert any("96x64 now, before 160x96" in record.message for record in caplog.records)


async def test_a_slowed_camera_is_counted_honestly(server: RtspServer) -> None:
    """What is left out is shed, never looked at; every packet is in exactly one counter."""
    looks: list[Look] = []
    async with farm_of(lambda _source, look: looks.append(look)) as farm:
        farm.watch("cam.a", server.url("h264-0"))
        await until(lambda: len(looks) >= 3)
        watched = one(farm)
        watched.gate.step, watched.gate.most = Step.KEYS, 1
        await until(lambda: watched.shed >= 25)
        assert rate_words(watched) == "key frames only"
        decoded = watched.decoded
        watched.gate.step = Step.FULL
        await until(lambda: watched.decoded >= decoded + 15)
        assert rate_words(watched) == ""
        await until(lambda: not watched.waiting)
    total = watched.decoded + watched.shed + watched.rejected + watched.dropped
    assert abs(watched.received - total) <= 2, "but for what is just being decoded"
    assert len(looks) <= watched.decoded


async def test_a_held_camera_goes_first(server: RtspServer) -> None:
    """When many wait, the camera that may see a fire is decoded before the others."""
    order: list[str] = []
    async with farm_of(lambda source, _look: order.append(source)) as farm:
        for name in ("cam.a", "cam.b"):
            farm.watch(name, f"rtsp://127.0.0.1:{free_port()}/x")
        farm.hold_full("cam.b", time.monotonic() + 60.0)
        farm.hold_full("cam.b", time.monotonic() + 1.0)
        farm.hold_full("cam.nowhere", 1.0)
        a, b = farm.watched()
        assert b.held_until_s > time.monotonic() + 30.0, "a shorter hold does not end a longer one"
        clip = coded("h264")
        with a.lock:  # the decode thread waits here with a's first packet
            farm._then.append(a)
            a.things.append(clip.opened())
            farm._wake.put(True)
            await asyncio.sleep(0.1)
            for watched in (a, b):
                for _ in range(2):
                    farm._first.append(watched) if watched is b else farm._then.append(watched)
                watched.things.extend([clip.opened(), clip.arrived(0)] if watched is b else [clip.arrived(0)])
            for _ in range(4):
                farm._wake.put(True)
        await until(lambda: len(order) == 2)
    assert order == ["cam.b", "cam.a"]


def test_what_waited_too_long_is_given_up_at_the_next_key_frame() -> None:
    """A decode thread that stood still does not work through what is of no use any more."""
    farm = Farm(lambda _source, _look: None)
    clip = coded("h264")
    try:
        farm._wake.put(False)
        farm._thread.join(5.0)  # nothing is decoded here
        farm.watch("cam.a", f"rtsp://127.0.0.1:{free_port()}/x")
        watched = one(farm)
        stream = watched.stream
        farm._deliver(stream, clip.opened())
        for index in range(5):
            farm._deliver(stream, clip.arrived(index))
        assert watched.waiting == 6
        late = clip.arrived(8)
        farm._deliver(stream, Arrived(late.packet, False, late.at, late.mono_s + LATE_MOST_S + 1.0))
        assert watched.waiting == 6, "not one more of what cannot be shown in time"
        key = clip.arrived(10)
        farm._deliver(stream, Arrived(key.packet, True, key.at, key.mono_s + LATE_MOST_S + 1.0))
        assert watched.waiting == 2, "the opening and the new key frame"
        assert watched.dropped == 5
    finally:
        farm.stop()


@pytest.mark.timeout(40)
async def test_an_overloaded_machine_slows_cameras_and_says_so(
    server: RtspServer, caplog: pytest.LogCaptureFixture
) -> None:
    """When looking takes longer than the machine has, pictures are shed by the ladder, told in words, and come back."""
    caplog.set_level(logging.INFO)
    slow = True

    def on_picture(_source: str, _look: Look) -> None:
        time.sleep(0.2 if slow else 0.0)

    async with farm_of(on_picture) as farm:
        farm.watch("cam.a", server.url("h264-0"), "tcp", 1.0)
        watched = one(farm)
        await until(lambda: watched.decoded)
        watched.probe.facts = StreamFacts("h264", 160, 96, 15.0, 300.0, 10.0, 0, 0.0)
        await until(lambda: watched.step is not Step.FULL, 15.0)
        await until(lambda: watched.shed > 5 or watched.step is Step.UNFILTERED, 15.0)
        assert rate_words(watched)
        slow = False
        farm._ladder = Ladder(farm._ladder.steps, quiet_s=0.0)
        farm.hold_full("cam.a", time.monotonic() + 60.0)
        await until(lambda: watched.step is Step.FULL, 15.0)
    assert any("instead of every picture" in record.message for record in caplog.records)


def test_a_camera_below_its_minimum_is_a_fault() -> None:
    """A picture every two seconds shows no flicker: it must be said, with figures, and who is the cause."""
    stream = Stream("cam.a", "rtsp://127.0.0.1/x", lambda _stream, _thing: None)
    watched = Watched(stream, 2.0)
    now_s = time.monotonic()
    stream.link.opened(now_s)
    stream.seen(now_s)
    watched.slow = "0.5 pictures a second are looked at, the minimum is 2: the machine is too busy"
    assert fault(watched, now_s) == (("rate_too_low", watched.slow),)
    stream.link.lost(now_s, "gone", 0.5)
    assert fault(watched, now_s) == (("stream_lost", "gone"),)
    assert stream.link.state is LinkState.OFFLINE


def test_a_camera_that_waits_for_the_machine_is_not_called_lost() -> None:
    """Whoever reads that the stream is lost looks for a cable, where it is the machine."""
    stream = Stream("cam.a", "rtsp://127.0.0.1/x", lambda _stream, _thing: None)
    watched = Watched(stream)
    now_s = time.monotonic()
    stream.link.opened(now_s)
    stream.seen(now_s)
    watched.waiting = 3
    ((code, words),) = fault(watched, now_s + 30.0)
    assert (code, words[-23:]) == ("rate_too_low", "the machine is too busy")
    watched.waiting = 0
    ((code, _),) = fault(watched, now_s + 31.0)
    assert code == "stream_lost"


async def test_held_cameras_do_not_blind_the_others() -> None:
    """A fire in sight of many cameras must not end the looking of the rest."""
    farm = Farm(lambda _source, _look: None)
    farm._wake.put(False)
    await asyncio.to_thread(farm._thread.join, 5.0)
    for name in ("cam.a", "cam.b"):
        farm.watch(name, f"rtsp://127.0.0.1:{free_port()}/x")
    held, other = farm.watched()
    farm._first.extend([held] * 20)
    farm._then.extend([other] * 3)
    chosen = [farm._choose() is other for _ in range(23)]
    assert [at for at, it in enumerate(chosen) if it] == [8, 17, 22]
    await asyncio.to_thread(farm.stop)


def test_counters_and_words_of_a_stream() -> None:
    """What the page, Home Assistant and Prometheus are told."""
    stream = Stream("cam.words", "rtsp://127.0.0.1/x", lambda _stream, _thing: None)
    watched, counts = Watched(stream), Counts()
    assert stream_words(watched) == {}
    watched.probe.facts = StreamFacts("h264", 1920, 1080, 15.0, 3000.0, 30.0, 0, 0.0)
    told = stream_words(watched)
    assert told["stream"].startswith("H.264 1920x1080")
    assert "choose the substream" in told["advice"]
    watched.decoded = 30
    assert counts.tell(watched) == 30
    watched.decoded = 44
    assert counts.tell(watched) == 14
    assert counts.tell(Watched(stream)) == 0, "watched anew: it counts from nothing"


async def test_hardware_that_cannot_be_had_is_told(server: RtspServer) -> None:
    """The installer who set it reads why it is not used; the camera is watched all the same."""
    looks: list[Look] = []
    farm = Farm(lambda _source, look: looks.append(look), decode="vaapi")
    try:
        farm.watch("cam.a", server.url("h264-0"))
        await until(lambda: looks)
        decoder = one(farm).decoder
        assert decoder is not None
        if not decoder.unit.hardware:
            assert stream_words(one(farm))["decoding"].startswith("in software: VAAPI")
    finally:
        await asyncio.to_thread(farm.stop)
