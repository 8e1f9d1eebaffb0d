"""Who a connection is: everything it says of itself, and the one name that is believed first.

Pure. A header tag may be a serial, a place, a factory default or a frame counter; only watching it tells.
"""

import enum
import re
from dataclasses import dataclass

STEADY_PACKETS = 3  # a tag that stood still this long is taken for a name
SMALL_COUNTER = 1000  # plain numbers below may be a counter that has not moved yet

_SERIAL = re.compile(r"[0-9]{8,}|[A-Za-z]{2,}[^0-9]?[0-9]{4,}")


def is_small_number(tag: str) -> bool:
    """Whether a tag may be a counter that has just begun."""
    return tag.isdigit() and int(tag) < SMALL_COUNTER


class Rank(enum.IntEnum):
    """How far a name is believed; a lower number wins."""

    DECLARED = 1
    SERIAL_TAG = 2
    PLACE = 3
    STEADY_TAG = 4
    ADDRESS = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """A device's best name at this time, and where it comes from."""

    name: str
    rank: Rank


@dataclass(slots=True)
class _Tag:
    """The header tag of one packet type: its last value, and how many packets it stood still."""

    value: str = ""
    steady: int = 0

    def see(self, value: str) -> bool:
        """One more packet; whether it can have changed what the tag is taken for."""
        self.steady = self.steady + 1 if value == self.value else 1
        self.value = value
        return self.steady <= STEADY_PACKETS

    def is_name(self) -> bool:
        return self.value != "" and not is_small_number(self.value) and self.steady >= STEADY_PACKETS


class Names:
    """Collects what one device calls itself. Packet types are `frame`, `Sensor` and `EEPROM`."""

    __slots__ = ("_address", "_declared", "_own_tag", "_place", "_tags", "changed")

    def __init__(self, address: str, own_tag: str = "") -> None:
        """`address` is the peer's, '' where several devices share the connection; each then has its `own_tag`."""
        self._address = address
        self._own_tag = own_tag
        self._declared = ""
        self._place = ""
        self._tags: dict[str, _Tag] = {}
        self.changed = True  # since `all` was asked

    def declare(self, identity: str) -> None:
        """The device told its serial number."""
        if identity and identity != self._declared:
            self._declared, self.changed = identity, True

    def locate(self, place: str) -> None:
        """The device told its place."""
        if place and place != self._place:
            self._place, self.changed = place, True

    def tag(self, packet_type: str, value: str) -> None:
        """The header of one more packet of this type."""
        if self._own_tag:
            return
        tag = self._tags.get(packet_type)
        if tag is None:
            tag = self._tags[packet_type] = _Tag()
        self.changed = tag.see(value) or self.changed

    def _serial_tag(self) -> str:
        """The tag all types agree on, if it looks like a serial and at least two types carry it."""
        if self._own_tag:
            return self._own_tag if _SERIAL.fullmatch(self._own_tag) else ""
        values = {tag.value for tag in self._tags.values()}
        if len(values) != 1 or len(self._tags) < 2:
            return ""
        value = values.pop()
        return value if _SERIAL.fullmatch(value) else ""

    def _steady_tag(self) -> str:
        """A tag that is no counter; the one of the input packets first, since frames may carry a counter."""
        if self._own_tag:
            return self._own_tag
        for packet_type in ("Sensor", "frame"):
            tag = self._tags.get(packet_type)
            if tag is not None and tag.is_name():
                return tag.value
        return ""

    def all(self) -> tuple[Identity, ...]:
        """Every name of this device, the most believed first; the peer address, where it has one, is the last."""
        self.changed = False
        names = (
            Identity(self._declared, Rank.DECLARED),
            Identity(self._serial_tag(), Rank.SERIAL_TAG),
            Identity(self._place, Rank.PLACE),
            Identity(self._steady_tag(), Rank.STEADY_TAG),
            Identity(self._address, Rank.ADDRESS),
        )
        return tuple(identity for identity in names if identity.name)
