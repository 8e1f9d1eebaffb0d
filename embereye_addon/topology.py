"""THE table: every channel and every process. What is not here does not exist."""

import enum
from dataclasses import dataclass
from typing import Any

from embereye_addon import messages as m


class Keep(enum.Enum):
    """What a slow hearer is owed: only the newest of each source, or every one (kept by JetStream)."""

    LATEST = "latest"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of fact: its name, type, what is kept, and the longest silence (s; 0 = no period)."""

    name: str
    type: type[m.Message]
    keep: Keep
    silence_s: float


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of question: its name, the type of its answer, the process that answers, and its own type."""

    name: str
    answer: type[Any]
    answerer: str
    type: type[Any]


@dataclass(frozen=True, slots=True)
class Process:
    """One command: its name, module, what it says and hears, which settings sections restart it, and how many.

    `count` is a number of copies, or 0 for "one a core, or as `detection.shards` says". It runs only where the
    settings section `only_with` has entries, if it names one.
    """

    name: str
    module: str
    says: tuple[str, ...]
    hears: tuple[str, ...]
    reads: tuple[str, ...]
    count: int = 1
    only_with: str = ""


CHANNELS = (
    Channel("sighting", m.Sighting, Keep.LATEST, 3.0),
    Channel("hot_spots", m.HotSpots, Keep.LATEST, 20.0),
    Channel("thermal_frame", m.ThermalFrame, Keep.LATEST, 0.0),
    Channel("reading", m.Reading, Keep.LATEST, 20.0),
    Channel("source_health", m.SourceHealth, Keep.LATEST, 6.0),
    Channel("pending_devices", m.PendingDevices, Keep.LATEST, 6.0),
    Channel("process_health", m.ProcessHealth, Keep.LATEST, 6.0),
    Channel("belief", m.Belief, Keep.LATEST, 3.0),
    Channel("alarm_changed", m.AlarmChanged, Keep.EVERY, 0.0),
    Channel("incident_changed", m.IncidentChanged, Keep.EVERY, 0.0),
    Channel("panel_state", m.PanelState, Keep.LATEST, 15.0),
)

REQUESTS = (
    Request("acknowledge", m.Done, "panel", m.Acknowledge),
    Request("silence", m.Done, "panel", m.Silence),
    Request("resound", m.Done, "panel", m.Resound),
    Request("reset", m.Done, "panel", m.Reset),
    Request("disable", m.Done, "panel", m.Disable),
    Request("enable", m.Done, "panel", m.Enable),
    Request("test", m.Done, "panel", m.WalkTest),
    Request("end_test", m.Done, "panel", m.EndTest),
    Request("commission", m.Done, "panel", m.Commission),
    Request("end_commission", m.Done, "panel", m.EndCommission),
    Request("day_mode", m.Done, "panel", m.DayMode),
    Request("isolate", m.Done, "panel", m.Isolate),
    Request("connect", m.Done, "panel", m.Connect),
    Request("sound", m.Done, "panel", m.Sound),
    Request("end_sound", m.Done, "panel", m.EndSound),
    Request("set_setting", m.Done, "panel", m.SetSetting),
    Request("promote", m.Done, "panel", m.Promote),
    Request("self_test", m.Done, "panel", m.SelfTest),
    Request("restart", m.Done, "panel", m.Restart),
    Request("check_model", m.Done, "detector", m.CheckModel),
    Request("sirens", m.Done, "pf_gateway", m.Sirens),
    Request("clip", m.Film, "detector", m.ClipRequest),
    Request("snapshot", m.Snapshot, "detector", m.SnapshotRequest),
)

PROCESSES = (
    Process(
        "pf_gateway",
        "embereye_addon.processes.pf_gateway",
        says=("hot_spots", "thermal_frame", "reading", "source_health", "pending_devices", "process_health"),
        hears=(),
        reads=("pf", "devices", "zones", "calibrations", "disk"),
    ),
    Process(
        "externals",
        "embereye_addon.processes.externals",
        says=("reading", "source_health", "process_health"),
        hears=(),
        reads=("mqtt", "zones", "externals"),
        only_with="externals",
    ),
    Process(
        "detector",
        "embereye_addon.processes.detector",
        says=("sighting", "source_health", "process_health"),
        hears=("hot_spots", "reading", "process_health"),
        reads=("detection", "cameras", "devices", "zones", "journal"),
        count=0,
    ),
    Process(
        "panel",
        "embereye_addon.processes.panel",
        says=("belief", "alarm_changed", "incident_changed", "panel_state", "process_health"),
        hears=("sighting", "hot_spots", "reading", "source_health", "process_health"),
        reads=("zones", "cameras", "devices", "detection", "disk", "journal", "day", "externals", "incidents"),
    ),
    Process(
        "publisher",
        "embereye_addon.processes.publisher",
        says=("process_health",),
        hears=(
            "panel_state",
            "alarm_changed",
            "incident_changed",
            "sighting",
            "hot_spots",
            "thermal_frame",
            "reading",
            "source_health",
            "process_health",
        ),
        reads=(
            "name",
            "mqtt",
            "detection",
            "zones",
            "cameras",
            "devices",
            "calibrations",
            "externals",
            "adapters",
        ),
    ),
    Process(
        "web",
        "embereye_addon.processes.web",
        says=("process_health",),
        hears=(
            "panel_state",
            "belief",
            "alarm_changed",
            "sighting",
            "hot_spots",
            "thermal_frame",
            "reading",
            "source_health",
            "pending_devices",
            "process_health",
        ),
        reads=("name", "web", "zones", "cameras", "devices", "journal", "disk", "externals"),
    ),
)

CHANNEL_OF = {channel.type: channel for channel in CHANNELS}
REQUEST_OF = {request.type: request for request in REQUESTS}
