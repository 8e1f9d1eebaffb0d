"""Who may connect to the PF port: networks, numbers, and a minute's refusal after misbehaving."""

from collections.abc import Collection
from ipaddress import ip_address, ip_network
from typing import Protocol

from embereye_addon.errors import SettingsError
from embereye_addon.settings.model import Pf

REFUSED_S = 60.0
REMEMBERED = 1024


class Guest(Protocol):
    """What the door knows of a connection that is inside: its address, and the device it feeds or ''."""

    address: str

    @property
    def source(self) -> str:
        """The device it feeds, or ''."""


class Door:
    """Counts refusals in `refused`; times are monotonic seconds."""

    def __init__(self, settings: Pf, devices: int) -> None:
        """`devices` is how many are accepted. Raises SettingsError for a network that is none."""
        self.refused = 0
        self._limit = devices + settings.strangers
        self._per_address = settings.strangers_per_address
        self._punished: dict[str, float] = {}
        try:
            self._networks = tuple(ip_network(network, strict=False) for network in settings.networks)
        except ValueError as error:
            raise SettingsError("pf.networks", settings.networks, "networks such as 192.168.0.0/16") from error

    def refusal(self, address: str, inside: Collection[Guest], mono_s: float) -> str:
        """Why a new connection from this address is turned away, in words; nothing if it is not."""
        why = self._reason(address, inside, mono_s)
        self.refused += bool(why)
        return why

    def _reason(self, address: str, inside: Collection[Guest], mono_s: float) -> str:
        peer = ip_address(address)
        if not any(peer in network for network in self._networks):
            return "its address is in none of the allowed networks"
        if len(inside) >= self._limit:
            return "there are too many connections"
        neighbours = [guest for guest in inside if guest.address == address]
        accepted = sum(bool(guest.source) for guest in neighbours)
        if len(neighbours) - accepted >= self._per_address:
            return "there are too many unknown connections from its address"
        if not accepted and self._punished.get(address, mono_s) > mono_s:
            return "a connection from its address misbehaved less than a minute ago"
        return ""

    def punish(self, address: str, mono_s: float) -> None:
        """Refuse this address for a minute, unless an accepted device shares it by then."""
        if len(self._punished) < REMEMBERED:
            self._punished[address] = mono_s + REFUSED_S

    def forget(self, mono_s: float) -> None:
        """Drop what is over."""
        for address in [address for address, until_s in self._punished.items() if until_s <= mono_s]:
            del self._punished[address]
