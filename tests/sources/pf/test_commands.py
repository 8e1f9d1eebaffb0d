"""What a PF device is sent, and when."""

from itertools import pairwise

from embereye_addon.sources.pf.commands import Commands

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
    commands.restart(40.0)
    times = [at for at, _ in listen(commands, 40, 1000)]
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
