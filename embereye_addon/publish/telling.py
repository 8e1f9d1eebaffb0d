"""From what was heard to what is kept on the broker: status and state of every thing. The time comes in."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from embereye_addon.messages import (
    AlarmChanged,
    Fault,
    HotSpots,
    PanelState,
    ProcessHealth,
    Reading,
    Sighting,
    SourceHealth,
    ThermalFrame,
    ZoneState,
)
from embereye_addon.publish import states, tuning, views
from embereye_addon.publish.external_states import ExternalView, external_state
from embereye_addon.publish.incidents import incidents_of
from embereye_addon.publish.mqtt import OFFLINE, ONLINE, Mqtt
from embereye_addon.publish.outbox import Tier
from embereye_addon.publish.topics import Subject, Topics
from embereye_addon.settings import model

_PRESSING = ("fire_alarm", "state", "silenced", "acknowledged", "disabled", "testing", "sounding", "outputs")
"""Keys whose change is not left to the next second."""


AHEAD_S = 10.0
"""A change is ahead of the panel's word for two of its periods at most, whatever the clocks say."""


PROCESSES_MAX = 64
"""Detectors whose notices are kept."""


class Heard:
    """The newest of everything; what is about a thing that is not set up is let go."""

    def __init__(self, site: model.Site) -> None:
        self.panel: PanelState | None = None
        self.panel_mono_s = 0.0
        self._notices: dict[str, tuple[str, ...]] = {}
        self._changes: dict[str, tuple[AlarmChanged, float]] = {}
        self.cameras = {
            f"cam.{each.id}": views.CameraView(shown=each.shown_pct / 100.0, on=each.enabled) for each in site.cameras
        }
        self.devices = {f"pf.{each.id}": views.PfView(on=each.enabled) for each in site.devices}
        self.externals = {f"ext.{each.id}": ExternalView(each.kind) for each in site.externals}
        self.program: states.State = {"model": states.model_versions("", ""), "started": None}
        self.hear_process(None)

    def hear_panel(self, panel: PanelState, now_mono_s: float) -> None:
        """The panel's own word; it ends every change that it already knows of."""
        self.panel, self.panel_mono_s = panel, now_mono_s
        self._changes = {
            zone: (change, heard_mono_s)
            for zone, (change, heard_mono_s) in self._changes.items()
            if change.at > panel.at and now_mono_s - heard_mono_s < AHEAD_S
        }

    def hear_change(self, change: AlarmChanged, now_mono_s: float) -> None:
        """An alarm change, perhaps ahead of the panel's next word, perhaps long past."""
        if self.panel is None or change.at > self.panel.at:
            self._changes[change.zone] = (change, now_mono_s)

    @property
    def changes(self) -> dict[str, AlarmChanged]:
        """By zone, the changes that the panel's own word does not hold yet."""
        return {zone: change for zone, (change, _) in self._changes.items()}

    def hear_sighting(self, sighting: Sighting, now_mono_s: float) -> None:
        """A camera's look."""
        view = self.cameras.get(sighting.source)
        if view is not None:
            self.cameras[sighting.source] = views.seen(view, sighting, now_mono_s)

    def hear_pf(self, message: HotSpots | ThermalFrame | Reading, now_mono_s: float) -> None:
        """A PF device's look, frame or reading."""
        view = self.devices.get(message.source)
        if view is not None:
            self.devices[message.source] = views.felt(view, message, now_mono_s)

    def hear_process(self, health: ProcessHealth | None) -> None:
        """What a detector says of how its model runs; nothing is kept of others."""
        if health is not None and ".detector" in health.source:
            others = {source: said for source, said in self._notices.items() if source != health.source}
            self._notices = dict([*others.items(), (health.source, health.notices)][-PROCESSES_MAX:])
        found = {notice for notices in self._notices.values() for notice in notices}
        self.program["inference_words"] = {"notices": sorted(found)[: states.MAX_FAULTS]}

    def hear_health(self, health: SourceHealth, now_mono_s: float) -> None:
        """How the link of a camera, PF device or external is."""
        source = health.source
        if source in self.cameras:
            self.cameras[source] = replace(self.cameras[source], health=health, health_mono_s=now_mono_s)
        elif source in self.devices:
            self.devices[source] = replace(self.devices[source], health=health, health_mono_s=now_mono_s)
        elif source in self.externals:
            self.externals[source] = replace(self.externals[source], health=health, health_mono_s=now_mono_s)


class Telling:
    """Keeps status and state of every thing of a site on the broker, by what was heard."""

    def __init__(self, topics: Topics, site: model.Site, mqtt: Mqtt, heard: Heard) -> None:
        self._topics, self._site, self._mqtt, self._heard = topics, site, mqtt, heard
        self._pressed: dict[str, tuple[object, ...]] = {}
        self._silent_since = 0.0
        self._settings = {
            topics.of(subject, thing, "state"): tuning.values(site, subject, thing)
            for subject in Subject
            for thing in tuning.ids(site, subject)
        }
        self._settings[topics.of(Subject.SITE, "", "state")] |= tuning.site_facts(site)
        self._cameras_told: dict[str, states.State] = {}
        self.detections: list[tuple[str, states.State]] = []
        self._names = {
            zone.id: frozenset((zone.id, f"zone.{zone.id}", *_sources_in(site, zone.id))) for zone in site.zones
        }

    def say_panel(self, now_mono_s: float, utc_s: float, *, pressing_only: bool) -> None:
        """Zones and site. What presses goes past the queue, the zones first; the rest only when all is to be said."""
        heard = self._heard
        if heard.panel is None:
            return
        panel = states.with_changes(heard.panel, heard.changes)
        silent = now_mono_s - heard.panel_mono_s > states.PANEL_SILENCE_S
        self._silent_since = (self._silent_since or utc_s) if silent else 0.0
        by_id = {zone.zone: zone for zone in panel.zones}
        for zone_id, names in self._names.items():
            zone = by_id.get(zone_id)
            self._status(Subject.ZONE, zone_id, states.zone_up(zone, silent))
            if zone is not None:
                state = states.zone_state(zone, states.about_sources(panel.faults, names))
                self._state(Subject.ZONE, zone_id, state, pressing_only)
        self._status(Subject.SITE, "", not silent or panel.state is ZoneState.ALARM)
        program = heard.program | {"inference_time": views.inference_ms(heard.cameras.values())}
        program |= {"incidents": incidents_of(panel.incidents)}
        self._state(Subject.SITE, "", states.site_state(panel, self._own_faults(silent)) | program, pressing_only)

    def say_sources(self, now_mono_s: float) -> None:
        """Cameras, PF devices, and detectors from elsewhere."""
        panel = self._heard.panel
        out = frozenset(each.about.rpartition(".")[0] for each in panel.disablements) if panel else frozenset()
        for source, camera in self._heard.cameras.items():
            self._status(Subject.CAMERA, source[4:], views.source_up(camera.health, camera.health_mono_s, now_mono_s))
            state = views.camera_state(camera, now_mono_s, source in out)
            self._note_detections(source[4:], state, camera)
            self._state(Subject.CAMERA, source[4:], state, False)
        loud = self._loud(panel)
        for source, device in self._heard.devices.items():
            self._status(Subject.PF, source[3:], views.source_up(device.health, device.health_mono_s, now_mono_s))
            self._state(
                Subject.PF, source[3:], views.pf_state(device, now_mono_s, source in out, source in loud), False
            )
        for source, heard in self._heard.externals.items():
            self._status(Subject.EXTERNAL, source[4:], views.source_up(heard.health, heard.health_mono_s, now_mono_s))
            self._state(Subject.EXTERNAL, source[4:], external_state(heard, now_mono_s), False)

    def _note_detections(self, camera: str, state: states.State, view: views.CameraView) -> None:
        """What a camera's event entity is to be told; nothing for the first state, which is no change."""
        before = self._cameras_told.get(camera, state)
        self._cameras_told[camera] = state
        for kind in views.detection_events(before, state):
            at = states.time_text(view.detected_at)
            self.detections.append((camera, {"event_type": kind, "confidence": state["confidence"], "at": at}))

    def _loud(self, panel: PanelState | None) -> frozenset[str]:
        """The PF devices whose sirens are driven: by their zones, or by hand."""
        if panel is None:
            return frozenset()
        driving = {zone.zone for zone in panel.zones if zone.driving}
        sirens = (each for each in self._site.devices if each.siren)
        return frozenset(f"pf.{each.id}" for each in sirens if each.zone in driving) | set(panel.sirens)

    def _own_faults(self, silent: bool) -> tuple[Fault, ...]:
        """What the panel cannot say itself."""
        if not silent:
            return ()
        text = "The panel has said nothing for a while; what is shown may be old"
        return (Fault(code="panel_silent", about="panel", since=self._silent_since, text=text),)

    def _status(self, subject: Subject, thing: str, up: bool) -> None:
        self._mqtt.keep(self._topics.of(subject, thing, "status"), ONLINE if up else OFFLINE, Tier.STATUS)

    def _state(self, subject: Subject, thing: str, state: states.State, pressing_only: bool) -> None:
        topic = self._topics.of(subject, thing, "state")
        pressing = tuple(state.get(key) for key in _PRESSING)
        pressed = topic in self._pressed and self._pressed[topic] != pressing
        if pressed or not pressing_only:
            self._pressed[topic] = pressing
            self._mqtt.keep(topic, msgspec.json.encode(state | self._settings[topic]), Tier.STATE, urgent=pressed)


def _sources_in(site: model.Site, zone: str) -> Iterable[str]:
    """The source ids of a zone."""
    yield from (f"cam.{camera.id}" for camera in site.cameras if camera.zone == zone)
    yield from (f"pf.{device.id}" for device in site.devices if device.zone == zone)
    yield from (f"ext.{each.id}" for each in site.externals if each.zone == zone)
