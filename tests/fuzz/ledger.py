"""Books kept beside a session, and what they must agree on: the oracle of the session's fuzzing.

Every byte and packet is accounted for, buffers stay bounded, temperatures come only from a calibration this device may
have, and commands come only when they may.
"""

from collections import Counter
from itertools import pairwise
from statistics import median

import numpy as np

from embereye_addon.sources.pf.eeprom import calibrate
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
from embereye_addon.sources.pf.session import (
    Back,
    Calibrated,
    Event,
    FrameSeen,
    Identified,
    Late,
    SensorSeen,
    Session,
    Setup,
    Silent,
    Uncalibrated,
)
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
        self.dumps: list[bytes] = []  # every dump this connection sent, in order
        self.eligible = 0  # frames that came while accepted and have neither become an event nor been counted away
        self.seen_s: list[float] = []
        self.sent: list[tuple[float, bytes]] = []
        self.late = self.silent = self.ever_cached = False
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
        was_late, was_silent = self.late, self.silent
        for packet in packets:
            self._note(packet)
        events = self.session.feed(chunk, self.now_s, self.now_s + 1e9)
        assert not any(isinstance(event, Late | Silent) for event in events)
        valid = any(not isinstance(packet, Rejected) for packet in packets)
        assert sum(isinstance(event, Back) for event in events) == (valid and (was_late or was_silent))
        if valid:
            self.late = self.silent = False
        inputs = sum(isinstance(packet, SensorPacket) for packet in packets)
        assert sum(isinstance(event, SensorSeen) for event in events) == inputs * (self.adopted is not None)
        self._judge(events)

    def _note(self, packet: Packet) -> None:
        """One more packet that this session has to find."""
        self.kinds[type(packet).__name__] += 1
        match packet:
            case FramePacket():
                self.frames_s.append(self.now_s)
                self.streaming = True
                self.eligible += self.adopted is not None
            case SensorPacket():
                self.inputs_s, self.streaming = self.now_s, True
                self.all_inputs_s.append(self.now_s)
            case EepromPacket():
                self.dump_s = self.now_s
                self.dumps.append(packet.words.tobytes())
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
        events, commands = self.session.tick(self.now_s)
        if self.session.framer.abandoned > abandoned:
            assert was_open
            assert self.session.framer.abandoned == abandoned + 1
            self.streams.append(bytearray())
        for event in events:
            assert isinstance(event, Late | Silent | FrameSeen)
            if isinstance(event, Late):
                assert not self.late
                assert event.quiet_s >= 15.0
                self.late = True
                self.streaming &= not self.session.ever_valid
            elif isinstance(event, Silent):
                assert self.late
                assert not self.silent
                assert event.quiet_s >= 20.0
                self.silent = True
        self._judge(events)
        assert len(commands) <= 1
        for command in commands:
            self._command(command)

    def adopt(self, setup: Setup) -> None:
        """The device is accepted, or its settings change."""
        self.adopted = setup
        self.ever_cached |= setup.cached is not None
        self.requests |= setup.manner.request_every_s > 0
        events = self.session.adopt(setup)
        assert all(isinstance(event, Calibrated | Uncalibrated) for event in events)
        self._judge(events)

    def siren(self, *, on: bool) -> None:
        """The panel wants the device's siren on, or silenced."""
        self.session.commands.want_siren(on=on)
        self.wish, self.orders = b"ALARM_ON" if on else b"ACK_ON", 0

    def release(self) -> None:
        """It is no longer accepted; a frame that was held back goes with it."""
        self.session.release()
        self.adopted, self.eligible = None, 0
        self.wish = b""
        self.seen_s.clear()
        self._skipped = self.session.counts.skipped_frames
        self._implausible = self.session.plausibility.implausible

    # What must hold.

    _skipped = 0
    _implausible = 0

    def _judge(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case FrameSeen():
                    self._frame(event)
                case Calibrated():
                    self._calibrated(event)
                case Uncalibrated():
                    assert event.reason
                case Identified():
                    assert event.identity.name
                    assert len(event.identity.name) <= 64
                case SensorSeen():
                    assert self.adopted is not None
                case _:
                    pass

    def _frame(self, event: FrameSeen) -> None:
        """No temperatures without a calibration of this device, nor from a frame without a real tail."""
        assert self.adopted is not None
        assert event.mono_s <= self.now_s
        self.eligible -= 1
        self.seen_s.append(self.now_s)
        assert event.radiometric == (event.conversion is not None)
        assert bool(event.why) != event.radiometric
        if event.conversion is None:
            return
        assert self.session.calibration is not None
        assert self._may_use(self.session.calibration.sensor_id)
        assert looks_radiometric(self.session.calibration, event.words)
        assert not np.isinf(event.conversion.to_c).any()

    def _may_use(self, chip: str) -> bool:
        """Whether this chip's dump came over this connection, or from the cache of the device accepted now."""
        cached = None if self.adopted is None or self.adopted.cached is None else self.adopted.cached.tobytes()
        known = [*self.dumps, *([cached] if cached is not None else [])]
        return any("".join(f"{word:04X}" for word in np.frombuffer(raw, np.uint16)[7:10]) == chip for raw in known)

    def _calibrated(self, event: Calibrated) -> None:
        """From a dump that can be one; the device's own, or provisionally the cached one of the accepted device."""
        assert not isinstance(calibrate(event.words), str)
        raw = event.words.tobytes()
        if event.provisional:
            assert self.adopted is not None
            assert self.adopted.cached is not None
            assert raw == self.adopted.cached.tobytes()
        else:
            assert raw in self.dumps
            first = next(dump for dump in self.dumps if not isinstance(calibrate(np.frombuffer(dump, np.uint16)), str))
            assert self.ever_cached or raw == first or self.dumps.count(raw) >= 2

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
        return len(self.frames_s) >= 2 and self.now_s - self.frames_s[-1] >= 15.0

    def _quiet(self) -> None:
        """From 100 ms after the inputs or a dump (700 ms after a lone frame) to 500 ms before the next frame."""
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
        skipped = counts.skipped_frames - self._skipped
        dropped = session.plausibility.implausible - self._implausible
        if self.adopted is not None:
            assert self.eligible - skipped - dropped in (0, 1)
        assert len(session.last_rejected) <= 80
        assert 1 <= len(session.names) <= 5
        assert session.rejected_in_row <= counts.rejected


def _gaps(beats: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(beats)][-8:]
