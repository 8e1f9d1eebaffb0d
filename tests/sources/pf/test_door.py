"""Who may connect to the PF port."""

from dataclasses import dataclass

import pytest

from embereye_addon.errors import SettingsError
from embereye_addon.settings.model import Pf
from embereye_addon.sources.pf.door import Door

ANY = Pf(networks=("0.0.0.0/0",))


@dataclass
class Guest:
    address: str
    source: str = ""


def test_networks() -> None:
    """Addresses outside the allowed networks get in, or IPv6 ends the gateway."""
    door = Door(Pf(networks=("10.0.0.0/8", "fe80::/10")), 1)
    assert door.refusal("10.1.2.3", (), 0.0) == ""
    assert door.refusal("fe80::1", (), 0.0) == ""
    assert "networks" in door.refusal("11.1.2.3", (), 0.0)
    assert door.refused == 1
    with pytest.raises(SettingsError, match="networks such as"):
        Door(Pf(networks=("ten",)), 1)


def test_numbers() -> None:
    """Connections without end use up the machine."""
    door = Door(ANY, 2)
    crowd = [Guest(f"10.0.0.{index}") for index in range(66)]
    assert door.refusal("10.0.1.1", crowd[:65], 0.0) == ""
    assert "too many connections" in door.refusal("10.0.1.1", crowd, 0.0)
    neighbours = [Guest("10.0.0.1") for _ in range(16)]
    assert "unknown connections" in door.refusal("10.0.0.1", neighbours, 0.0)
    assert door.refusal("10.0.0.1", [Guest("10.0.0.1", "pf.dock") for _ in range(16)], 0.0) == ""


def test_the_numbers_are_the_installers() -> None:
    """A site behind one address translator cannot let its devices wait for approval."""
    door = Door(Pf(networks=("0.0.0.0/0",), strangers=3, strangers_per_address=2), 1)
    assert door.refusal("10.0.0.1", [Guest("10.0.0.1")], 0.0) == ""
    assert "unknown connections" in door.refusal("10.0.0.1", [Guest("10.0.0.1") for _ in range(2)], 0.0)
    assert "too many connections" in door.refusal("10.0.0.9", [Guest(f"10.0.0.{n}") for n in range(4)], 0.0)


def test_a_minute_outside() -> None:
    """A flood returns at once, or an address with devices of ours is shut out with it."""
    door = Door(ANY, 2)
    door.punish("10.0.0.1", 0.0)
    assert "misbehaved" in door.refusal("10.0.0.1", (), 59.0)
    assert door.refusal("10.0.0.1", (Guest("10.0.0.1", "pf.dock"),), 59.0) == ""
    assert door.refusal("10.0.0.2", (), 59.0) == ""
    door.forget(59.0)
    assert door.refusal("10.0.0.1", (), 59.0) != ""
    door.forget(61.0)
    assert door.refusal("10.0.0.1", (), 61.0) == ""


def test_the_memory_of_the_door_is_bounded() -> None:
    """Ever new addresses fill the memory."""
    door = Door(ANY, 2)
    for index in range(2000):
        door.punish(f"10.0.{index // 250}.{index % 250}", 0.0)
    assert door.refusal("10.0.7.249", (), 1.0) == ""
