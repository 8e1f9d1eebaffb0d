"""The publisher process: the bus on one side, the MQTT broker on the other."""

import asyncio
import logging
import time
from dataclasses import dataclass

from embereye_addon.detect.models import Models
from embereye_addon.messages import AlarmChanged, PanelState, ZoneState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.metrics import ALARM_LATENCY, FAULT_DELAY
from embereye_addon.processes import addon
from embereye_addon.processes.child import Child, every
from embereye_addon.processes.model_versions import versions
from embereye_addon.publish.publisher import Publisher, Wiring
from embereye_addon.settings import model

_log = logging.getLogger(__name__)

NO_BROKER = "No MQTT broker is set, so Home Assistant is told nothing; alarms are shown on the page only"
MODELS_S = 10.0
STALE_S = 60.0
"""An alarm that waited longer than this for its broker says nothing about how fast the path is."""


def on_acked(change: AlarmChanged, _mono_s: float) -> None:
    """Measure an alarm from the frame or packet that decided it to the broker's acknowledgement."""
    took_s = utc_s() - change.at
    if change.now is ZoneState.ALARM and 0.0 <= took_s < STALE_S:
        first = change.explanation.shares[0].point if change.explanation.shares else ""
        path = {"pf": "pf", "ext": "external"}.get(first.partition(".")[0], "camera")
        ALARM_LATENCY.labels(path).observe(took_s)


@dataclass(slots=True)
class BrokerLoss:
    """Measures how late the loss of the broker is shown: from its last sign to the panel's word."""

    source: str
    shown: bool = False

    def on_panel(self, panel: PanelState, heard_s: float, now_s: float) -> None:
        """The panel spoke; `heard_s` is the last sign of the broker, 0 where there was none in this run."""
        was = self.shown
        self.shown = any(fault.code == "broker_disconnected" and fault.about == self.source for fault in panel.faults)
        if self.shown and not was and heard_s > 0.0:
            FAULT_DELAY.labels("broker").observe(now_s - heard_s)


async def main(child: Child) -> None:
    """Publish until told to stop. Without a broker in the settings that is a fault, and the rest runs on."""

    async def ask_again() -> model.Mqtt | None:
        return await addon.broker_again(child.folder)

    folder = child.folder.path / "publisher"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    wiring = Wiring(
        site=child.site,
        bus=child.bus,
        folder=folder,
        node=child.node,
        on_acked=on_acked,
        ask_again=ask_again,
        started_at=await asyncio.to_thread(child.folder.started_at),
    )
    publisher = Publisher(wiring)
    models = Models(child.folder.models)

    async def copy_faults() -> None:
        told = dict(publisher.faults)
        if "broker_disconnected" not in told and not child.site.mqtt.host and not publisher.mqtt.connected:
            told["broker_disconnected"] = NO_BROKER
        child.faults.clear()
        child.faults.update(told)

    async def look_for_models() -> None:
        publisher.tell_model(*await asyncio.to_thread(versions, models))

    loss = BrokerLoss(child.source)
    await child.bus.hear(PanelState, lambda panel: loss.on_panel(panel, publisher.mqtt.heard_s, time.monotonic()))
    async with asyncio.TaskGroup() as work:
        work.create_task(publisher.run(), name="publish")
        work.create_task(every(1.0, copy_faults), name="faults")
        work.create_task(every(MODELS_S, look_for_models), name="models")
