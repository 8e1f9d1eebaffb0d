"""Whether a connection carries one PF device or several, told by the tags of its packets. Pure, bounded.

A tag may be a name, a factory default, a place, or a counter that changes with every frame. Several devices stand side
by side only where packets of one type take turns: two tags that are no small numbers, each of them back after others
came in between, again and again. A counter never comes back, a device that was renamed comes once, and frames that
carry another tag than the inputs are of one device.
"""

from collections import OrderedDict

from embereye_addon.sources.pf.identity import STEADY_PACKETS, is_small_number

MOST_DEVICES = 16  # a line of 115200 baud carries six at the pace of the real device
REMEMBERED = 32  # tags of one type; a counter that starts anew after more is not taken for devices
RETURNS = 2  # so often each tag has to come back


class _Turns:
    """The tags of one packet type: which came last, how often in a row, and which came back how often."""

    __slots__ = ("last", "own", "returns", "row")

    def __init__(self) -> None:
        self.last = ""
        self.row = 0
        self.own = ""  # the tag that this type has as long as there is one device
        self.returns: OrderedDict[str, int] = OrderedDict()

    def see(self, tag: str) -> None:
        if tag == self.last:
            self.row += 1
            return
        self.last, self.row = tag, 1
        self.returns[tag] = self.returns.get(tag, -1) + 1
        self.returns.move_to_end(tag)
        if len(self.returns) > REMEMBERED:
            self.returns.popitem(last=False)

    def returned(self, times: int) -> list[str]:
        """The tags that came back at least so often."""
        return [tag for tag, count in self.returns.items() if count >= times]

    def settle(self, tag: str) -> bool:
        """Learn the tag of the only device from the packet just seen; whether it had another one before."""
        steady = self.row >= STEADY_PACKETS or (self.returns[tag] >= RETURNS and self.returned(1) == [tag])
        if not steady or tag == self.own:
            return False
        before, self.own = self.own, tag
        return before != ""

    def may_be_own(self, tag: str) -> bool:
        """Whether a packet with this tag may be taken for the only device's."""
        return tag == self.own if self.own else not self.returned(1)

    def is_strange(self, tag: str) -> bool:
        """Whether a dump with this tag may be another device's."""
        return not self.may_be_own(tag) and (tag in self.returns or not self.own)


class Tags:
    """The tags of one connection.

    `devices` is empty as long as one device speaks, else it has the tag of each; `renamed` counts how often the only
    device took another tag, and so may be another one.
    """

    __slots__ = ("_turns", "devices", "renamed")

    def __init__(self) -> None:
        self.devices: tuple[str, ...] = ()
        self.renamed = 0
        self._turns = {"frame": _Turns(), "Sensor": _Turns()}

    def whose(self, packet_type: str, tag: str) -> str | None:
        """The device that a packet is of: '' for the only one, a tag, None where that is open. Types as in `Names`.

        While it is open whether a tag is another device's, its packets are nobody's: no picture may be converted
        with the calibration of another array.
        """
        named = tag != "" and not is_small_number(tag)
        turns = self._turns.get(packet_type)
        if turns is not None and named:
            turns.see(tag)
            self._join(turns)
        if self.devices:
            return tag if tag in self.devices else None
        if not named:
            return ""
        if turns is None:
            return None if any(each.is_strange(tag) for each in self._turns.values()) else ""
        self.renamed += turns.settle(tag)
        return "" if turns.may_be_own(tag) else None

    def _join(self, turns: _Turns) -> None:
        """Take up tags that stand side by side; one more is enough where some do already."""
        new = tuple(tag for tag in turns.returned(RETURNS) if tag not in self.devices)
        if new and len(new) + len(self.devices) >= 2:
            self.devices = (*self.devices, *new)[:MOST_DEVICES]
