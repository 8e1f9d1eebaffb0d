"""What was announced is remembered: roles found out by themselves stay, removals wait for a birth."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from embereye_addon.publish import announcer as module
from embereye_addon.publish.announcer import Announcer
from embereye_addon.publish.discovery import About
from embereye_addon.publish.memory import Announced
from embereye_addon.publish.mqtt import Mqtt
from embereye_addon.publish.topics import Topics
from embereye_addon.settings import model
from tests.publish.conftest import Watch
from tests.publish.samples import site, until
from tests.publish.test_mqtt import at, running
from tests.system.mosquitto import Mosquitto

PF = "homeassistant/device/embereye_pf_boiler/config"


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """No pause between the two steps of a removal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "REMOVAL_PAUSE_S", 0.01)
        yield


def announcer(path: Path, settings: model.Site) -> Announcer:
    """One with a file."""
    return Announcer(Topics(), settings, About("1.0"), Announced(path))


def components(mqtt: Mqtt) -> set[str]:
    """The PF device's components."""
    return set(json.loads(mqtt.kept(PF))["components"])


async def test_an_input_found_out_by_itself_gets_its_entity_and_keeps_it(broker: Mosquitto, tmp_path: Path) -> None:
    """The smoke index appears when the device shows a smoke input, and a restart does not take it away."""
    path = tmp_path / "announced.json"
    async with running(at(broker)) as mqtt:
        first = announcer(path, site())
        await first.start(mqtt)
        assert "gas_index" in components(mqtt)
        assert "smoke_index" not in components(mqtt)
        await first.heard_roles(mqtt, "boiler", frozenset({"smoke"}))
        await first.heard_roles(mqtt, "boiler", frozenset({"smoke"}))
        await first.heard_roles(mqtt, "nobody", frozenset({"smoke"}))
        assert "smoke_index" in components(mqtt)
    async with running(at(broker)) as mqtt:
        await announcer(path, site()).start(mqtt)
        assert "smoke_index" in components(mqtt)
        device = model.Device(id="boiler", name="x", zone="kitchen", adc1_role="gas", adc2_role="none")
        fixed = model.Site(zones=site().zones, devices=(device,))
        await announcer(path, fixed).start(mqtt)
        assert "smoke_index" not in components(mqtt)


async def test_a_removal_is_repeated_until_a_birth(broker: Mosquitto, watch: Watch, tmp_path: Path) -> None:
    """A device taken out while Home Assistant is off is gone after its next start, and then forgotten."""
    path, seen = tmp_path / "announced.json", await watch(broker, PF)
    empty = model.Site(zones=site().zones)
    async with running(at(broker)) as mqtt:
        await until(lambda: mqtt.connected)
        await announcer(path, site()).start(mqtt)
        for again in (announcer(path, empty), announcer(path, empty)):
            await again.start(mqtt)
            await again.remove(mqtt, born=False)
            assert PF in Announced(path).load().gone
        before = len(seen.payloads(PF))
        born = announcer(path, empty)
        await born.start(mqtt)
        await born.remove(mqtt, born=True)
        assert Announced(path).load().gone == {}
        await born.remove(mqtt, born=True)
        await until(lambda: len(seen.payloads(PF)) >= before + 1)
        assert seen.payloads(PF)[-1] == b""


async def test_without_a_broker_or_a_disk_nothing_breaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A removal without a broker waits; a disk that refuses is a warning and no crash."""
    (tmp_path / "file").write_text("in the way")
    async with running(model.Mqtt()) as mqtt:
        lost = announcer(tmp_path / "file" / "announced.json", site())
        await lost.start(mqtt)
        assert "cannot be written" in caplog.text
        path = tmp_path / "announced.json"
        await announcer(path, site()).start(mqtt)
        fewer = announcer(path, model.Site())
        await fewer.start(mqtt)
        await fewer.remove(mqtt, born=True)
        assert PF in Announced(path).load().gone
