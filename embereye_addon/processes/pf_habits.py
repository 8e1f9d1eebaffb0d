"""What PF devices learn of their places: learned only while the panel allows it, and kept on disk over restarts."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from embereye_addon.fuse import habits
from embereye_addon.fuse.habits import Episode, Habits, Standing
from embereye_addon.fuse.zone import AGREE_NATS
from embereye_addon.messages import PanelState, Rule, ZoneState, ZoneStatus
from embereye_addon.processes.child import Child
from embereye_addon.processes.pf_health import Watched

_log = logging.getLogger(__name__)

HEARD_S = 15.0
"""The panel speaks every 5 s; what it said longer ago than this holds no more."""
READ_MAX = 1 << 16


def standing(zone: ZoneStatus | None, point: str) -> Standing:
    """What becomes of a device's episodes while its zone is in this state.

    An alarm is a matter of this device's rise alone, and so may turn out to be false, only where nobody agreed with it.
    """
    if zone is None:
        return Standing.UNKNOWN
    if zone.testing or zone.disabled:
        return Standing.SPOILT
    if zone.state is not ZoneState.ALARM:
        return Standing.QUIET
    why = zone.explanation
    alone = why is not None and all(share.point == point or share.nats < AGREE_NATS for share in why.shares)
    return Standing.HELD if why is not None and alone and why.rule == Rule.RATE_OF_RISE.value else Standing.SPOILT


@dataclass(slots=True)
class Keeping:
    """The habits of a gateway's devices on disk (`folder`), and what the panel said last."""

    folder: Path
    zones: dict[str, ZoneStatus] = field(default_factory=dict)
    heard_s: float = -1.0e9

    def hear(self, state: PanelState, now_mono_s: float) -> None:
        """The panel spoke."""
        self.zones, self.heard_s = {zone.zone: zone for zone in state.zones}, now_mono_s

    def open(self, watched: Mapping[str, Watched]) -> None:
        """Every device knows again what it had learned; what cannot be read is learned anew."""
        for source, each in watched.items():
            try:
                with self._file(source).open("rb") as file:
                    known = msgspec.msgpack.decode(file.read(READ_MAX), type=tuple[Episode, ...])
            except FileNotFoundError:
                continue
            except (OSError, msgspec.DecodeError) as err:
                _log.warning("%s: what is usual there cannot be read and is learned anew: %s", source, err)
                continue
            each.kept_habits = known[-habits.MOST :]
            each.heat = replace(each.heat, habits=Habits(each.kept_habits))

    def settle(self, watched: Mapping[str, Watched], now_mono_s: float, at: float) -> None:
        """Learn what is over, forget what is old, and keep what changed."""
        zones = self.zones if now_mono_s - self.heard_s <= HEARD_S else {}
        for source, each in watched.items():
            before = each.heat.habits
            now = standing(zones.get(each.device.zone), f"{source}.thermal")
            after = habits.settled(before, now, now_mono_s, at)
            each.heat = replace(each.heat, habits=after)
            known = after.known if each.limits.habits else ()
            if known != each.kept_habits:
                each.kept_habits = known
                self._save(source, known)

    def _file(self, source: str) -> Path:
        return self.folder / f"{source}.habits"

    def _save(self, source: str, known: tuple[Episode, ...]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = self.folder / f".{source}.new"
            aside.write_bytes(msgspec.msgpack.encode(known))
            aside.replace(self._file(source))
        except OSError as err:
            _log.warning("%s: what is usual there cannot be kept: %s", source, err.strerror)


async def attending(child: Child, watched: Mapping[str, Watched]) -> Keeping:
    """Habits as they were left, in `habits/` of the node's folder; the panel is heard from now on."""
    usual = Keeping(child.folder.path / "habits")
    usual.open(watched)
    await child.bus.hear(PanelState, lambda state: usual.hear(state, time.monotonic()))
    return usual
