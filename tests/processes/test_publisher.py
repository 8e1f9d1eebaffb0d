"""The publisher process: its wiring to the broker, and its faults."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.demo.broker import Broker
from embereye_addon.messages import AlarmChanged, Explanation, Kind, PanelState, ProcessHealth, Share, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes import publisher
from embereye_addon.processes.publisher import STALE_S, on_acked
from embereye_addon.settings.model import Mqtt, Site
from tests.fakes.cameras import until
from tests.processes.world import child_of, listening, running, site


@contextlib.asynccontextmanager
async def broker(path: Path) -> AsyncIterator[Broker]:
    """A real broker."""
    started = Broker(path / "broker")
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


def alarm(at: float, point: str = "pf.boiler.thermal", now: ZoneState = ZoneState.ALARM) -> AlarmChanged:
    """An alarm that this point decided."""
    share = Share(point=point, kind=Kind.HEAT, value=120.0, unit="°C", nats=3.0, share=1.0)
    shares = (share,) if point else ()
    return AlarmChanged(
        source="panel",
        at=at,
        id="hall-1",
        zone="hall",
        name="Hall",
        was=ZoneState.NORMAL,
        now=now,
        cause="c",
        by="evidence",
        explanation=Explanation(rule="r", text="t", sum_nats=3.0, threshold_nats=16.0, shares=shares),
    )


@pytest.mark.timeout(30)
async def test_an_alarm_reaches_the_broker(tmp_path: Path) -> None:
    """From the bus to an MQTT client of somebody else."""
    hub, got = Hub(), list[dict[str, object]]()
    async with broker(tmp_path) as real, aiomqtt.Client(real.host, real.port) as client:
        await client.subscribe("embereye/zone/hall/event")

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                got.append(json.loads(message.payload))

        hearing = asyncio.create_task(listen())
        of = msgspec.structs.replace(site(devices=("boiler",)), mqtt=Mqtt(host=real.host, port=real.port))
        async with listening(hub) as listener, running(child_of(hub, tmp_path, "publisher", of), publisher.main):
            await until(lambda: [beat for beat in listener.all(ProcessHealth) if not beat.faults])
            panel = PanelState(source="panel", revision=1, state=ZoneState.NORMAL, zones=(), faults=())
            await listener.bus.say(panel)
            await listener.bus.say(alarm(utc_s()))
            await until(lambda: got, 15.0)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    assert got[0]["event_type"] == "alarm"
    assert (tmp_path / "publisher").is_dir()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("inside", [False, True])
async def test_without_a_broker_there_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """Nothing configured is told; inside an add-on the Supervisor is asked, and wrong options end nothing."""
    if inside:
        monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
        (tmp_path / "options.json").write_text('{"mqtt_port": "many"}')
    else:
        monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)
    hub = Hub()
    child = child_of(hub, tmp_path, "publisher", site())
    async with running(child, publisher.main) as task:
        await until(lambda: child.faults, 20.0)
        assert set(child.faults) == {"broker_disconnected"}
        assert not task.done()


@pytest.mark.timeout(30)
async def test_inside_an_addon_the_broker_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that appears after the start is used without a restart."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "token-of-the-test")
    async with broker(tmp_path) as real:
        options = {"mqtt_host": real.host, "mqtt_port": real.port}
        (tmp_path / "options.json").write_text(json.dumps(options))
        child = child_of(Hub(), tmp_path, "publisher", Site())
        async with (
            aiomqtt.Client(real.host, real.port) as client,
            running(child, publisher.main),
        ):
            await client.subscribe("homeassistant/#")
            async with asyncio.timeout(20.0):
                async for _message in client.messages:
                    break
            await until(lambda: not child.faults)


def measured(path: str) -> float:
    """How many alarms of a path were measured."""
    return REGISTRY.get_sample_value("embereye_alarm_latency_seconds_count", {"path": path}) or 0.0


@pytest.mark.parametrize(
    ("point", "path"),
    [("pf.boiler.thermal", "pf"), ("cam.a.flame", "camera"), ("ext.a.smoke", "external"), ("", "camera")],
)
def test_only_a_fresh_alarm_is_measured(point: str, path: str) -> None:
    """An alarm that waited an hour for its broker would hide how fast the path is."""
    before = measured(path)
    on_acked(alarm(utc_s(), point), 1.0)
    assert measured(path) == before + 1
    on_acked(alarm(utc_s() - STALE_S - 1.0, point), 1.0)
    on_acked(alarm(utc_s() + 60.0, point), 1.0)
    on_acked(alarm(utc_s(), point, ZoneState.PRE_ALARM), 1.0)
    assert measured(path) == before + 1
