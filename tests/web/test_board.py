"""What the page knows."""

import base64
import zlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.messages import AlarmChanged, Belief, Explanation, LinkState, SourceHealth, ZoneState
from embereye_addon.settings.model import External
from embereye_addon.web.board import CHANNELS_MAX, PANEL_SILENCE_S, PROCESSES_MAX, Board, Path, encode, thermal_view
from tests.web.samples import SITE, everything, hot_spots, panel, process, reading, sighting, thermal


def board() -> Board:
    """An empty board of the test site."""
    return Board(SITE, lambda: False)


def test_everything_heard_is_in_the_state() -> None:
    """The page must show all that the processes say, and nothing of the settings' secrets."""
    known = board()
    for message in everything():
        known.take(message)
    raw = encode(known.state())
    state = msgspec.json.decode(raw)
    assert state["panel"]["zones"][0]["name"] == "Dock"
    assert state["beliefs"]["dock"]["sum_nats"] == 1.0
    assert state["cameras"]["north"]["sighting"]["boxes"][0]["label"] == "flame"
    assert state["cameras"]["north"]["health"]["state"] == "online"
    roof = state["devices"]["roof"]
    assert set(roof) >= {"hot_spots", "thermal", "health", "readings"}
    assert (roof["pre_c"], roof["alarm_c"]) == (65.0, 85.0)
    assert roof["readings"]["ADC1"]["raw"] == 900.0
    assert state["processes"]["node1.panel"]["pid"] == 1
    assert state["pending"]["devices"][0]["identity"] == "AB1234"
    assert [each.address for each in known.pending()] == ["10.0.0.9"]
    assert b"rtsp://" not in raw
    assert b"not to be shown" not in raw
    assert known.strange == 0


def test_a_detector_from_elsewhere_is_shown_with_what_it_says() -> None:
    """The page names it, its zone and its state; what nobody set up is dropped."""
    loft = External(id="loft", name="Loft smoke", zone="dock", kind="smoke", topic="z/loft")
    known = Board(msgspec.structs.replace(SITE, externals=(loft,)), lambda: False)
    said = SourceHealth(source="ext.loft", node="n", state=LinkState.ONLINE, words={"state": "on", "topic": "z/loft"})
    known.take(said)
    known.take(msgspec.structs.replace(reading(), source="ext.loft"))
    known.take(SourceHealth(source="ext.cellar", node="n", state=LinkState.ONLINE))
    shown = msgspec.json.decode(encode(known.state()))["externals"]
    assert set(shown) == {"loft"}
    assert (shown["loft"]["name"], shown["loft"]["health"]["words"]["state"]) == ("Loft smoke", "on")
    assert shown["loft"]["reading"]["raw"] == 900.0
    assert known.strange == 1
    assert known.trends("loft") is None


def test_nobody_waits_before_the_gateway_spoke() -> None:
    """An approval must not be taken for a device that nobody has heard."""
    assert board().pending() == ()
    assert board().state()["pending"] is None


def test_strangers_are_counted_and_dropped() -> None:
    """What is not in the settings must not grow the page's memory."""
    known = board()
    strangers = (
        sighting(source="cam.unknown"),
        SourceHealth(source="pf.unknown", node="node1", state=LinkState.ONLINE),
        Belief(source="panel", zone="unknown", sum_nats=0.0, pre_alarm_nats=1.0, alarm_nats=2.0),
        sighting(source="pf.roof"),
        hot_spots(),
        AlarmChanged(
            source="cam.north",
            id="1",
            zone="dock",
            name="Dock",
            was=ZoneState.NORMAL,
            now=ZoneState.ALARM,
            cause="x",
            by="x",
            explanation=Explanation(rule="x", text="x", sum_nats=0.0, threshold_nats=0.0),
        ),
    )
    for message in strangers:
        known.take(message)
    assert known.strange == 5
    assert known.value(("devices", "roof", "hot_spots")) == hot_spots()


def test_inputs_and_processes_are_bounded() -> None:
    """A device or node that invents names must not grow the page's memory; the longest silent process goes first."""
    known = board()
    for number in range(2 * CHANNELS_MAX):
        known.take(reading(f"ADC{number}"))
    assert len(known.state()["devices"]["roof"]["readings"]) == CHANNELS_MAX
    for number in range(PROCESSES_MAX + 1):
        known.take(process(f"node{number}.web", at=float(number)))
    processes = known.state()["processes"]
    assert len(processes) == PROCESSES_MAX
    assert "node0.web" not in processes


def test_watchers_hear_the_path_of_each_change() -> None:
    """An open page must learn of every change, and of none once it has gone."""
    known = board()
    heard: list[Path] = []
    known.watchers.add(heard.append)
    known.take(panel())
    known.take(reading())
    assert heard == [("panel",), ("devices", "roof", "readings", "ADC1")]


def test_trends_hold_the_hottest_place_and_the_inputs() -> None:
    """The plots must begin with the past ten minutes, not empty."""
    known = board()
    known.take(hot_spots(at=10.0, max_c=30.0))
    known.take(hot_spots(at=11.0, max_c=31.0))
    known.take(reading(at=12.0))
    assert known.trends("roof") == {"max_c": ([10.0], [31.0]), "ADC1": ([12.0], [900.0])}
    assert known.trends("unknown") is None


def test_health_is_in_words() -> None:
    """The watchdog and a person must learn why the page cannot be believed."""
    away, now_mono_s = False, 100.0
    known = Board(SITE, lambda: away, lambda: now_mono_s)
    assert known.health() == (False, "the panel has not been heard yet")
    known.take(panel())
    now_mono_s += PANEL_SILENCE_S
    assert known.health() == (True, "the panel was heard 15 s ago")
    now_mono_s += 1.0
    assert known.health() == (False, "the panel has been silent for 16 s")
    assert known.beat()["panel_age_s"] == 16.0
    away = True
    well, why = known.health()
    assert not well
    assert "bus" in why
    assert known.beat()["bus"] is False


def test_a_thermal_frame_reaches_the_browser_whole() -> None:
    """The heat map must show the very temperatures that were judged."""
    view = thermal_view(thermal())
    assert view is not None
    assert base64.b64decode(view["cells"]) == b"\xd0\x07" * 768


@given(st.binary(max_size=4096))
def test_a_damaged_thermal_frame_is_no_picture(cells: bytes) -> None:
    """Damaged cells, or a bomb of zeros, must neither break the page nor fill its memory."""
    assert thermal_view(thermal(cells)) is None
    assert thermal_view(thermal(zlib.compress(bytes(100_000)))) is None


def test_a_device_says_which_cameras_see_the_same() -> None:
    """The page cannot lay the heat over a picture."""
    line = "north: 0,0=0,0 1,0=31,0 1,1=31,23 0,1=0,23"
    tied = msgspec.structs.replace(SITE, devices=(msgspec.structs.replace(SITE.devices[0], seen_by=(line,)),))
    roof = msgspec.json.decode(encode(Board(tied, lambda: False).state()))["devices"]["roof"]
    assert roof["seen_by"][0]["camera"] == "north"
    assert roof["seen_by"][0]["pairs"][2] == [1.0, 1.0, 31.0, 23.0]
