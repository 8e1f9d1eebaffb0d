"""Every metric of EmberEye, declared once; the limits of the alarm semantics are bucket borders.

With PROMETHEUS_MULTIPROC_DIR set before this module is imported, each process writes its own files there and `render`
adds them up. The files carry the name in EMBEREYE_PROCESS, so that a restarted process goes on with its counters and a
restart loop leaves no files behind.
"""

import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
PROCESS_VARIABLE: Final = "EMBEREYE_PROCESS"
DIED_VARIABLE: Final = "EMBEREYE_DIED_S"
"""The monotonic second at which this process's predecessor was found dead, if it had one."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What `render` gives."""


def file_name(process: str) -> str:
    """The part of the files' names that stands for `process`; underscores separate the parts."""
    return process.replace("_", "-")


def _identity() -> str:
    name = os.environ.get(PROCESS_VARIABLE)
    return file_name(name) if name else str(os.getpid())


if FOLDER_VARIABLE in os.environ:
    values.ValueClass = values.MultiProcessValue(_identity)  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()
"""What this process alone has counted; empty of values with FOLDER_VARIABLE set."""

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.035, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_ALARM: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_LOOK: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)
_SLOW: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 45.0, 60.0, 120.0)

ALARM_LATENCY: Final = Histogram(
    "embereye_alarm_latency_seconds",
    "Deciding frame (path=camera), packet (pf) or message (external) received until acknowledged; limit 0.15 at P95",
    ("path",),
    buckets=_ALARM,
    registry=REGISTRY,
)
PF_DECISION: Final = Histogram(
    "embereye_pf_decision_seconds",
    "PF packet received until its zone was decided; limit 0.025 at P95",
    buckets=_FAST,
    registry=REGISTRY,
)
FRAME_GLANCE: Final = Histogram(
    "embereye_frame_glance_seconds",
    "Camera frame received until the heuristics had seen it; limit 0.01 at P95",
    buckets=_FAST,
    registry=REGISTRY,
)
FRAME_LOOK: Final = Histogram(
    "embereye_frame_look_seconds",
    "Camera frame received until the model had looked at it; limit 0.04 at P95",
    buckets=_LOOK,
    registry=REGISTRY,
)
FAULT_DELAY: Final = Histogram(
    "embereye_fault_delay_seconds",
    "Last sign (what=camera, pf, process, broker) until the loss was shown as a fault; limit 30",
    ("what",),
    buckets=_SLOW,
    registry=REGISTRY,
)
FAULTS_STANDING: Final = Gauge(
    "embereye_faults_standing",
    "Faults that stand now, by their code",
    ("code",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
DISK_FREE: Final = Gauge(
    "embereye_disk_free_mebibytes",
    "Room left on the disk of the data folder",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
RESTART: Final = Histogram(
    "embereye_restart_seconds",
    "A process found dead until its successor worked; limit 30",
    ("process",),
    buckets=_SLOW,
    registry=REGISTRY,
)
FRAMES_RECEIVED: Final = Counter(
    "embereye_frames_received", "Frames received from a camera", ("camera",), registry=REGISTRY
)
FRAMES_DROPPED: Final = Counter(
    "embereye_frames_dropped", "Frames given up for a newer one, or not decoded", ("camera",), registry=REGISTRY
)
FRAMES_SHED: Final = Counter(
    "embereye_frames_shed",
    "Frames left out on purpose, not decoded, by the rate ladder",
    ("camera",),
    registry=REGISTRY,
)
FRAMES_DAMAGED: Final = Counter(
    "embereye_frames_damaged", "Frames with damage, or after a loss: not looked at", ("camera",), registry=REGISTRY
)
RATE_STEP: Final = Gauge(
    "embereye_rate_step",
    "How far a camera is slowed: 0 every frame, 1 loop filter on key frames only, 2 to 4 fewer, 5 key frames only",
    ("camera",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
RATE_CHANGES: Final = Counter(
    "embereye_rate_changes", "Changes of a camera's rate step, way=down or up", ("camera", "way"), registry=REGISTRY
)
FRAMES_GLANCED: Final = Counter(
    "embereye_frames_glanced", "Frames that the heuristics saw", ("camera",), registry=REGISTRY
)
FRAMES_LOOKED: Final = Counter(
    "embereye_frames_looked", "Frames that the model looked at for fire", ("camera",), registry=REGISTRY
)
LOOKS_SHED: Final = Counter(
    "embereye_looks_shed",
    "Frames that waited for the model and were given up for a newer one",
    ("camera",),
    registry=REGISTRY,
)
LOOKS_LATE: Final = Counter(
    "embereye_looks_late",
    "Looks at a suspicious camera that missed their deadline of 0.04 s",
    ("camera",),
    registry=REGISTRY,
)
VIEWS_SHED: Final = Counter(
    "embereye_views_shed", "Closer views that were left out to meet the deadline", ("camera",), registry=REGISTRY
)
MODEL_QUEUE: Final = Gauge(
    "embereye_model_queue",
    "Frames that wait for the model",
    ("process",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
SHADOW_LOOKS: Final = Counter(
    "embereye_shadow_looks",
    "Looks of a model in shadow, by who saw fire or smoke: both, live, shadow, none",
    ("model", "saw"),
    registry=REGISTRY,
)
PF_PACKETS: Final = Counter("embereye_pf_packets", "Packets of a PF device", ("device",), registry=REGISTRY)
PF_REJECTED: Final = Counter(
    "embereye_pf_packets_rejected", "Packets of a PF device that could not be used", ("device",), registry=REGISTRY
)
PF_CONNECTIONS: Final = Gauge(
    "embereye_pf_connections",
    "Open connections to the PF port, accepted devices or not",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
PF_REFUSED: Final = Counter(
    "embereye_pf_connections_refused", "Connections to the PF port turned away", registry=REGISTRY
)
EVIDENCE_KEPT: Final = Counter(
    "embereye_evidence_kept", "Pictures and clips that were kept with an alarm", ("what",), registry=REGISTRY
)
EVIDENCE_MISSED: Final = Counter(
    "embereye_evidence_missed", "Pictures and clips of an alarm that could not be had", ("what",), registry=REGISTRY
)
EXTERNAL_MESSAGES: Final = Counter(
    "embereye_external_messages",
    "MQTT messages for a detector from elsewhere: received, rejected (unreadable), skipped (not meant)",
    ("external", "what"),
    registry=REGISTRY,
)
ADAPTER_EVENTS: Final = Counter(
    "embereye_adapter_events",
    "Alarm changes for an adapter: told, dropped (too old, refused or over), withheld (no outputs), nothing (to tell)",
    ("adapter", "what"),
    registry=REGISTRY,
)
ADAPTER_REQUESTS: Final = Counter(
    "embereye_adapter_requests",
    "HTTP requests of an adapter: answered, refused, unanswered",
    ("adapter", "what"),
    registry=REGISTRY,
)
INCIDENT_NEWS: Final = Counter(
    "embereye_incident_news", "What was told of incidents: new, grew, over, merged", ("news",), registry=REGISTRY
)
INCIDENTS_OPEN: Final = Gauge(
    "embereye_incidents_open", "Incidents that are not over", multiprocess_mode="livemostrecent", registry=REGISTRY
)
LOG_LOSSES: Final = Counter("embereye_log_losses", "Log lines dropped", registry=REGISTRY)
BUS_DROPS: Final = Counter(
    "embereye_bus_drops", "Facts given up for a newer one on the bus", ("channel",), registry=REGISTRY
)
RSS: Final = Gauge(
    "embereye_process_memory_mebibytes",
    "Memory of a process",
    ("process",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
CPU: Final = Gauge(
    "embereye_process_cpu_percent",
    "CPU of a process, 100 for one core",
    ("process",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
LOOP_LAG: Final = Gauge(
    "embereye_loop_lag_seconds",
    "Longest wait of the event loop since the last heartbeat",
    ("process",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)


def render() -> bytes:
    """Everything as Prometheus text: of all processes when they share a folder, else of this one. Reads files."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    return render_folder(Path(os.environ[FOLDER_VARIABLE]))


def render_folder(folder: Path) -> bytes:
    """What all processes that share this folder have counted, as Prometheus text. Reads files."""
    shared = CollectorRegistry()
    MultiProcessCollector(shared, str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(shared)


def shadow_looks(model: str) -> dict[str, int]:
    """How often a model in shadow and the live one agreed since the start, by who saw something. Reads files."""
    registry: CollectorRegistry = REGISTRY
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, os.environ[FOLDER_VARIABLE])  # type: ignore[no-untyped-call]  # no types there
    samples = (sample for metric in registry.collect() for sample in metric.samples)
    return {
        sample.labels["saw"]: int(sample.value)
        for sample in samples
        if sample.name == "embereye_shadow_looks_total" and sample.labels["model"] == model
    }


def forget(process: str) -> None:
    """Take the gauges of a process that has ended out of `render`; its counters stay."""
    if FOLDER_VARIABLE in os.environ:
        mark_process_dead(file_name(process))  # type: ignore[no-untyped-call]
