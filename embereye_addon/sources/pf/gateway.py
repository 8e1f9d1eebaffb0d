"""The TCP port that PF devices dial: who may connect, which devices are behind a connection, and nothing else.

A thin shell: bytes go to the connection's `Session` in the same turn of the loop in which they arrive, and
its events go to `on_event` in that turn too. Everything runs in one event loop; nothing here blocks.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator

from embereye_addon.errors import LinkError
from embereye_addon.messages import LinkState
from embereye_addon.observe.clock import utc_s
from embereye_addon.observe.tasks import stopped
from embereye_addon.settings.model import Device, Pf
from embereye_addon.sources.link import Transition
from embereye_addon.sources.pf.connection import Connection, Seat
from embereye_addon.sources.pf.dial import keep_dialling
from embereye_addon.sources.pf.door import Door
from embereye_addon.sources.pf.events import Calibrated, Event, FrameSeen, Identified, Setup
from embereye_addon.sources.pf.pace import Pace
from embereye_addon.sources.pf.place import Cache, Connected, Disconnected, GatewayEvent, OnEvent, Pending, Place
from embereye_addon.sources.pf.register import Register
from embereye_addon.sources.pf.session import Told
from embereye_addon.sources.pf.unit import PERIODS, SILENT_S

TICK_S = 0.2
RETIRED_S = 10.0  # how long a replaced connection stays readable
CLASH_AFTER_S = 5.0  # what still comes this long after being replaced is a second device, not a rest
REJECTED_LIMIT = 100
FRAME_BYTES = 3400
RATE_FACTOR = 4.0
RATE_WITHIN_S = 60.0
QUEUED_BYTES = 64 * 1024  # unread bytes of one connection in the system, about 20 frames

_log = logging.getLogger(__name__)


class Gateway:
    """Listens for PF devices. `places` has every device of the settings by source id; counters are attributes."""

    def __init__(
        self,
        settings: Pf,
        devices: tuple[Device, ...],
        on_event: OnEvent,
        cache: Cache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        now_s = clock()
        self.places = {f"pf.{device.id}": Place(device, now_s) for device in devices}
        for place in self.places.values():
            place.form = cache.load_form(place.source)
        self.failures = 0  # exceptions while reading; a mistake of ours, survived
        self.dropped_commands = 0
        self.received_bytes = 0
        self._register = Register(self.places.values())
        self._settings = settings
        self._on_event = on_event
        self._cache = cache
        self._clock = clock
        self._door = Door(settings, len(devices))
        self._pace = Pace(self._judge_held)
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._dialling: list[asyncio.Task[None]] = []
        self._connections: dict[Connection, None] = {}

    @property
    def port(self) -> int:
        """The port that is listened on, 0 when not started."""
        return 0 if self._server is None else int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open connections, accepted devices or not."""
        return len(self._connections)

    @property
    def refused(self) -> int:
        """Connections turned away at the door."""
        return self._door.refused

    async def start(self) -> None:
        """Listen. Raises LinkError in words when the port cannot be had."""
        loop = asyncio.get_running_loop()
        host, port = self._settings.host, self._settings.port
        try:
            self._server = await loop.create_server(lambda: Connection(self, self._clock), host, port)
        except OSError as error:
            raise LinkError(f"port {port} for PF devices cannot be opened on {host}: {error.strerror}") from error
        for listening in self._server.sockets:  # those it accepts inherit it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUED_BYTES)
        self._timer = loop.call_later(TICK_S, self._tick)
        self._dialling = [
            loop.create_task(self._keep_dialling(place), name=f"dial {place.source}")
            for place in self.places.values()
            if place.device.dial and place.device.enabled
        ]

    async def _keep_dialling(self, place: Place) -> None:
        def lost(why: str) -> float:
            delay_s = place.link.lost(self._clock(), why, 1.0)
            self._report(place, place.link.transition)
            return delay_s

        await keep_dialling(place, lambda: Connection(self, self._clock, place.source), lost)

    async def stop(self) -> None:
        """Stop listening and drop every connection; our own end is told nobody as a loss."""
        if self._timer is not None:
            self._timer.cancel()
        self._pace.stop()
        await stopped(self._dialling)
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                for seat in connection.seats:
                    if seat.source:
                        self.places[seat.source].leave(seat.unit)
                connection.drop()
            self._connections.clear()
            await self._server.wait_closed()
            await asyncio.sleep(0)  # lets the connections say goodbye
            self._server = None

    def pending(self) -> tuple[Pending, ...]:
        """Those who speak our language, but feed nothing until the settings accept them."""
        return tuple(self._pending())

    def _pending(self) -> Iterator[Pending]:
        for seat in self._seats():
            unit = seat.unit
            if seat.source or not unit.ever_valid or (self._register.match(seat) is not None and not seat.clashing):
                continue
            name, address = unit.identity.name, seat.connection.address
            yield Pending(name, address, seat.first_seen, unit.sensor_id, seat.clashing)

    def _seats(self) -> Iterator[Seat]:
        return (seat for connection in tuple(self._connections) for seat in connection.seats)

    def sound(self, source: str, *, on: bool) -> None:
        """Let a device's siren sound or be silent, now and after every reconnect."""
        place = self.places[source]
        if place.siren is not on:
            place.siren = on
            if place.seat is not None:
                place.seat.connection.session.sound(place.seat.unit, on=on)

    # What connections tell.

    def admit(self, connection: Connection) -> str:
        """Why this new connection may not stay; nothing if it may, and then it is one of ours."""
        if not connection.dialled:
            why = self._door.refusal(connection.address, tuple(self._connections), self._clock())
            if why:
                return why
        self._connections[connection] = None
        self._seat(connection, self._clock())
        return ""

    def received(self, connection: Connection, chunk: bytes) -> None:
        """Bytes arrived, just now."""
        mono_s = self._clock()
        self.received_bytes += len(chunk)
        connection.window_bytes += len(chunk)
        try:
            hold = self._pace.behind
            told = connection.session.feed(chunk, mono_s, utc_s(), hold=hold)
            if hold and connection.session.holds:
                self._pace.hold(connection)
            elif frames := sum(isinstance(event, FrameSeen) for _, event in told):
                self._pace.judged(frames)
            self._deliver(connection, told, mono_s)
        except Exception:  # noqa: BLE001 (strangers' bytes must not end the connection, nor the loop)
            self._failed(connection)

    def _judge_held(self, connection: Connection) -> None:
        """There is time now for a frame that had to wait."""
        mono_s = self._clock()
        try:
            self._deliver(connection, connection.session.held_frames(mono_s), mono_s)
        except Exception:  # noqa: BLE001 (strangers' bytes must not end the connection, nor the loop)
            self._failed(connection)

    def gone(self, connection: Connection, why: str) -> None:
        """The connection ended."""
        if connection not in self._connections:  # it was refused
            return
        del self._connections[connection]
        fed = [seat for seat in connection.seats if seat.source]
        dialled = self.places.get(connection.dialled)
        if dialled is not None and dialled.seat not in fed:  # it was not there: it is not called again at once
            dialled.delay_s = dialled.link.lost(self._clock(), why, 1.0)
        for seat in fed:
            self._detach(seat, self.places[seat.source], why)

    def _failed(self, connection: Connection) -> None:
        self.failures += 1
        if not connection.failed:
            connection.failed = True
            _log.exception("reading what %s sent failed, its connection stays", connection.address)

    def _deliver(self, connection: Connection, told: list[Told], mono_s: float) -> None:
        if connection.session.units is not connection.seated:
            self._seat(connection, mono_s)
        for seat in connection.seats:
            self._hand_on(seat, [event for unit, event in told if unit is seat.unit], mono_s)

    def _hand_on(self, seat: Seat, events: list[Event], mono_s: float) -> None:
        if any(isinstance(event, (Identified, Calibrated)) for event in events):
            before = seat.source
            self._bind(seat, mono_s)
            if seat.source != before:
                return  # they belong to the time before; binding has told what is still true
        place = self.places.get(seat.source)
        if place is None:
            return
        if seat.unit.ever_valid and seat.unit.last_valid_s == mono_s:
            self._report(place, place.link.seen(mono_s))
        self._learn_form(place, seat.connection)
        for event in events:
            self._emit(place, event)

    def _learn_form(self, place: Place, connection: Connection) -> None:
        """Remember the start command that worked."""
        form = connection.session.commands.form
        if form and form != place.form:
            place.form = form
            self._cache.save_form(place.source, form)

    def _emit(self, place: Place, event: GatewayEvent) -> None:
        if isinstance(event, Calibrated) and not event.provisional:
            self._cache.save(place.source, event.words)
        self._on_event(place.source, event)

    def _report(self, place: Place, transition: Transition | None) -> None:
        """Log the loss once and the return once."""
        if transition is None:
            return
        if transition.is_loss:
            _log.warning("PF device %s is lost: %s", place.device.name, transition.why)
        elif transition.now is LinkState.ONLINE and transition.was is not LinkState.DEGRADED:
            _log.info("PF device %s is online", place.device.name)

    # Which device a connection is.

    def _seat(self, connection: Connection, mono_s: float) -> None:
        """The session's devices are others than before: one at first, several once it is found to be a bus gateway."""
        before, connection.seated = connection.seats, connection.session.units
        known = {seat.unit: seat for seat in before}
        connection.seats = tuple(known.get(unit) or Seat(connection, unit) for unit in connection.seated)
        for seat in connection.seats:
            self._bind(seat, mono_s)
        for seat in before:
            if seat not in connection.seats:
                _log.info("the connection from %s carries several PF devices", connection.address)
                if seat.source:
                    why = "several devices share its connection now, each is known by its own tag only"
                    self._detach(seat, self.places[seat.source], why)

    def _bind(self, seat: Seat, mono_s: float) -> None:
        """Give the seat to the device it is, taking it from an older seat of that device."""
        place = self._register.match(seat)
        source = "" if place is None or not place.device.enabled else place.source
        if seat.retired_s is not None or source == seat.source:
            return
        if place is not None and source and self._register.must_wait(seat, place, mono_s):
            return
        previous = self.places.get(seat.source)
        if previous is not None:
            self._detach(seat, previous, "it turned out to be another device")
        if place is None or not source:
            return
        holder = place.seat
        if holder is not None:
            self._retire(holder, place, mono_s)
        self._attach(seat, place, mono_s)

    def _retire(self, holder: Seat, place: Place, mono_s: float) -> None:
        _log.info("PF device %s has a new connection, from where the old one was or elsewhere", place.device.name)
        holder.retired_s, holder.rival_of = mono_s, place.source
        holder.source = ""
        holder.connection.session.release(holder.unit)
        place.leave(holder.unit)

    def _attach(self, seat: Seat, place: Place, mono_s: float) -> None:
        seat.source, place.seat = place.source, seat
        session, unit, device = seat.connection.session, seat.unit, place.device
        session.commands.know(place.form)
        setup = Setup(
            emissivity=place.surface.emissivity,
            reflected_c=place.surface.reflected_c,
            max_frames_hz=self._settings.max_frames_hz,
            cached=self._cache.load(place.source),
            manner=place.manner,
            chip=device.sensor_id.upper() or self._cache.load_chip(place.source),
        )
        self._report(place, place.link.opened(mono_s))
        self._emit(place, Connected(seat.connection.address))
        self._emit(place, Identified(unit.identity))
        for event in session.adopt(unit, setup):
            self._emit(place, event)
        if place.siren is not None:
            session.sound(unit, on=place.siren)
        if unit.ever_valid:
            self._report(place, place.link.seen(mono_s))

    def _detach(self, seat: Seat, place: Place, why: str) -> None:
        mono_s = self._clock()
        seat.source = ""
        seat.connection.session.release(seat.unit)
        self._learn_form(place, seat.connection)
        place.leave(seat.unit)
        place.delay_s = place.link.lost(mono_s, why, 1.0)
        self._report(place, place.link.transition)
        self._emit(place, Disconnected(why))
        for rival in tuple(self._seats()):
            if rival.rival_of == place.source and rival is not seat:
                rival.retired_s, rival.rival_of, rival.clashing = None, "", False
                self._bind(rival, mono_s)

    # The clock.

    def _tick(self) -> None:
        mono_s = self._clock()
        for connection in tuple(self._connections):
            self._tick_one(connection, mono_s)
        for place in self.places.values():
            period_s = 0.0 if place.unit is None else place.unit.interval_s
            self._report(place, place.link.tick(mono_s, max(SILENT_S, PERIODS * period_s)))
        self._door.forget(mono_s)
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _tick_one(self, connection: Connection, mono_s: float) -> None:
        try:
            told, commands = connection.session.tick(mono_s)
            self._deliver(connection, told, mono_s)
            for command in commands:
                self.dropped_commands += not connection.send(command)
            for seat in connection.seats:
                if not seat.source:
                    self._bind(seat, mono_s)
                    self._watch_retired(seat, mono_s)
            if not connection.source:
                self._watch_stranger(connection, mono_s)
            why = connection.session.hopeless(mono_s)
        except Exception:  # noqa: BLE001 (strangers' bytes must not end the connection, nor the loop)
            self._failed(connection)
            return
        if why:
            self._close(connection, why)

    def _watch_stranger(self, connection: Connection, mono_s: float) -> None:
        """What no accepted device is must neither flood nor linger."""
        session = connection.session
        why = ""
        if session.rejected_in_row >= REJECTED_LIMIT:
            why = f"{REJECTED_LIMIT} packets in a row could not be read"
        if mono_s - connection.window_s >= RATE_WITHIN_S:
            rate = connection.window_bytes / (mono_s - connection.window_s)
            if rate > RATE_FACTOR * FRAME_BYTES * self._settings.max_frames_hz:
                why = f"it sent {rate:.0f} bytes per second for a minute"
            connection.window_s, connection.window_bytes = mono_s, 0
        if why:
            self._door.punish(connection.address, mono_s)
            self._close(connection, why)

    def _watch_retired(self, seat: Seat, mono_s: float) -> None:
        retired_s, connection = seat.retired_s, seat.connection
        if retired_s is None or seat.clashing:
            return
        if seat.unit.last_valid_s > retired_s + CLASH_AFTER_S:
            seat.clashing = True
            place = self.places[seat.rival_of]
            place.clashes += 1
            _log.warning(
                "two connections say they are PF device %s and both keep sending, the one from %s is left out",
                place.device.name,
                connection.address,
            )
        elif mono_s - retired_s > RETIRED_S and all(each.retired_s is not None for each in connection.seats):
            connection.drop()

    def _close(self, connection: Connection, why: str) -> None:
        _log.info("closing the connection from %s: %s", connection.address, why)
        connection.why = why
        connection.drop()
