"""State JSON of cameras and PF devices: null for unknown, a moment's hold, indices and equivalents."""

from dataclasses import replace

import msgspec

from embereye_addon.messages import LinkState, Reading
from embereye_addon.publish import views
from embereye_addon.publish.views import CameraView, PfView
from tests.publish.samples import AT, box, health, sighting, spots, thermal_frame


def test_unknown_is_null_and_never_missing() -> None:
    """Home Assistant warns about every missing key, every second."""
    assert views.camera_state(CameraView(), 100.0) == {
        "flame": None,
        "smoke": None,
        "confidence": None,
        "last_detection": None,
        "stream": "OFF",
        "stream_words": {"link": None},
        "trouble": "ON",
        "faults": {
            "count": 1,
            "faults": [{"code": "stream_lost", "text": "The camera's stream is not there"}],
        },
        "disabled": "OFF",
        "frame_rate": None,
        "latency": None,
        "frames_lost": None,
        "reconnects": None,
    }
    empty = views.pf_state(PfView(), 100.0)
    assert empty["connection"] == "OFF"
    assert (empty["trouble"], empty["faults"]["count"]) == ("ON", 1)
    known = ("connection", "link_words", "trouble", "faults", "disabled", "siren")
    assert {empty[key] for key in empty if key not in known} == {None}


def test_a_sighting_is_held_for_a_moment() -> None:
    """A flame that flickers is one sighting, not ten."""
    view = views.seen(CameraView(), sighting(box("fire", 0.8), box("smoke", 0.2)), 10.0)
    view = views.seen(view, sighting(at=AT + 1), 11.0)
    state = views.camera_state(view, 14.9)
    assert (state["flame"], state["smoke"], state["confidence"]) == ("ON", "OFF", 0)
    assert state["last_detection"] == "2026-03-01T12:00:00.000+00:00"
    assert views.camera_state(view, 15.1)["flame"] == "OFF"


def test_smoke_is_smoke() -> None:
    """A smoke box switches the smoke entity and not the flame one."""
    state = views.camera_state(views.seen(CameraView(), sighting(box("smoke", 0.7)), 1.0), 1.0)
    assert (state["flame"], state["smoke"], state["confidence"]) == ("OFF", "ON", 70)


def test_a_camera_nobody_reports_on_is_off() -> None:
    """A dead detector must not leave its cameras looking connected."""
    good = health(rate_hz=14.96, latency_ms=41.6, reconnects=3, words={"codec": "h264"})
    view = CameraView(health=good, health_mono_s=100.0)
    state = views.camera_state(view, 101.0)
    assert (state["stream"], state["frame_rate"], state["latency"], state["reconnects"]) == ("ON", 15.0, 42, 3)
    assert state["stream_words"] == {"link": "online", "faults": [], "codec": "h264"}
    assert views.camera_state(view, 119.0)["stream"] == "OFF"
    assert not views.source_up(health(state=LinkState.CONNECTING), 100.0, 100.0)
    assert views.source_up(health(state=LinkState.DEGRADED), 100.0, 100.0)


def reading(channel: str, role: str, sigma: float, **more: bool) -> Reading:
    """One input's reading."""
    warming_up, stuck = more.get("warming_up", False), more.get("stuck", False)
    return Reading(
        source="pf.boiler",
        channel=channel,
        role=role,
        raw=1.0,
        baseline=1.0,
        change_sigma=sigma,
        warming_up=warming_up,
        stuck=stuck,
    )


def test_a_pf_device_shows_heat_inputs_and_chip() -> None:
    """Temperatures, the greatest usable index of each role, and what the chip says of itself."""
    view = PfView(health=health("pf.boiler", rejected=4), health_mono_s=5.0)
    for message in (spots(hot=True, at=AT + 7), thermal_frame(), reading("adc1", "gas", 3.26)):
        view = views.felt(view, message, 5.0)
    for message in (reading("adc2", "gas", 9.0, warming_up=True), reading("adc3", "smoke", 2.0, stuck=True)):
        view = views.felt(view, message, 5.0)
    state = views.pf_state(view, 6.0)
    assert (state["overheat"], state["max_temperature"], state["median_temperature"]) == ("ON", 71.5, 22.0)
    assert (state["gas_index"], state["smoke_index"], state["flame_index"]) == (3.3, None, None)
    assert (state["chip_temperature"], state["supply_voltage"], state["packets_rejected"]) == (31.3, 3.3, 4)
    assert state["last_packet"] == "2026-03-01T12:00:00.000+00:00"
    assert views.roles_in(view) == {"gas", "smoke"}
    told = health("pf.boiler", words={"bad_px": "5", "rejected_pct": "12.5", "interval_s": "4.09"})
    state = views.pf_state(replace(view, health=told), 6.0)
    assert (state["bad_pixels"], state["reject_rate"], state["period"]) == (5.0, 12.5, 4.09)
    assert views.pf_state(views.felt(view, spots(), 11.0), 11.0)["overheat"] == "OFF"


def test_a_pf_device_tells_its_own_faults_with_their_numbers() -> None:
    """A device that drifts looks well in Home Assistant, or one that is switched off looks broken."""
    drifts = ("supply_drift", "the supply went from 3.300 V to 3.200 V; allowed: 0.05 V")
    for told, count in (
        (health("pf.boiler"), 0),
        (health("pf.boiler", faults=(drifts,)), 1),
        (health("pf.boiler", LinkState.OFFLINE), 1),
        (health("pf.boiler", LinkState.DISABLED), 0),
    ):
        state = views.pf_state(PfView(health=told, health_mono_s=5.0), 6.0)
        assert (state["trouble"], state["faults"]["count"]) == ("ON" if count else "OFF", count)
    listed = views.pf_state(PfView(health=health("pf.boiler", faults=(drifts,)), health_mono_s=5.0), 6.0)["faults"]
    assert listed["faults"] == [{"code": drifts[0], "text": drifts[1]}]


def test_an_equivalent_is_that_of_the_calibrated_input() -> None:
    """Another input's figure, or one at the end of its range, is shown as a gas."""
    view = views.felt(PfView(), msgspec.structs.replace(reading("adc1", "gas", 3.26), out_of_range=True), 5.0)
    view = views.felt(view, msgspec.structs.replace(reading("adc2", "gas", 2.0), ppm=412.5, gas="co2"), 5.0)
    view = views.felt(view, msgspec.structs.replace(reading("adc3", "smoke", 2.0), gas="co"), 5.0)
    state = views.pf_state(view, 6.0)
    assert (state["co2_equivalent"], state["co_equivalent"], state["nh3_equivalent"]) == (412.5, None, None)
    assert state["gas_index"] == 2.0


def test_endless_channels_are_not_kept() -> None:
    """A device inventing channel names does not fill the memory."""
    view = PfView()
    for number in range(100):
        view = views.felt(view, reading(f"adc{number}", "none", 0.0), 0.0)
    assert len(view.readings) == views.MAX_CHANNELS
    assert views.roles_in(view) == frozenset()
    assert views.felt(view, reading("adc1", "gas", 5.0), 0.0).readings["adc1"].change_sigma == 5.0


def test_what_is_switched_off_is_no_trouble() -> None:
    """A camera that somebody switched off is reported as broken for as long as it is off."""
    assert views.camera_state(CameraView(on=False), 1.0)["trouble"] == "OFF"
    assert views.pf_state(PfView(on=False), 1.0)["trouble"] == "OFF"


def test_a_camera_shows_what_is_as_sure_as_its_setting_asks() -> None:
    """The threshold that somebody set changes nothing."""
    for shown, flame in ((0.5, "ON"), (0.95, "OFF")):
        assert views.camera_state(views.seen(CameraView(shown=shown), sighting(box()), 1.0), 1.0)["flame"] == flame


def test_detection_events_are_told_once() -> None:
    """An automation on a camera's event runs every second while something burns, or never learns of the end."""
    quiet, flame, both = ({"flame": a, "smoke": b} for a, b in (("OFF", "OFF"), ("ON", "OFF"), ("ON", "ON")))
    unknown = {"flame": None, "smoke": None}
    steps = ((unknown, quiet, ()), (quiet, flame, ("flame",)), (flame, flame, ()), (flame, both, ("smoke",)))
    for before, after, events in (*steps, (both, flame, ()), (both, quiet, ("cleared",)), (quiet, unknown, ())):
        assert views.detection_events(before, after) == events


def test_inference_time_is_the_middle_one() -> None:
    """One slow camera makes the whole site look slow; or a site without cameras shows zero."""
    looks = [msgspec.structs.replace(sighting(), look_ms=ms) for ms in (0.0, 9.0, 10.0, 400.0)]
    assert views.inference_ms([CameraView(), *(CameraView(sighting=one) for one in looks)]) == 10
    assert views.inference_ms([CameraView()]) is None


def test_a_source_that_cannot_see_is_not_told_as_without_fire() -> None:
    """A black picture or a lost stream would read "no flame" for ever; what is seen all the same stays told."""
    quiet = views.seen(CameraView(), sighting(), 10.0)
    assert views.camera_state(replace(quiet, health=health(), health_mono_s=10.0), 11.0)["flame"] == "OFF"
    for bad in (health(faults=(("picture_black", "black"),)), health(state=LinkState.OFFLINE)):
        told = views.camera_state(replace(quiet, health=bad, health_mono_s=10.0), 11.0)
        assert (told["flame"], told["smoke"], told["trouble"]) == (None, None, "ON" if bad.faults else told["trouble"])
    smoke = views.seen(CameraView(), sighting(box("smoke", 0.9)), 10.0)
    covered = replace(smoke, health=health(faults=(("lens_covered", "covered"),)), health_mono_s=10.0)
    assert (views.camera_state(covered, 11.0)["flame"], views.camera_state(covered, 11.0)["smoke"]) == (None, "ON")
    turned = replace(quiet, health=health(faults=(("view_moved", "moved"),)), health_mono_s=10.0)
    assert views.camera_state(turned, 11.0)["flame"] == "OFF"
    cold = views.felt(PfView(), spots(), 10.0)
    assert views.pf_state(replace(cold, health=health(), health_mono_s=10.0), 11.0)["overheat"] == "OFF"
    assert views.pf_state(replace(cold, health=health(), health_mono_s=10.0), 40.0)["overheat"] is None
