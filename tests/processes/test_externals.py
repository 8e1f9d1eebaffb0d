"""The process that hears detectors of others, against a real broker, up to a pre-alarm of the panel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from embereye_addon.bus.memory import Hub
from embereye_addon.demo.broker import Broker
from embereye_addon.messages import AlarmChanged, LinkState, PanelState, Reading, SourceHealth, ZoneState
from embereye_addon.processes import externals, panel
from embereye_addon.processes.plan import roles
from embereye_addon.settings.model import External, Mqtt, Site
from embereye_addon.sources.external import PAYLOAD_MAX
from tests.fakes.cameras import until
from tests.processes.world import Listener, child_of, listening, running, site

SMOKE: dict[str, Any] = {"id": "smoke", "name": "Smoke", "zone": "hall", "kind": "smoke", "topic": "zigbee2mqtt/Hall 1"}


@contextlib.asynccontextmanager
async def broker(path: Path) -> AsyncIterator[tuple[Broker, aiomqtt.Client]]:
    """A real broker, and a client that stands for zigbee2mqtt."""
    started = Broker(path / "broker")
    await started.start()
    try:
        async with aiomqtt.Client(started.host, started.port) as client:
            yield started, client
    finally:
        await started.stop()


def with_external(of: Broker | None, *rows: dict[str, Any]) -> Site:
    """One zone with detectors from elsewhere."""
    mqtt = Mqtt(host=of.host, port=of.port) if of else Mqtt(host="127.0.0.1", port=1)
    return msgspec.structs.replace(site(), mqtt=mqtt, externals=tuple(External(**row) for row in rows))


def state(listener: Listener, source: str = "ext.smoke") -> str:
    """What the process says of it now."""
    said = [health for health in listener.all(SourceHealth) if health.source == source]
    return said[-1].words["state"] if said else ""


def last(listener: Listener, source: str = "ext.smoke") -> SourceHealth:
    """Its newest report."""
    return [health for health in listener.all(SourceHealth) if health.source == source][-1]


def test_it_runs_only_where_it_is_needed() -> None:
    """A site without detectors from elsewhere has no process and no connection for them."""
    assert "externals" not in [role.name for role in roles(site(), 1)]
    assert "externals" in [role.name for role in roles(with_external(None, SMOKE), 1)]


@pytest.mark.timeout(40)
async def test_smoke_of_a_zigbee_detector_raises_a_pre_alarm(tmp_path: Path) -> None:
    """From somebody's JSON on the broker, past rubbish, to the panel's pre-alarm with its explanation."""
    hub = Hub()
    async with broker(tmp_path) as (real, zigbee):
        row = SMOKE | {"value": "value_json.smoke", "availability_topic": "zigbee2mqtt/Hall 1/availability"}
        of = with_external(real, row)
        async with (
            listening(hub) as listener,
            running(child_of(hub, tmp_path, "panel", of), panel.main),
            running(child_of(hub, tmp_path, "externals", of), externals.main),
        ):
            await until(lambda: state(listener) == "unknown", 15.0)
            assert last(listener).state is LinkState.CONNECTING
            await zigbee.publish("zigbee2mqtt/Hall 1", b'{"smoke": false}', qos=1)
            await until(lambda: state(listener) == "off")
            for rubbish in (b"ON", b'{"smoke": 7}', b"x" * (PAYLOAD_MAX + 1), b"\xff"):
                await zigbee.publish("zigbee2mqtt/Hall 1", rubbish, qos=1)
            await until(lambda: last(listener).rejected == 4)
            assert last(listener).faults[0][0] == "external_unreadable"
            await zigbee.publish("zigbee2mqtt/Hall 1", b'{"smoke": true}', qos=1)
            await until(lambda: listener.all(AlarmChanged))
            change = listener.all(AlarmChanged)[0]
            assert change.now is ZoneState.PRE_ALARM
            assert change.explanation.rule == "external_input"
            assert change.explanation.shares[0].point == "ext.smoke.smoke"
            await zigbee.publish("zigbee2mqtt/Hall 1/availability", b'{"state": "offline"}', qos=1)
            told: list[str] = []

            def unavailable() -> bool:
                newest = listener.last(PanelState)
                told[:] = [fault.code for fault in newest.faults if fault.about == "ext.smoke"] if newest else []
                return told == ["external_unavailable"]

            await until(unavailable, 15.0)
            assert all(reading.evidence == () for reading in listener.all(Reading)[-1:])


@pytest.mark.timeout(40)
async def test_a_retained_state_counts_after_a_restart(tmp_path: Path) -> None:
    """Smoke that was there before we came is known at once; that it was a kept copy is told."""
    hub = Hub()
    async with broker(tmp_path) as (real, elsewhere):
        await elsewhere.publish("homeassistant/binary_sensor/smoke/state", b"on", qos=1, retain=True)
        of = with_external(real, SMOKE | {"topic": "homeassistant/binary_sensor/smoke/state"})
        async with listening(hub) as listener, running(child_of(hub, tmp_path, "externals", of), externals.main):
            await until(lambda: state(listener) == "on", 15.0)
            assert last(listener).words["retained"] == "yes"
            await elsewhere.publish("homeassistant/binary_sensor/smoke/state", b"on", qos=1, retain=True)
            await until(lambda: last(listener).words["retained"] == "no")


@pytest.mark.timeout(40)
async def test_without_the_broker_nothing_is_claimed(tmp_path: Path) -> None:
    """A broker that is away is a fault of each detector, and neither fire nor quiet is said for it; it comes back."""
    hub = Hub()
    async with broker(tmp_path) as (real, elsewhere):
        of = with_external(real, SMOKE)
        async with listening(hub) as listener, running(child_of(hub, tmp_path, "externals", of), externals.main):
            await until(lambda: state(listener) == "unknown", 15.0)
            await elsewhere.publish("zigbee2mqtt/Hall 1", b"OFF", qos=1)
            await until(lambda: state(listener) == "off")
            await real.stop()
            await until(lambda: [code for code, _ in last(listener).faults] == ["external_unheard"], 20.0)
            assert last(listener).state is LinkState.OFFLINE
            await asyncio.sleep(0.1)
            assert listener.all(Reading)[-1].evidence == ()
