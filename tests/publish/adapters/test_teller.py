"""When adapters tell what: retries, restarts, age, rate, order, faults; against real servers, on a bus."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.messages import AlarmChanged, PanelState, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.publish.adapters import teller as at_work
from embereye_addon.publish.adapters.teller import FAILING_S, FAULT_KEPT_S, MINUTE_S, Adapters, Rate, Teller, Trouble
from embereye_addon.settings.model import Adapter
from tests.publish.adapters.servers import Frigate, hang, serving
from tests.publish.samples import change, panel, until, zone


def fire(now: ZoneState = ZoneState.ALARM, *, number: int = 1, age_s: float = 0.0) -> AlarmChanged:
    """The kitchen burns, or does no longer."""
    return change(now, number=number, at=utc_s() - age_s)


def frigate(url: str, **more: Any) -> Adapter:
    """An adapter for a Frigate with two cameras for the kitchen."""
    named: dict[str, Any] = {"targets": ("kitchen=hall", "cam.stove=stove", "barn=barn"), "timeout_s": 2.0, **more}
    return Adapter(**{"id": "nvr", "kind": "frigate", "url": url, **named})


def nobody() -> PanelState | None:
    """The panel has said nothing."""
    return None


def teller(settings: Adapter, folder: Path, says: Callable[[], PanelState | None] = nobody) -> Teller:
    """One at work, with short pauses."""
    return Teller(settings, folder, says, first_pause_s=0.02)


def counted(what: str, name: str = "nvr") -> float:
    """How many changes had this end."""
    return REGISTRY.get_sample_value("embereye_adapter_events_total", {"adapter": name, "what": what}) or 0.0


async def test_an_alarm_begins_at_its_cameras_and_ends_with_the_reset(tmp_path: Path) -> None:
    """The zone's camera and the one whose evidence counts record; a restart between begin and end forgets nothing."""
    server = Frigate()
    async with serving(server) as nvr:
        await teller(frigate(nvr.url), tmp_path).take(fire())
        assert sorted(server.open.values()) == ["hall/embereye", "stove/embereye"]
        await teller(frigate(nvr.url), tmp_path).take(fire())
        assert len(server.open) == 2
        await teller(frigate(nvr.url), tmp_path).take(fire(ZoneState.NORMAL))
        assert (server.open, len(server.ended)) == ({}, 2)
        await teller(frigate(nvr.url), tmp_path).take(fire(ZoneState.NORMAL))
        assert len(server.ended) == 2
        assert nvr.wrong == []


async def test_it_is_tried_again_until_it_works(tmp_path: Path) -> None:
    """A recorder that restarts while it burns is told when it is back."""
    server, before = Frigate(), counted("told")
    async with serving(server) as nvr:
        nvr.refuse = 2
        await teller(frigate(nvr.url, targets=("*=hall",)), tmp_path).take(fire())
        assert len(nvr.asked) == 3
        assert len(server.open) == 1
        assert counted("told") == before + 1


async def test_a_refusal_is_not_repeated_for_ever(tmp_path: Path) -> None:
    """A wrong password would lock the account."""
    server, before = Frigate(), counted("dropped")
    async with serving(server) as nvr:
        told = teller(frigate(nvr.url, targets=("*=nowhere",)), tmp_path)
        await told.take(fire())
        assert len(nvr.asked) == at_work.REFUSED_TRIES
        assert counted("dropped") == before + 1
        assert "HTTP 404" in told.trouble.why


async def test_what_is_too_old_is_dropped_and_not_sent(tmp_path: Path) -> None:
    """A server that was away for an hour is not flooded when it comes back."""
    server, before = Frigate(), counted("dropped")
    async with serving(server) as nvr:
        told = teller(frigate(nvr.url, keep_s=60), tmp_path)
        for number in range(50):
            await told.take(fire(number=number, age_s=3600.0))
            await told.take(fire(ZoneState.NORMAL, number=number, age_s=3590.0))
        assert nvr.asked == []
        assert counted("dropped") == before + 50
        await told.take(fire(number=99))
        assert len(server.open) == 2


async def test_an_outage_ends_with_its_time(tmp_path: Path) -> None:
    """What cannot be told in time is given up, and the next one is tried anew."""
    async with serving(hang) as nvr:
        told = teller(frigate(nvr.url, keep_s=10, timeout_s=0.1), tmp_path)
        began_s = time.monotonic()
        await told.take(fire(age_s=9.5))
        assert time.monotonic() - began_s < 5.0
        assert nvr.asked


async def test_an_alarm_that_is_over_is_not_begun(tmp_path: Path) -> None:
    """After an outage the panel's own word says what still burns."""
    server = Frigate()
    async with serving(server) as nvr:
        over = panel(zone("kitchen"), at=utc_s() + 5.0)
        await teller(frigate(nvr.url), tmp_path, lambda: over).take(fire())
        assert server.open == {}
        still = panel(zone("kitchen", ZoneState.ALARM, alarm_id="a-1"), at=utc_s() + 5.0)
        await teller(frigate(nvr.url), tmp_path, lambda: still).take(fire())
        assert len(server.open) == 2


@pytest.mark.parametrize("out", [panel(zone("kitchen", disabled=True)), panel(isolated=True)], ids=["zone", "site"])
async def test_what_drives_no_output_tells_nobody(tmp_path: Path, out: PanelState) -> None:
    """A disabled zone and isolated outputs keep still; what was begun before is ended all the same."""
    server, before = Frigate(), counted("withheld")
    async with serving(server) as nvr:
        await teller(frigate(nvr.url), tmp_path, lambda: out).take(fire())
        assert server.open == {}
        assert counted("withheld") == before + 1
        await teller(frigate(nvr.url), tmp_path).take(fire())
        await teller(frigate(nvr.url), tmp_path, lambda: out).take(fire(ZoneState.NORMAL))
        assert (server.open, len(server.ended)) == ({}, 2)


async def test_a_pre_alarm_is_told_only_where_it_is_wanted(tmp_path: Path) -> None:
    """What lasts begins once; a webhook hears both states and the end, with one alarm id."""
    server, bodies = Frigate(), list[dict[str, Any]]()

    async def hook(request: web.Request) -> web.StreamResponse:
        bodies.append(msgspec.json.decode(await request.read()))
        return web.Response()

    steps = (fire(ZoneState.PRE_ALARM), fire(ZoneState.ALARM), fire(ZoneState.NORMAL))
    async with serving(server) as nvr, serving(hook) as web_hook:
        late = teller(frigate(nvr.url), tmp_path)
        await late.take(steps[0])
        assert server.open == {}
        early = teller(frigate(nvr.url, id="early", begin_at="pre_alarm"), tmp_path)
        hooked = Adapter(id="hook", kind="webhook", url=web_hook.url, key="k" * 16, begin_at="pre_alarm")
        telling = teller(hooked, tmp_path)
        for step in steps:
            await early.take(step)
            await telling.take(step)
        assert len(server.ended) == 2
        assert [body["now"] for body in bodies] == ["pre_alarm", "alarm", "normal"]
        assert {body["alarm_id"] for body in bodies} == {"a-1"}


async def test_an_end_that_was_lost_is_made_up_for(tmp_path: Path) -> None:
    """An event of an earlier alarm does not stay open beside the next one; a webhook hears of each change once."""
    server, heard = Frigate(), list[str]()

    async def hook(request: web.Request) -> web.StreamResponse:
        heard.append(request.headers["X-EmberEye-Delivery"])
        return web.Response()

    async with serving(server) as nvr, serving(hook) as web_hook:
        hooked = teller(Adapter(id="hook", kind="webhook", url=web_hook.url, key="k" * 16), tmp_path)
        for number in (1, 2, 2):
            await hooked.take(fire(number=number))
        assert heard == ["a-1:alarm", "a-2:alarm"]
        told = teller(frigate(nvr.url, targets=("*=hall",)), tmp_path)
        await told.take(fire(number=1))
        await told.take(fire(number=2))
        assert (len(server.open), len(server.ended)) == (1, 1)


async def test_a_restart_loses_nothing_and_a_hanging_one_delays_nobody(tmp_path: Path) -> None:
    """Each adapter has its own place among the kept changes; MQTT's follower is not even asked."""
    hub, server = Hub(), Frigate()
    speaker = MemoryBus(hub)
    async with serving(server) as nvr, serving(hang) as dead:
        both = (frigate(nvr.url), frigate(dead.url, id="dead", timeout_s=5.0))
        heard = panel()
        await speaker.say(fire())
        first = MemoryBus(hub)
        await Adapters(both, tmp_path, lambda: heard).follow(first)
        await until(lambda: len(server.open) == 2)
        await until(lambda: dead.asked)
        await first.close()
        await speaker.say(fire(ZoneState.NORMAL))
        second = MemoryBus(hub)
        await Adapters(both, tmp_path, lambda: heard).follow(second)
        await until(lambda: len(server.ended) == 2)
        await second.close()
    async with serving(server) as back:
        third = MemoryBus(hub)
        await Adapters((frigate(back.url, id="dead"),), tmp_path, lambda: heard).follow(third)
        await until(lambda: len(server.ended) == 4)
        await third.close()
    await speaker.close()


async def test_an_adapter_that_was_taken_out_leaves_no_place(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each recorder that was ever tried stays in the bus's store; one only switched off must find its place again."""
    hub = Hub()
    bus = MemoryBus(hub)
    off = msgspec.structs.replace(frigate("http://h"), id="off", enabled=False)
    for name in ("adapter-nvr", "adapter-off", "adapter-old", "publisher"):
        hub.followed["alarm_changed", name] = 3
    adapters = Adapters((frigate("http://h"), off), tmp_path, nobody)
    hub.away = True
    await adapters.retire(bus)
    assert len(hub.followed) == 4, "while the bus is away nobody is forgotten"
    hub.away = False
    caplog.set_level("INFO")
    await adapters.retire(bus)
    assert {name for _, name in hub.followed} == {"adapter-nvr", "adapter-off", "publisher"}
    assert "The adapter old is not in the settings any more" in caplog.text
    await bus.close()


async def test_at_a_start_the_panel_is_waited_for(tmp_path: Path) -> None:
    """Which zones are out of service is known before anything is told."""
    hub, server, word = Hub(), Frigate(), list[PanelState]()
    bus = MemoryBus(hub)
    async with serving(server) as nvr:
        await bus.say(fire())
        await Adapters((frigate(nvr.url),), tmp_path, lambda: word[-1] if word else None).follow(bus)
        await asyncio.sleep(0.3)
        assert nvr.asked == []
        word.append(panel())
        await until(lambda: len(server.open) == 2)
    await bus.close()


def test_failing_for_long_is_a_fault_that_ends() -> None:
    """A hiccup is none; words name what fails; success ends it, or an hour in which nothing was tried."""
    trouble = Trouble()
    assert trouble.failed(0.0, "first")
    assert trouble.fault(FAILING_S - 1.0) == ""
    assert not trouble.failed(FAILING_S, "nobody listens")
    assert trouble.fault(FAILING_S) == "nobody listens"
    assert trouble.fault(FAILING_S + FAULT_KEPT_S + 1.0) == ""
    assert Trouble().fault(1e6) == ""


async def test_the_fault_names_every_adapter_that_fails(tmp_path: Path) -> None:
    """One fault of the publisher says who is not told and why, never how they are addressed."""
    both = (frigate("http://127.0.0.1:1", key="geheim"), frigate("http://127.0.0.1:1", id="off", enabled=False))
    adapters = Adapters(both, tmp_path, nobody)
    assert set(adapters.tellers) == {"nvr"}
    assert not adapters.faults
    now_s = time.monotonic()
    adapters.tellers["nvr"].trouble.failed(now_s - FAILING_S - 1.0, "nobody listens at 127.0.0.1:1")
    assert adapters.faults == (("adapter_failing", "nvr: nobody listens at 127.0.0.1:1"),)


def test_a_burst_goes_at_once_and_never_more_a_minute() -> None:
    """Five cameras are told at once; a flood of alarms is not."""
    rate = Rate(3)
    for now_s in (0.0, 0.0, 1.0):
        assert rate.wait_s(now_s) == 0.0
        rate.sent_s.append(now_s)
    assert rate.wait_s(2.0) == MINUTE_S - 2.0
    assert rate.wait_s(MINUTE_S) == 0.0
    assert len(rate.sent_s) == 1


async def test_a_disk_that_refuses_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The event is told; that it cannot be remembered is said."""
    (tmp_path / "file").write_text("")
    server = Frigate()
    async with serving(server) as nvr:
        await teller(frigate(nvr.url), tmp_path / "file" / "below").take(fire())
        assert len(server.open) == 2
    assert "cannot be written" in caplog.text or "cannot be read" in caplog.text
