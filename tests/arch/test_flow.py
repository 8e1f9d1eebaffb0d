"""The table of channels and processes as a whole: one way, nobody unheard of, one answerer each."""

from graphlib import TopologicalSorter

from embereye_addon.topology import CHANNELS, PROCESSES, REQUESTS

SAYERS = {channel.name: {process.name for process in PROCESSES if channel.name in process.says} for channel in CHANNELS}


def test_facts_flow_one_way() -> None:
    """A circle of facts could feed an alarm with itself; only that processes live goes round."""
    graph = {
        process.name: {sayer for name in process.hears if name != "process_health" for sayer in SAYERS[name]}
        for process in PROCESSES
    }
    assert set(TopologicalSorter(graph).static_order()) >= {"panel", "publisher"}


def test_what_is_heard_is_said_by_someone_and_what_is_said_is_in_the_table() -> None:
    """A process that waits for what nobody says would wait for ever."""
    for process in PROCESSES:
        assert set(process.says) <= set(SAYERS)
        for name in process.hears:
            assert SAYERS[name], f"{process.name} hears {name}, which nobody says"


def test_every_channel_is_said_and_heard() -> None:
    """A row that nobody uses is not there."""
    heard = {name for process in PROCESSES for name in process.hears}
    assert {name for name, sayers in SAYERS.items() if sayers} == set(SAYERS) == heard


def test_only_the_panel_says_what_is_an_alarm() -> None:
    """Two deciders could disagree about a fire."""
    for name in ("belief", "alarm_changed", "panel_state"):
        assert SAYERS[name] == {"panel"}


def test_every_process_says_that_it_lives() -> None:
    """A process whose death nobody notices would be a hole in the watch."""
    assert SAYERS["process_health"] == {process.name for process in PROCESSES}


def test_each_request_has_one_answerer() -> None:
    """A question must reach somebody, and one only."""
    assert len({request.type for request in REQUESTS}) == len(REQUESTS)
    for request in REQUESTS:
        assert [process.name for process in PROCESSES].count(request.answerer) == 1
