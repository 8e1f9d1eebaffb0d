"""The conversation over one connection: bytes and time in, events of its devices and commands out. Pure, no I/O.

One object per connection. What arrives is framed, parsed and given to the device it is of; what to send is decided by
`commands`. Nothing that arrives raises.

As a rule a connection is one device, whatever its headers say. Where several tags stand side by side (`tags`) it is a
bus gateway with one device per tag. The protocol has no address in its commands, so it is assumed that each command
reaches all of them: a start command starts all, all answer EEPROM1 and REQUEST1 in turn, each under its tag; one
device's siren is everybody's siren on that line, and is silenced when none of them is wanted to sound. What has no tag
of such a device (a serial number or place said by itself, and the address) speaks of the bus gateway, and names nobody.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from embereye_addon.sources.pf.commands import Commands, Manner
from embereye_addon.sources.pf.events import Event, Setup
from embereye_addon.sources.pf.identity import Names
from embereye_addon.sources.pf.packets import (
    EepromPacket,
    FramePacket,
    Framer,
    IdPacket,
    LocPacket,
    Rejected,
    SensorPacket,
    newest_frames,
    parse,
)
from embereye_addon.sources.pf.rhythm import Cycle
from embereye_addon.sources.pf.tags import Tags
from embereye_addon.sources.pf.unit import Unit

OPEN_PACKET_S = 10.0
NOTHING_VALID_S = 180.0  # the ladder of start commands takes a minute, so not sooner
OVERSIZE_LIMIT = 3
OVERSIZE_WITHIN_S = 60.0
CHUNK_FRAMES = 3  # of one device in one chunk; more have waited in the system and are old
NEWER_KEYS = frozenset({"BUTTON", "MQ_IN", "MPY_IN"})

_Good = FramePacket | SensorPacket | EepromPacket | IdPacket | LocPacket
Told = tuple[Unit, Event]


@dataclass(slots=True)
class Counts:
    """What came over one connection; `reasons` counts rejected packets by reason.

    Of `unassigned` packets it was not known whose they are: two devices begin to stand side by side, or they are of
    none of those that do.
    """

    received_bytes: int = 0
    packets: int = 0
    frames: int = 0
    inputs: int = 0
    eeproms: int = 0
    rejected: int = 0
    unassigned: int = 0
    bad_keys: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Session:
    """One connection's conversation. Times are monotonic seconds that never go back; `at_s` is UTC.

    `units` are its devices: one, or those of a bus gateway. The tuple is replaced when they change.
    """

    def __init__(self, address: str, mono_s: float) -> None:
        """`address` is the peer without port."""
        self.counts = Counts()
        self.framer = Framer()
        self.commands = Commands(mono_s)
        self.tags = Tags()
        self.rejected_in_row = 0
        self.last_rejected = ""
        self.ever_valid = False
        self.units: tuple[Unit, ...] = (Unit(Names(address), self.commands, self.commands.cycles[0], mono_s),)
        self._by_tag = {"": self.units[0]}
        self._left: list[Told] = []  # what a device that is none any more had still to tell
        self._renamed = 0
        self._parted = 0  # into so many devices, 0 as long as it is one
        self._siren: bool | None = None
        self._began_s = mono_s
        self._open_since_s = mono_s
        self._oversize: deque[float] = deque(maxlen=OVERSIZE_LIMIT)

    # What the settings want of its devices.

    def adopt(self, unit: Unit, setup: Setup) -> list[Event]:
        """This device is accepted: from now on its frames and inputs become events. May be called again."""
        unit.adopt(setup)
        self.commands.obey(self._manner(setup.manner))
        return unit.events()

    def release(self, unit: Unit) -> None:
        """This device is not accepted (any more): it feeds nothing."""
        unit.release()
        self._agree()

    def sound(self, unit: Unit, *, on: bool) -> None:
        """Let this device's siren sound or be silent; it sounds as long as any device of the connection should."""
        unit.siren = on
        self._agree()

    def _agree(self) -> None:
        """Order the siren where what all of them want together has changed; nobody's wish is no order."""
        wishes = [unit.siren for unit in self.units if unit.siren is not None]
        wanted = any(wishes) if wishes else None
        if wanted is None:
            self.commands.release()
        elif wanted is not self._siren:
            self.commands.want_siren(on=wanted)
        self._siren = wanted

    def _manner(self, newest: Manner) -> Manner:
        """How to speak to all of them: one that streams makes all stream, else the most impatient is obeyed."""
        manners = [newest, *(each.setup.manner for each in self.units if each.setup is not None)]
        line_end = next((manner.line_end for manner in manners if manner.line_end is not None), None)
        return Manner(line_end, min(manner.request_every_s for manner in manners))

    # What arrives.

    def feed(self, chunk: bytes, mono_s: float, at_s: float, *, hold: bool = False) -> list[Told]:
        """Take what arrived, in any chunking; give what it means. `hold`: keep the newest frames for `held_frames`."""
        self.counts.received_bytes += len(chunk)
        was_open, oversize = self.framer.is_open, self.framer.oversize
        bodies = self.framer.feed(chunk)
        for _ in range(self.framer.oversize - oversize):
            self._oversize.append(mono_s)
        if bodies or not was_open:
            self._open_since_s = mono_s
        for body in self._worth_reading(bodies, hold=hold) if len(bodies) > CHUNK_FRAMES or hold else bodies:
            packet = parse(body)
            self.counts.packets += 1
            if isinstance(packet, Rejected):
                self._reject(packet, mono_s)
            else:
                self._take(packet, mono_s, at_s, hold=hold)
        return self._told() if hold else self.held_frames(mono_s)

    @property
    def holds(self) -> bool:
        """Whether a frame waits to be judged."""
        return any(unit.holds for unit in self.units)

    def held_frames(self, mono_s: float) -> list[Told]:
        """Judge the frames that were held, if they may be judged by now."""
        for unit in self.units:
            unit.release_held(mono_s)
        return self._told()

    def _told(self) -> list[Told]:
        left, self._left = self._left, []
        return left + [(unit, event) for unit in self.units for event in unit.events()]

    def _worth_reading(self, bodies: list[bytes], *, hold: bool) -> list[bytes]:
        """All but the frames that newer ones of the same chunk replace: they are counted, and not even read."""
        newest, older = newest_frames(bodies, 1 if hold else CHUNK_FRAMES, apart=bool(self.tags.devices))
        self.counts.packets += len(older)
        self.counts.frames += len(older)
        for tag in older:
            unit = self._by_tag.get(tag)
            if unit is None:
                self.counts.unassigned += 1
            else:
                unit.packets += 1
                unit.skipped_frames += unit.setup is not None
        return newest

    def _reject(self, packet: Rejected, mono_s: float) -> None:
        self.counts.rejected += 1
        self.counts.reasons[packet.reason] += 1
        self.rejected_in_row += 1
        self.last_rejected = packet.start
        header = packet.start.partition(":")[0]
        is_frame = header.startswith("frame")
        unit = self._by_tag.get(header[5:] if self.tags.devices and is_frame else "")
        if unit is None:
            self.counts.unassigned += 1
            return
        unit.packets += 1
        unit.rejected += 1
        if is_frame:  # a damaged frame still tells when the next one comes
            self.commands.frame_came(mono_s, unit.cycle)

    def _take(self, packet: _Good, mono_s: float, at_s: float, *, hold: bool) -> None:
        self.ever_valid = True
        self.rejected_in_row = 0
        match packet:
            case FramePacket():
                self.counts.frames += 1
                unit = self._whose("frame", packet.tag, mono_s)
                self._beat(unit, self.commands.frame_came, mono_s)
                if unit is not None:
                    unit.named("frame", packet.tag, packet.location)
                    unit.frame(packet.words, mono_s, at_s, hold=hold)
            case SensorPacket():
                self._inputs(packet, mono_s, at_s)
            case EepromPacket():
                self.counts.eeproms += 1
                unit = self._whose("EEPROM", packet.tag, mono_s)
                if unit is not None:
                    unit.named("EEPROM", packet.tag)
                    unit.dump(packet.words, mono_s)
            case _:
                self._introduce(packet, mono_s)

    def _inputs(self, packet: SensorPacket, mono_s: float, at_s: float) -> None:
        self.counts.inputs += 1
        self.counts.bad_keys += packet.bad_keys
        if self.counts.inputs == 1 and not NEWER_KEYS.isdisjoint(packet.values):
            self.commands.want_identity()
        unit = self._whose("Sensor", packet.tag, mono_s)
        self._beat(unit, self.commands.inputs_came, mono_s)
        if unit is not None:
            unit.named("Sensor", packet.tag, packet.location, packet.identity)
            unit.inputs(packet.values, mono_s, at_s)

    def _introduce(self, packet: IdPacket | LocPacket, mono_s: float) -> None:
        """What has no tag names the only device; of several it names none."""
        sole = self._by_tag.get("")
        if sole is None:
            self.counts.unassigned += 1
            return
        sole.packets += 1
        sole.heard(mono_s)
        if isinstance(packet, IdPacket):
            sole.named("", "", identity=packet.identity)
        else:
            sole.named("", "", location=packet.location)

    # Whose a packet is.

    def _whose(self, packet_type: str, tag: str, mono_s: float) -> Unit | None:
        """The device that a packet is of; what is nobody's for the moment is a sign of life all the same."""
        whose = self.tags.whose(packet_type, tag)
        if len(self.tags.devices) > self._parted:
            self._part(mono_s)
        unit = None if whose is None else self._by_tag[whose]
        heard = unit or self._by_tag.get("")
        if heard is not None:
            heard.heard(mono_s)
        if unit is None:
            self.counts.unassigned += 1
        else:
            unit.packets += 1
        if self.tags.renamed != self._renamed:
            self._renamed = self.tags.renamed
            self.units[0].renew()
        return unit

    def _beat(self, unit: Unit | None, came: Callable[[float, Cycle], None], mono_s: float) -> None:
        """The line was busy just now, whoever it was, as far as it can be told from whose cycle that is."""
        unit = unit or self._by_tag.get("")
        if unit is not None:
            came(mono_s, unit.cycle)

    def _part(self, mono_s: float) -> None:
        """It is a bus gateway, or one more device is behind it."""
        self._parted = len(self.tags.devices)
        sole = self._by_tag.pop("", None)
        if sole is not None:
            self._left += [(sole, event) for event in sole.events()]
        cycles = self.commands.part(len(self.tags.devices), mono_s)
        for tag, cycle in zip(self.tags.devices, cycles, strict=True):
            if tag not in self._by_tag:
                self._by_tag[tag] = Unit(Names("", tag), self.commands, cycle, mono_s, tag)
        self.units = tuple(self._by_tag.values())

    # The clock.

    def tick(self, mono_s: float) -> tuple[list[Told], list[bytes]]:
        """Time passed: what that means, and the bytes to send. To be called about five times a second."""
        if self.framer.is_open and mono_s - self._open_since_s > OPEN_PACKET_S:
            self.framer.abandon()
        fell_late = [unit.tick(mono_s) for unit in self.units]
        if self.ever_valid and all(unit.late for unit in self.units):
            self.commands.restart(mono_s, anew=any(fell_late))
        command = self.commands.due(mono_s, receiving=self.framer.is_open)
        return self._told(), [] if command is None else [command]

    def hopeless(self, mono_s: float) -> str:
        """Why this connection should be closed, in words; nothing as a rule."""
        if not self.ever_valid and mono_s - self._began_s > NOTHING_VALID_S:
            return "nothing it sent could be read for three minutes"
        if len(self._oversize) == OVERSIZE_LIMIT and mono_s - self._oversize[0] < OVERSIZE_WITHIN_S:
            return "it sent packets without an end, three in a minute"
        return ""
