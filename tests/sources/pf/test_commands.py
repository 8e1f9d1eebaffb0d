"""What a PF device is sent, and when."""

from itertools import pairwise

from embereye_addon.sources.pf.commands import Commands, Manner

PERIOD_S = 4.085


def listen(commands: Commands, begin_s: float, end_s: float, *, receiving: bool = False) -> list[tuple[float, bytes]]:
    """All commands due between two times, asked five times a second."""
    sent = []
    for step in range(int(begin_s * 5), int(end_s * 5)):
        command = commands.due(step / 5, receiving=receiving)
        if command is not None:
            sent.append((step / 5, command))
    return sent


def stream(commands: Commands, begin_s: float, cycles: int) -> list[tuple[float, bytes]]:
    """The real device's cycle: a frame complete at 0.291 s, the inputs at 0.6 s; commands with their phase."""
    sent = []
    for cycle in range(cycles):
        zero_s = begin_s + cycle * PERIOD_S
        for step in range(20):
            phase_s = step * 0.2
            if step == 2:
                commands.frame_came(zero_s + 0.291)
            if step == 3:
                commands.inputs_came(zero_s + 0.6)
            command = commands.due(zero_s + phase_s, receiving=phase_s < 0.3)
            if command is not None:
                sent.append((phase_s, command))
    return sent


def test_the_ladder_of_forms() -> None:
    """A device that wants a line end is never started, or gets commands faster than it can read."""
    sent = listen(Commands(0.0), 0, 200)
    assert [command for _, command in sent[:6]] == [
        b"PERIOD_ON",
        b"\n",
        b"PERIOD_ON\n",
        b"PERIOD_ON\r\n",
        b"PERIODIC_ON",
        b"PERIOD_ON",
    ]
    assert 0.2 <= sent[0][0] <= 1.0
    assert all(10 <= later - sooner <= 10.4 for (sooner, _), (later, _) in pairwise(sent[:6]))
    assert sent[10][0] - sent[9][0] >= 20


def test_the_ladder_ends_at_five_minutes() -> None:
    """A dumb peer is given up, or pestered for ever."""
    times = [at for at, _ in listen(Commands(0.0), 0, 8000)]
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert 300 <= max(pauses) <= 301


def test_one_start_and_one_question_in_the_quiet_window() -> None:
    """A command destroys a frame, or the device is asked again and again."""
    commands = Commands(0.0)
    assert [command for _, command in listen(commands, 0, 4)] == [b"PERIOD_ON"]
    sent = stream(commands, 4.1, 2)
    assert [command for _, command in sent] == [b"EEPROM1"]
    assert 0.7 <= sent[0][0] <= PERIOD_S - 0.5
    commands.eeprom_came(12.5, enough=True)
    assert stream(commands, 13.0, 400) == []
    assert commands.form == b"PERIOD_ON"
    assert abs(commands.interval_s - PERIOD_S) < 0.1


def test_an_unanswered_question_is_repeated_five_times_then_hourly() -> None:
    """A lost EEPROM1 leaves the device uncalibrated, or a deaf device loses frames to questions."""
    commands = Commands(0.0)
    listen(commands, 0, 4)
    sent = stream(commands, 4.1, 300)
    assert [command for _, command in sent] == [b"EEPROM1"] * 5
    assert all(0.7 <= phase_s <= PERIOD_S - 0.5 for phase_s, _ in sent)
    commands.eeprom_came(1300.0, enough=False)
    assert stream(commands, 1300.0, 300) == []
    assert [command for _, command in stream(commands, 2530.0, 900)] == [b"EEPROM1"] * 5


def test_a_refused_dump_is_asked_for_again_in_the_next_window() -> None:
    """One damaged dump leaves the device uncalibrated for an hour."""
    commands = Commands(0.0)
    listen(commands, 0, 4)
    assert len(stream(commands, 4.1, 1)) == 1
    commands.eeprom_came(8.2, enough=False)
    assert [command for _, command in stream(commands, 8.2, 1)] == [b"EEPROM1"]


def test_a_device_that_streams_at_once_is_not_started() -> None:
    """The start command hits a frame of a device that needs none."""
    commands = Commands(0.0)
    commands.inputs_came(0.1)
    commands.frame_came(0.1)
    sent = listen(commands, 0, 2)
    assert [command for _, command in sent] == [b"EEPROM1"]
    assert commands.form == b""


def test_line_ends_are_tried_for_questions_where_no_start_told_them() -> None:
    """A line-based peer that streams at once is never calibrated."""
    commands = Commands(0.0)
    sent = []
    for second in range(80):
        commands.frame_came(float(second))
        commands.inputs_came(second + 0.1)
        sent += [command for _, command in listen(commands, second + 0.2, second + 1)]
    assert sent == [b"EEPROM1", b"EEPROM1", b"\n", b"EEPROM1\n", b"EEPROM1"]


def test_the_form_that_worked_is_kept_and_ends_the_questions() -> None:
    """Each reconnect walks the whole ladder again."""
    commands = Commands(0.0)
    assert [command for _, command in listen(commands, 0, 15)] == [b"PERIOD_ON", b"\n"]
    commands.inputs_came(15.0)
    assert commands.form == b"PERIOD_ON\n"
    assert [command for _, command in listen(commands, 15.2, 17)] == [b"EEPROM1\n"]
    again = Commands(100.0)
    again.know(commands.form)
    assert [command for _, command in listen(again, 100, 135)] == [b"PERIOD_ON\n", b"PERIOD_ON\n"]
    again.know(b"PERIODIC_ON")
    assert again.form == b"PERIOD_ON\n"


def test_a_silent_device_is_started_again_at_growing_intervals() -> None:
    """A device that restarted stays silent for ever, or is sent commands every few seconds."""
    commands = Commands(0.0)
    listen(commands, 0, 4)
    stream(commands, 4.1, 3)
    commands.restart(40.0, anew=True)
    times = [at for at, _ in listen(commands, 40, 792)]
    assert [round(later - sooner) for sooner, later in pairwise(times)] == [30, 60, 120, 240, 300]
    assert times[0] == 40.0


def test_nothing_is_sent_into_a_packet() -> None:
    """A command destroys the packet that is just arriving."""
    assert listen(Commands(0.0), 0, 30, receiving=True) == []


def test_frames_without_inputs_have_a_window_too() -> None:
    """A device that sends only frames is never calibrated."""
    commands = Commands(0.0)
    for cycle in range(3):
        commands.frame_came(cycle * 4.0)
    sent = listen(commands, 8, 12)
    assert [command for _, command in sent] == [b"EEPROM1"]
    assert 8.7 <= sent[0][0] <= 11.2


def test_newer_hardware_is_asked_for_its_number_once() -> None:
    """Two devices with the factory tag cannot be told apart although they have serial numbers."""
    commands = Commands(0.0)
    listen(commands, 0, 4)
    commands.want_identity()
    stream(commands, 4.1, 1)
    commands.eeprom_came(8.0, enough=True)
    assert [command for _, command in stream(commands, 8.2, 9)] == [b"DEVICE_ID"]


def test_a_second_read_can_be_wanted() -> None:
    """A swapped chip is never noticed."""
    commands = Commands(0.0)
    listen(commands, 0, 4)
    stream(commands, 4.1, 1)
    commands.eeprom_came(8.0, enough=True)
    commands.want_eeprom(8.0)
    assert [command for _, command in stream(commands, 8.2, 1)] == [b"EEPROM1"]


def ticks(commands: Commands, begin_s: float, seconds: float, period_s: float = 2.0) -> list[tuple[float, bytes]]:
    """Inputs alone, every `period_s`, while time passes; the commands sent."""
    sent = []
    for step in range(int(begin_s * 10), int((begin_s + seconds) * 10)):
        if step % int(period_s * 10) == 0:
            commands.inputs_came(step / 10)
        command = commands.due(step / 10, receiving=False)
        if command is not None:
            sent.append((step / 10, command))
    return sent


def ready(form: bytes = b"PERIOD_ON") -> Commands:
    """A device that streams, calibrated."""
    commands = Commands(0.0)
    commands.know(form)
    listen(commands, 0, 4)
    stream(commands, 4.1, 3)
    commands.eeprom_came(16.0, enough=True)
    return commands


def test_a_form_that_works_no_more_is_not_the_end() -> None:
    """A device replaced by one that wants another line end is never heard again."""
    commands = Commands(0.0)
    commands.know(b"PERIOD_ON\r\n")
    sent = [command for _, command in listen(commands, 0, 1600)]
    assert sent[:5] == [b"PERIOD_ON\r\n"] * 5
    assert {b"PERIOD_ON", b"\n", b"PERIOD_ON\n", b"PERIODIC_ON"} <= set(sent[5:])


def test_a_forced_line_end_is_obeyed() -> None:
    """An installer who knows the line end waits for a ladder that tries others, or is overruled by it."""
    commands = Commands(0.0)
    commands.obey(Manner(line_end=b"\n"))
    sent = [command for _, command in listen(commands, 0, 3000)]
    assert set(sent) == {b"PERIOD_ON\n"}
    commands.inputs_came(3000.0)
    assert [command for _, command in listen(commands, 3000.2, 3002)] == [b"EEPROM1\n"]
    commands.obey(Manner(line_end=b"\n"))
    alias = Commands(0.0)
    alias.know(b"PERIODIC_ON")
    assert listen(alias, 0, 2) == [(0.6, b"PERIODIC_ON")]


def test_the_siren_is_told_twice_in_two_windows() -> None:
    """An order that met a transmission is lost, and nobody hears the siren."""
    commands = ready()
    commands.want_siren(on=True)
    sent = stream(commands, 16.4, 4)
    assert [command for _, command in sent] == [b"ALARM_ON", b"ALARM_ON"]
    assert all(0.7 <= phase_s <= PERIOD_S - 0.5 for phase_s, _ in sent)


def test_a_late_alarm_never_overtakes_the_silence() -> None:
    """The siren sounds on after somebody silenced it, for ever."""
    commands = ready()
    commands.want_siren(on=True)
    assert len(stream(commands, 16.4, 1)) == 1
    commands.want_siren(on=False)
    assert [command for _, command in stream(commands, 20.6, 4)] == [b"ACK_ON", b"ACK_ON"]
    commands.want_siren(on=True)
    commands.release()
    assert stream(commands, 37.0, 2) == []


def test_a_siren_of_a_device_that_does_not_stream_is_told_at_once() -> None:
    """The siren waits for a window that never comes."""
    commands = Commands(0.0)
    commands.want_siren(on=True)
    sent = listen(commands, 0, 5)
    assert [command for _, command in sent] == [b"ALARM_ON", b"PERIOD_ON", b"ALARM_ON"]
    assert sent[2][0] - sent[1][0] >= 3.0


def test_frames_are_asked_for_one_by_one() -> None:
    """A device on demand is told to stream, or never asked again."""
    commands = Commands(0.0)
    commands.obey(Manner(request_every_s=10.0))
    sent: list[tuple[float, bytes]] = []
    answers_s = 0.0
    for step in range(600):
        now_s = step / 10
        command = commands.due(now_s, receiving=False)
        if command is not None:
            sent.append((now_s, command))
            answers_s = now_s + 0.4
        if sent and abs(now_s - answers_s) < 0.01 and sent[-1][1].startswith(b"REQUEST1"):
            commands.frame_came(now_s)
            commands.inputs_came(now_s + 0.1)
        if sent and abs(now_s - answers_s) < 0.01 and sent[-1][1] == b"EEPROM1":
            commands.eeprom_came(now_s, enough=True)
    assert [command for _, command in sent].count(b"EEPROM1") == 1
    asked = [at for at, command in sent if command == b"REQUEST1"]
    assert len(asked) == 6
    assert all(9.9 <= later - sooner <= 10.5 for sooner, later in pairwise(asked))
    assert commands.interval_s == 10.0
    assert commands.form == b"REQUEST1"


def test_the_ladder_of_requests() -> None:
    """A device on demand that wants a line end is never asked rightly; a known one is asked in its own form."""
    commands = Commands(0.0)
    commands.obey(Manner(request_every_s=10.0))
    sent = [command for _, command in listen(commands, 0, 45)]
    assert sent[:4] == [b"REQUEST1", b"\n", b"REQUEST1\n", b"REQUEST1\r\n"]
    known = Commands(0.0)
    known.know(b"PERIOD_ON\n")
    known.obey(Manner(request_every_s=10.0))
    assert listen(known, 0, 2) == [(0.6, b"REQUEST1\n")]


def test_a_device_on_demand_that_streams_is_told_to_stop() -> None:
    """Requests hit the frames of a device that streams from an earlier mode."""
    commands = Commands(0.0)
    commands.obey(Manner(request_every_s=100.0))
    listen(commands, 0, 2)
    commands.eeprom_came(2.0, enough=True)
    assert [command for _, command in stream(commands, 4.1, 4)][:1] == [b"PERIOD_OFF"]


def test_a_stream_that_stops_is_kicked_in_the_quiet_window() -> None:
    """A device whose frames stopped while its inputs go on is blind for ever, or pestered."""
    commands = ready(b"PERIOD_ON\n")
    sent = ticks(commands, 17.0, 115.0)
    assert [command for _, command in sent] == [b"PERIOD_ON\n"] * 3
    first_s, second_s, third_s = (at for at, _ in sent)
    assert 27.0 <= first_s <= 34.0
    assert 30.0 <= second_s - first_s <= 34.0
    assert 0.1 <= (first_s % 2.0) <= 1.2
    commands.frame_came(third_s + 1.0)
    assert ticks(commands, 132.0, 2.0) == []


def test_frames_that_come_together_do_not_make_a_fast_device() -> None:
    """After a stall of the network a command goes out at any moment, and destroys a frame of a half-duplex device."""
    commands = Commands(0.0)
    for at_s in (10.0, 10.05):
        commands.frame_came(at_s)
        commands.inputs_came(at_s)
    assert commands.due(10.1, receiving=False) is None
    assert commands.due(10.2, receiving=False) == b"EEPROM1"
    fast = Commands(0.0)
    for step in range(5):
        fast.frame_came(20.0 + step / 10)
    assert fast.due(20.45, receiving=False) == b"EEPROM1"


def test_a_slow_device_has_time_to_answer() -> None:
    """The tries for the dump of a slow device are used up before its next cycle could bring it."""
    commands = Commands(0.0)
    for cycle in range(4):
        commands.inputs_came(20.0 * cycle)
    sent = [at for at, command in ticks(commands, 80.0, 300.0, 20.0) if command == b"EEPROM1"]
    assert len(sent) >= 2
    assert sent[1] - sent[0] >= 50.0


def test_nothing_is_sent_while_a_dump_is_about_to_come() -> None:
    """The siren is ordered half a second after the inputs: the order is lost, and so is the calibration."""
    for with_inputs in (True, False):
        commands = Commands(0.0)
        stream(commands, 4.1, 2)
        commands.want_siren(on=True)
        zero_s = 4.1 + 2 * PERIOD_S
        commands.frame_came(zero_s + 0.291)
        if with_inputs:
            commands.inputs_came(zero_s + 0.6)
        assert all(commands.due(zero_s + step / 100, receiving=False) is None for step in range(61, 112))
        assert commands.due(zero_s + 1.35, receiving=True) is None
        commands.eeprom_came(zero_s + 1.4, enough=True)
        assert commands.due(zero_s + 1.6, receiving=False) == b"ALARM_ON"


def test_the_shortest_cycle_ends_the_window() -> None:
    """Cycles with a dump are longer: after some of them, or a lost frame, a command meets the next frame."""
    commands = Commands(0.0)
    at_s = 0.0
    for gap_s in (1.0, 4.085, 4.887, 4.887, 4.887, 8.17):
        at_s += gap_s
        commands.frame_came(at_s)
        commands.inputs_came(at_s + 0.3)
    late_s = at_s + 4.085 - 0.8
    assert commands.due(late_s + 0.01, receiving=False) is None
    assert commands.due(late_s - 0.01, receiving=False) == b"EEPROM1"
