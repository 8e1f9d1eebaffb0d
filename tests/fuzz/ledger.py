"""Books kept beside a session, and what they must agree on: the oracle of the session's fuzzing.

Every byte and packet is accounted for, buffers stay bounded, temperatures come only from a calibration this device may
have, and commands come only when they may. Where several devices are found behind the connection, each gets only what
carries its tag, and has come back often enough to be no counter.
"""

from collections import Counter
from itertools import pairwise
from statistics import median

import numpy as np

from embereye_addon.sources.pf.eeprom import calibrate
from embereye_addon.sources.pf.events import (
    Back,
    Calibrated,
    FrameSeen,
    Identified,
    Late,
    SensorSeen,
    Setup,
    Silent,
    Uncalibrated,
)
from embereye_addon.sources.pf.mlx90640 import looks_radiometric
from embereye_addon.sources.pf.packets import (
    EepromPacket,
    FramePacket,
    IdPacket,
    LocPacket,
    Packet,
    Reason,
    Rejected,
    SensorPacket,
    parse,
)
from embereye_addon.sources.pf.session import Session, Told
from embereye_addon.sources.pf.unit import Unit
from tests.fuzz import wire

STARTS = (b"PERIOD_ON", b"\n", b"PERIOD_ON\n", b"PERIOD_ON\r\n", b"PERIODIC_ON")
QUESTIONS = (b"EEPROM1", b"DEVICE_ID", b"ALARM_ON", b"ACK_ON")


class Ledger:
    """Drives one session and keeps its own books."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.session = Session("10.0.0.31", self.now_s)
        self.adopted: Setup | None = None
        self.streams: list[bytearray] = [bytearray()]  # cut where an unfinished packet was abandoned
        self.kinds: Counter[str] = Counter()
        self.dumps: list[tuple[str, bytes]] = []  # every dump this connection sent, in order, and its tag
        self.words: dict[str, Counter[bytes]] = {}  # every frame, by its tag
        self.last_s: dict[str, float] = {}  # frames of each tag
        self.turns: dict[str, list[str]] = {"frame": [], "Sensor": []}  # tags in the order they came
        self.units: tuple[Unit, ...] = self.session.units  # those already adopted
        self.gone: list[Unit] = []
        self.told: Counter[Unit] = Counter()  # frames
        self.eligible = 0  # frames that came while accepted and have neither become an event nor been counted away
        self.seen_s: list[float] = []
        self.sent: list[tuple[float, bytes]] = []
        self.late: set[Unit] = set()
        self.silent: set[Unit] = set()
        self.ever_cached = False
        self.streaming = False
        self.frames_s: list[float] = []
        self.inputs_s = self.dump_s = float("-inf")
        self.all_inputs_s: list[float] = []
        self.requests = False  # it has been set to be asked for every frame
        self.wish, self.orders = b"", 0  # of the siren

    # What is done to it.

    def send(self, raw: bytes, sizes: list[int]) -> None:
        """Bytes arrive, in chunks of these sizes over and over."""
        at, turn = 0, 0
        while at < len(raw):
            size = max(sizes[turn % len(sizes)] or len(raw), len(raw) // 40)
            self._feed(raw[at : at + size])
            at, turn = at + size, turn + 1

    def _feed(self, chunk: bytes) -> None:
        stream = self.streams[-1]
        tail = bytes(stream[max(0, stream.rfind(b"#")) :])  # what came before it is settled
        stream += chunk
        bodies = wire.expected(tail + chunk).bodies[len(wire.expected(tail).bodies) :]
        packets = [parse(body) for body in bodies]
        was_late, units, unassigned = set(self.late), self.session.units, self.session.counts.unassigned
        for packet in packets:
            self._note(packet)
        told = self.session.feed(chunk, self.now_s, self.now_s + 1e9)
        assert not any(isinstance(event, Late | Silent) for _, event in told)
        back = [unit for unit, event in told if isinstance(event, Back)]
        assert len(back) == len(set(back))
        assert was_late.issuperset(back)
        self.late.difference_update(back)
        self.silent.difference_update(back)
        self._judge(told)
        seen = sum(isinstance(event, SensorSeen) for _, event in told)
        inputs = sum(isinstance(packet, SensorPacket) for packet in packets) * (self.adopted is not None)
        alone = len(units) == 1 and self.session.units is units
        if alone and self.session.counts.unassigned == unassigned:
            assert len(back) == (len(was_late) and any(not isinstance(packet, Rejected) for packet in packets))
            assert seen == inputs
        assert seen <= inputs
        self._meet()

    def _meet(self) -> None:
        """Several devices were found: each is accepted like the one that was taken for all of them."""
        for unit in self.session.units:
            if unit in self.units:
                continue
            assert any(self._came_back(turns, unit.tag) for turns in self.turns.values()), unit.tag
            if self.adopted is not None:
                self._judge([(unit, event) for event in self.session.adopt(unit, self.adopted)])
        gone = [unit for unit in self.units if unit not in self.session.units]
        for unit in gone:
            self.session.release(unit)
            assert unit.tag == ""
            self.wish, self.orders = b"", 0  # whoever is told apart now is told anew
        self.gone += gone
        self.late.difference_update(gone)
        self.units = self.session.units

    @staticmethod
    def _came_back(turns: list[str], tag: str) -> bool:
        """Whether a tag came at least three times, each time after another one."""
        times = [at for at, each in enumerate(turns) if each == tag and (at == 0 or turns[at - 1] != tag)]
        return len(times) >= 3 and not (tag.isdigit() and int(tag) < 1000)

    def _note(self, packet: Packet) -> None:
        """One more packet that this session has to find."""
        self.kinds[type(packet).__name__] += 1
        match packet:
            case FramePacket():
                self.frames_s.append(self.now_s)
                self.streaming = True
                self.eligible += self.adopted is not None
                self.last_s[packet.tag] = self.now_s
                self.words.setdefault(packet.tag, Counter())[packet.words.tobytes()] += 1
                self.turns["frame"].append(packet.tag)
            case SensorPacket():
                self.inputs_s, self.streaming = self.now_s, True
                self.all_inputs_s.append(self.now_s)
                self.turns["Sensor"].append(packet.tag)
            case EepromPacket():
                self.dump_s = self.now_s
                self.dumps.append((packet.tag, packet.words.tobytes()))
            case IdPacket() | LocPacket():
                pass
            case Rejected():
                self.kinds[packet.reason] += 1
                if packet.start.startswith("frame"):
                    self.frames_s.append(self.now_s)
                    self.streaming = True

    def tick(self) -> None:
        """The clock of the gateway."""
        was_open, abandoned = self.session.framer.is_open, self.session.framer.abandoned
        told, commands = self.session.tick(self.now_s)
        if self.session.framer.abandoned > abandoned:
            assert was_open
            assert self.session.framer.abandoned == abandoned + 1
            self.streams.append(bytearray())
        for unit, event in told:
            assert isinstance(event, Late | Silent | FrameSeen)
            if isinstance(event, Late):
                assert unit not in self.late
                assert event.quiet_s >= 15.0
                self.late.add(unit)
                self.streaming &= not (self.session.ever_valid and self.late.issuperset(self.units))
            elif isinstance(event, Silent):
                assert unit in self.late
                assert unit not in self.silent
                assert event.quiet_s >= 20.0
                self.silent.add(unit)
        self._judge(told)
        assert len(commands) <= 1
        for command in commands:
            self._command(command)

    def adopt(self, setup: Setup) -> None:
        """The device is accepted, or its settings change."""
        self.adopted = setup
        self.ever_cached |= setup.cached is not None
        self.requests |= setup.manner.request_every_s > 0
        for unit in self.session.units:
            events = self.session.adopt(unit, setup)
            assert all(isinstance(event, Calibrated | Uncalibrated) for event in events)
            self._judge([(unit, event) for event in events])

    def siren(self, *, on: bool) -> None:
        """The panel wants the device's siren on, or silenced."""
        for unit in self.session.units:
            self.session.sound(unit, on=on)
        wish = b"ALARM_ON" if on else b"ACK_ON"
        self.wish, self.orders = wish, self.orders if wish == self.wish else 0

    def release(self) -> None:
        """It is no longer accepted; a frame that was held back goes with it."""
        for unit in self.session.units:
            self.session.release(unit)
        self.adopted, self.eligible = None, 0
        self.wish = b""
        self.seen_s.clear()
        self._lost = self._all_lost()

    # What must hold.

    _lost = 0

    def _all_lost(self) -> int:
        """Frames that were counted away, of all devices there ever were."""
        units = (*self.units, *self.gone)
        return sum(unit.skipped_frames + unit.plausibility.implausible for unit in units)

    def _judge(self, told: list[Told]) -> None:
        for unit, event in told:
            match event:
                case FrameSeen():
                    self._frame(unit, event)
                case Calibrated():
                    self._calibrated(unit, event)
                case Uncalibrated():
                    assert event.reason
                case Identified():
                    assert event.identity.name
                    assert len(event.identity.name) <= 64
                case SensorSeen():
                    assert self.adopted is not None
                case _:
                    pass

    def _frame(self, unit: Unit, event: FrameSeen) -> None:
        """No temperatures without a calibration of this device, nor from a frame without a real tail."""
        self.told[unit] += 1
        if unit.tag:
            assert self.words[unit.tag][event.words.tobytes()], "a frame of another device"
        assert self.adopted is not None
        assert event.mono_s <= self.now_s
        self.eligible -= 1
        self.seen_s.append(self.now_s)
        assert event.radiometric == (event.conversion is not None)
        assert bool(event.why) != event.radiometric
        if event.conversion is None:
            return
        if unit in self.gone or unit not in self.session.units:
            return  # what it had left to tell; its calibration is gone
        assert unit.calibration is not None
        assert self._may_use(unit, unit.calibration.sensor_id)
        assert looks_radiometric(unit.calibration, event.words)
        assert not np.isinf(event.conversion.to_c).any()

    def _dumps_of(self, unit: Unit) -> list[bytes]:
        return [raw for tag, raw in self.dumps if unit.tag in ("", tag)]

    def _may_use(self, unit: Unit, chip: str) -> bool:
        """Whether this chip's dump came over this connection, or from the cache of the device accepted now."""
        cached = None if self.adopted is None or self.adopted.cached is None else self.adopted.cached.tobytes()
        known = [*self._dumps_of(unit), *([cached] if cached is not None else [])]
        return any("".join(f"{word:04X}" for word in np.frombuffer(raw, np.uint16)[7:10]) == chip for raw in known)

    def _calibrated(self, unit: Unit, event: Calibrated) -> None:
        """From a dump that can be one; the device's own, or provisionally the cached one of the accepted device."""
        assert not isinstance(calibrate(event.words), str)
        raw = event.words.tobytes()
        if event.provisional:
            assert self.adopted is not None
            assert self.adopted.cached is not None
            assert raw == self.adopted.cached.tobytes()
        else:
            dumps = self._dumps_of(unit)
            assert raw in dumps
            first = next(dump for dump in dumps if not isinstance(calibrate(np.frombuffer(dump, np.uint16)), str))
            unsure = self.ever_cached or self.session.counts.unassigned or self.session.tags.renamed
            assert unsure or raw == first or dumps.count(raw) >= 2

    def _command(self, command: bytes) -> None:
        """Never into a packet, never two within a second; to a device that streams only in the quiet window."""
        assert not self.session.framer.is_open
        assert not self.sent or self.now_s - self.sent[-1][0] >= 1.0
        self.sent.append((self.now_s, command))
        assert self._is_known(command), command
        word = command.rstrip(b"\r\n")
        if word in (b"ALARM_ON", b"ACK_ON"):
            assert self.wish == word, "an order of the siren was overtaken, or given without a wish"
            self.orders += 1
            assert self.orders <= 2
        if self.streaming:
            assert word not in (b"PERIOD_ON", b"PERIODIC_ON") or self._frames_stopped()
            self._quiet()

    def _is_known(self, command: bytes) -> bool:
        word = command.rstrip(b"\r\n")
        asks = (b"REQUEST1", b"PERIOD_OFF") if self.requests else ()
        return word in (*STARTS, *QUESTIONS, b"", *asks) and command[len(word) :] in (b"", b"\n", b"\r\n")

    def _frames_stopped(self) -> bool:
        """Frames came once and do no longer, though the device goes on speaking."""
        alone = len(self.session.units) == 1
        last_s = [self.frames_s[-1]] if alone and len(self.frames_s) >= 2 else [] if alone else self.last_s.values()
        return any(self.now_s - each >= 15.0 for each in last_s)

    def _quiet(self) -> None:
        """From 100 ms after the inputs or a dump (700 ms after a lone frame) to 500 ms before the next frame."""
        if len(self.units) > 1 or self.session.counts.unassigned:
            return  # see half_duplex
        beats = self.frames_s
        gaps = _gaps(beats)
        if not gaps or self.now_s - beats[-1] > 3 * median(gaps):
            beats = self.all_inputs_s
            gaps = _gaps(beats)
        if len(gaps) >= 3 and median(gaps) < 1.5:
            return  # too fast for a half-duplex link
        assert self.now_s - max(self.inputs_s, self.dump_s) >= 0.1 - 1e-6
        if self.frames_s and self.frames_s[-1] > self.inputs_s:
            assert self.now_s - self.frames_s[-1] >= 0.7 - 1e-6
        steady = [gap for gap in gaps if gap >= 1.5]
        if steady and not self.requests:
            assert self.now_s <= beats[-1] + min(steady) - 0.8 + 1e-6

    def balance(self) -> None:
        """Every byte and every packet is accounted for, and nothing has grown without bound."""
        session, counts, framer = self.session, self.session.counts, self.session.framer
        found = [wire.expected(bytes(stream)) for stream in self.streams]
        assert counts.received_bytes == sum(map(len, self.streams))
        assert counts.packets == sum(len(each.bodies) for each in found)
        assert framer.strays == sum(each.strays for each in found)
        assert framer.lost == sum(each.lost for each in found)
        assert framer.oversize == sum(each.oversize for each in found)
        assert framer.abandoned == len(found) - 1
        assert all(each.is_open for each in found[:-1])
        assert framer.is_open == found[-1].is_open
        kinds = self.kinds
        named = kinds[IdPacket.__name__] + kinds[LocPacket.__name__]
        assert counts.packets == counts.frames + counts.inputs + counts.eeproms + counts.rejected + named
        assert (counts.frames, counts.inputs) == (kinds["FramePacket"], kinds["SensorPacket"])
        assert (counts.eeproms, counts.rejected) == (kinds["EepromPacket"], kinds["Rejected"])
        assert counts.reasons == {reason: kinds[reason] for reason in Reason if kinds[reason]}
        assert counts.packets == sum(unit.packets for unit in (*self.units, *self.gone)) + counts.unassigned
        if self.adopted is not None:
            held = sum(unit.holds for unit in session.units)
            parting = 2 * len(session.units) * bool(session.tags.devices)  # each one's first frame, and what was held
            assert 0 <= self.eligible - (self._all_lost() - self._lost) - held <= counts.unassigned + parting
        for unit in session.units:
            assert 1 <= len(unit.names) <= 5
            if unit.tag:
                lost = unit.skipped_frames + unit.plausibility.implausible
                assert self.told[unit] + lost <= self.words.get(unit.tag, Counter()).total()
        assert len(session.last_rejected) <= 80
        assert len(session.units) <= 16
        assert session.rejected_in_row <= counts.rejected


def _gaps(beats: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(beats)][-8:]
