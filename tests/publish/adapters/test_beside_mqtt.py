"""Adapters run inside the publisher: an alarm on MQTT must not wait for them."""

from pathlib import Path

import msgspec

from embereye_addon.bus.memory import Hub, MemoryBus
from embereye_addon.observe.clock import utc_s
from embereye_addon.settings.model import Adapter
from tests.publish.adapters.servers import Frigate, hang, serving
from tests.publish.conftest import Watch
from tests.publish.samples import change, panel, site, until
from tests.publish.test_publisher import EVENT, publishing
from tests.system.mosquitto import Mosquitto


async def test_a_hanging_recorder_delays_no_alarm(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """While one recorder holds its request open, alarms go to MQTT and to the other recorder."""
    hub, seen, server = Hub(), await watch(broker), Frigate()
    speaker = MemoryBus(hub)
    async with serving(hang) as dead, serving(server) as nvr:
        adapters = (
            Adapter(id="dead", kind="frigate", url=dead.url, targets=("*=a",), timeout_s=60.0),
            Adapter(id="nvr", kind="frigate", url=nvr.url, targets=("*=a",)),
        )
        of = msgspec.structs.replace(site(broker.port), adapters=adapters)
        async with publishing(broker, hub, tmp_path, site=of) as running:
            await speaker.say(panel())
            await until(lambda: "embereye/status" in seen.topics())
            for number in (1, 2, 3):
                await speaker.say(change(number=number, at=utc_s()))
            await until(lambda: len(seen.payloads(EVENT)) == 3)
            await until(lambda: len(server.ended) == 2)
            assert len(dead.asked) == 1
            assert running.faults == ()
    await speaker.close()
