"""The table: names, types and periods that the bus and the supervisor rely on."""

import importlib.util

import pytest

from embereye_addon import messages as m
from embereye_addon import topology
from embereye_addon.settings import schema
from embereye_addon.topology import CHANNEL_OF, CHANNELS, PROCESSES, REQUEST_OF, REQUESTS, Keep, Process


def test_names_and_types_are_unique() -> None:
    """Two rows with one name would take each other's messages."""
    for names in (
        [channel.name for channel in CHANNELS],
        [request.name for request in REQUESTS],
        [process.name for process in PROCESSES],
    ):
        assert len(set(names)) == len(names)
    assert len(CHANNEL_OF) == len(CHANNELS)
    assert len(REQUEST_OF) == len(REQUESTS)


def test_every_fact_has_a_channel() -> None:
    """A message without a row cannot be said; an answer needs none."""
    assert set(CHANNEL_OF) == set(m.Message.__subclasses__()) - {m.Snapshot, m.Film}
    assert all(CHANNEL_OF[channel.type] is channel for channel in CHANNELS)


def test_every_order_of_an_operator_is_a_request_to_the_panel() -> None:
    """An order that nobody answers would leave a fire sounding."""
    orders = {request.type for request in REQUESTS if request.answerer == "panel"}
    assert orders == {*m.Command.__subclasses__(), *m.Lasting.__subclasses__()} - {m.Lasting}
    assert {REQUEST_OF[order].answer for order in orders} == {m.Done}


def test_alarms_and_incidents_are_the_only_events_and_everything_else_is_state() -> None:
    """No alarm may be skipped for a slow hearer; of all else only the newest counts."""
    kept = [channel.name for channel in CHANNELS if channel.keep is Keep.EVERY]
    assert kept == ["alarm_changed", "incident_changed"]


def test_what_loses_a_point_has_a_period_within_the_limit() -> None:
    """The loss of a point must be shown within 30 s, so its silence must be noticed well before."""
    for name in ("sighting", "hot_spots", "reading", "source_health", "process_health", "panel_state"):
        (silence_s,) = [channel.silence_s for channel in CHANNELS if channel.name == name]
        assert 0.0 < silence_s <= 20.0


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_every_process_has_a_module_and_reads_settings_that_exist(process: Process) -> None:
    """A row with a mistyped module starts nothing; one with a mistyped section is never restarted by it."""
    assert importlib.util.find_spec(process.module) is not None
    assert set(process.reads) <= {section.name for section in schema.SECTIONS} | {"name"}
    assert process.count >= 0


def test_the_table_is_frozen() -> None:
    """Nobody changes the table at run time."""
    assert all(isinstance(rows, tuple) for rows in (CHANNELS, REQUESTS, PROCESSES))
    with pytest.raises(AttributeError):
        topology.CHANNELS[0].silence_s = 1.0  # type: ignore[misc]
