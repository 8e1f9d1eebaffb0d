"""What the gateway knows of each device of the settings, what it tells of it, and what it keeps across restarts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embereye_addon.settings.model import Device
from embereye_addon.sources.link import Link
from embereye_addon.sources.pf.commands import Manner
from embereye_addon.sources.pf.connection import Seat
from embereye_addon.sources.pf.events import Event
from embereye_addon.sources.pf.regions import surface
from embereye_addon.sources.pf.unit import Unit


@dataclass(frozen=True, slots=True)
class Connected:
    """An accepted device has a connection, from this address."""

    address: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """An accepted device has no connection any more, for this reason in words."""

    why: str


GatewayEvent = Event | Connected | Disconnected
OnEvent = Callable[[str, GatewayEvent], None]


@dataclass(frozen=True, slots=True)
class Cache:
    """What outlives a restart, by source id; nothing may block.

    The last EEPROM dump, uint16 [832]; the number of the first chip; the start command that worked.
    """

    load: Callable[[str], NDArray[np.uint16] | None]
    save: Callable[[str, NDArray[np.uint16]], None]
    load_chip: Callable[[str], str] = lambda _source: ""
    load_form: Callable[[str], bytes] = lambda _source: b""
    save_form: Callable[[str, bytes], None] = lambda _source, _form: None


@dataclass(frozen=True, slots=True)
class Pending:
    """One behind a connection who feeds nothing: no device of the settings is meant by it, or it is a double."""

    identity: str
    address: str
    first_seen: float
    sensor_id: str = ""
    double: bool = False


LINE_ENDS = {"auto": None, "none": b"", "lf": b"\n", "crlf": b"\r\n"}


class Place:
    """One device of the settings: its link, its present connection, and sums over all its connections."""

    def __init__(self, device: Device, now_mono_s: float) -> None:
        self.device = device
        self.source = f"pf.{device.id}"
        self.surface = surface(device)
        self.link = Link(now_mono_s)
        self.seat: Seat | None = None
        self.form = b""  # the start command that worked
        self.delay_s = 0.0  # to wait before it is dialled again
        self.siren: bool | None = None  # what its siren should do; None: never told
        self.clashes = 0
        self._received = self._rejected = self._dropped = 0
        if not device.enabled:
            self.link.disable(now_mono_s)

    @property
    def unit(self) -> Unit | None:
        """What its present connection tells of it, if there is one."""
        return None if self.seat is None else self.seat.unit

    @property
    def manner(self) -> Manner:
        """How the settings want it spoken to."""
        device = self.device
        every_s = float(device.request_every_s) if device.mode == "on_demand" else 0.0
        return Manner(LINE_ENDS[device.line_end], every_s)

    def leave(self, unit: Unit) -> None:
        """A connection is no longer this device's; keep its sums."""
        self._received, self._rejected, self._dropped = self.totals(unit)
        self.seat = None

    def totals(self, unit: Unit | None) -> tuple[int, int, int]:
        """Packets received, rejected, and frames dropped, up to now."""
        sums = (self._received, self._rejected, self._dropped)
        if unit is None:
            return sums
        dropped = unit.skipped_frames + unit.plausibility.implausible
        return sums[0] + unit.packets, sums[1] + unit.rejected, sums[2] + dropped
