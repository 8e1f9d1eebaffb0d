"""Everything that flows between processes: frozen msgspec types, units in the names, no behaviour.

Every fact has `source` (a stable id such as `cam.dock-3` or `pf.10-0-0-31`), `seq` (a gap is a loss) and
`at` (UTC seconds at capture; for people and the journal, never for a decision). Places in a picture are
fractions from the top left. Limits in `Meta` are checked when decoding: the door checks strangers.
Grow by adding fields with defaults; never rename, never reuse.
"""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

SourceId = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")]
Text = Annotated[str, Meta(max_length=400)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Nats = Annotated[float, Meta(ge=-50.0, le=50.0)]


class Kind(enum.StrEnum):
    """What a piece of evidence claims to be."""

    FLAME = "flame"
    SMOKE = "smoke"
    HEAT = "heat"
    GAS = "gas"


class ZoneState(enum.StrEnum):
    """The one state of a zone; acknowledged, disabled, testing and faults are kept beside it."""

    NORMAL = "normal"
    PRE_ALARM = "pre_alarm"
    ALARM = "alarm"


class LinkState(enum.StrEnum):
    """The state of a connection to a camera or device."""

    DISABLED = "disabled"
    CONNECTING = "connecting"
    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


class Rule(enum.StrEnum):
    """A hard rule beside the sequential test; the part of `alarm-semantics` that names an exact limit."""

    FIXED_TEMPERATURE_PRE = "fixed_temperature_pre_alarm"
    FIXED_TEMPERATURE = "fixed_temperature"
    RATE_OF_RISE_PRE = "rate_of_rise_pre_alarm"
    RATE_OF_RISE = "rate_of_rise"
    FLAME_INPUT = "flame_input"
    GAS_INPUT = "gas_input"
    EXTERNAL_INPUT = "external_input"


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The root of every fact: who says it, its number, and when it was captured (UTC seconds)."""

    source: SourceId
    seq: Annotated[int, Meta(ge=0)] = 0
    at: float = 0.0


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One detection: label, confidence 0..1 and its corners as fractions from the top left."""

    label: Annotated[str, Meta(max_length=16)]
    confidence: Fraction
    left: Fraction
    top: Fraction
    right: Fraction
    bottom: Fraction
    track: int = 0
    age_s: float = 0.0


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One point's claim: kind, log-likelihood ratio (nats, clipped), the measured value with its unit, where.

    `cap_nats` is the most this point may reach in a zone's sum while it claims no more than this; `rules` are
    the hard rules it meets now.
    """

    point: SourceId
    kind: Kind
    llr_nats: Nats
    value: float
    unit: Annotated[str, Meta(max_length=16)]
    where: Annotated[str, Meta(max_length=80)] = ""
    cap_nats: Nats = 20.0
    rules: Annotated[tuple[Rule, ...], Meta(max_length=8)] = ()


class Sighting(Message, frozen=True, kw_only=True):
    """One camera's look, condensed; also when empty, at 1 Hz. `received_mono_s` is this machine's clock."""

    node: SourceId
    frame: Annotated[int, Meta(ge=0)]
    model: Annotated[str, Meta(max_length=64)]
    looked: Annotated[int, Meta(ge=0)]
    boxes: Annotated[tuple[Box, ...], Meta(max_length=32)] = ()
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=4)] = ()
    look_ms: float = 0.0


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Connected hot pixels: peak and mean in °C, area in pixels, centroid as fractions, contrast and rise.

    `track` (from 1) is the same for one hot spot from frame to frame; `age_s` is the time since it was first seen;
    `usual` says how often as much was seen to come and go here without harm, 0 while that is no habit.
    """

    peak_c: float
    mean_c: float
    area_px: Annotated[int, Meta(ge=1, le=768)]
    x: Fraction
    y: Fraction
    contrast_k: float
    rise_k_min: float = 0.0
    track: int = 0
    age_s: float = 0.0
    usual: int = 0


class HotSpots(Message, frozen=True, kw_only=True):
    """One PF device's look; also when empty. Temperatures are of this frame, rise by regression.

    `outside_px` pixels read beyond what the array's maker vouches for (-40 to 300 °C): not to be trusted to the degree.
    `saturated_px` of them are at the end of their scale, and what they see is hotter or colder still.
    """

    node: SourceId
    max_c: float
    median_c: float
    clusters: Annotated[tuple[Cluster, ...], Meta(max_length=16)] = ()
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=4)] = ()
    decide_ms: float = 0.0
    outside_px: Annotated[int, Meta(ge=0, le=768)] = 0
    saturated_px: Annotated[int, Meta(ge=0, le=768)] = 0


class ThermalFrame(Message, frozen=True, kw_only=True):
    """24x32 int16 centi-degrees as `thermal.cells` packs them by `coding`; only once calibrated; for viewers.

    Flat indices: `replaced` pixels show their neighbours, `outside` ones read beyond the maker's range. The cells end
    at 327.67 °C; the true maximum is in `HotSpots`.
    """

    cells: Annotated[bytes, Meta(max_length=4096)]
    ambient_c: float
    supply_v: float
    replaced: Annotated[tuple[int, ...], Meta(max_length=768)] = ()
    coding: Annotated[str, Meta(max_length=16)] = "zlib"
    outside: Annotated[tuple[int, ...], Meta(max_length=768)] = ()


class Reading(Message, frozen=True, kw_only=True):
    """One analog or digital input of a PF device, with its learned baseline and its change in sigmas.

    `raw` and all that is judged are of the newest reading; `mean`, `low`, `high` of all `count` since the last message.
    `slope_per_min` is the trend of the last two minutes in counts a minute, positive towards alarm. `sigma` is the
    learned spread in counts; `change_pct` the change in percent of the range. `ppm` is an equivalent of `gas`, only of
    an input that an installer calibrated, for people and never for a decision.
    """

    channel: Annotated[str, Meta(max_length=64)]
    role: Annotated[str, Meta(max_length=16)]
    raw: float
    baseline: float
    change_sigma: float
    warming_up: bool
    stuck: bool
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=2)] = ()
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0
    count: int = 0
    slope_per_min: float = 0.0
    sigma: float = 0.0
    change_pct: float = 0.0
    out_of_range: bool = False
    ppm: float | None = None
    gas: Annotated[str, Meta(max_length=16)] = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble: a stable code, the thing it is about, since when (UTC seconds), and words."""

    code: Annotated[str, Meta(max_length=48)]
    about: SourceId
    since: float
    text: Text


BLIND = frozenset(
    {
        "stream_lost",
        "no_picture",
        "picture_black",
        "picture_over_exposed",
        "picture_frozen",
        "picture_defocused",
        "lens_covered",
        "not_watched",
        "not_looked",
        "model_failed",
        "model_missing",
        "model_self_test",
        "device_silent",
        "uncalibrated",
        "not_judged",
        "frame_frozen",
        "thermal_self_test",
    }
)
"""Codes of faults. With one of these a source cannot see a fire: what it says is not "no fire".

A camera that was turned is not among them: it sees, if something else."""


class SourceHealth(Message, frozen=True, kw_only=True):
    """Link state, rates, latency and losses of one camera or PF device, and its own faults (code, text).

    `shed` are pictures of a camera that were left out on purpose, `rate_step` says how it is slowed ('' when not).
    """

    node: SourceId
    state: LinkState
    rate_hz: float = 0.0
    received: int = 0
    dropped: int = 0
    rejected: int = 0
    reconnects: int = 0
    latency_ms: float = 0.0
    faults: Annotated[tuple[tuple[str, str], ...], Meta(max_length=16)] = ()
    words: Annotated[dict[str, str], Meta(max_length=32)] = {}
    judged: int = 0
    shed: Annotated[int, Meta(ge=0)] = 0
    rate_step: Annotated[str, Meta(max_length=128)] = ""


class PendingDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One connection that waits for approval: what it calls itself, its address, and since when (UTC seconds).

    `sensor_id` is its thermal chip's number, once read. A `double` uses the name of a device that is connected.
    """

    identity: Annotated[str, Meta(max_length=64)]
    address: Annotated[str, Meta(max_length=64)]
    first_seen: float
    sensor_id: Annotated[str, Meta(max_length=16)] = ""
    double: bool = False


class PendingDevices(Message, frozen=True, kw_only=True):
    """Every PF device that speaks but is not in the settings, and how many connections the door turned away."""

    node: SourceId
    devices: Annotated[tuple[PendingDevice, ...], Meta(max_length=64)] = ()
    refused: Annotated[int, Meta(ge=0)] = 0


class ProcessHealth(Message, frozen=True, kw_only=True):
    """One process says it lives: memory, CPU, loop lag, losses, its own faults (code, text), and notices.

    A notice is a sentence that an installer should know, such as an accelerator that is missing; it stops nothing.
    """

    node: SourceId
    pid: int
    rss_mib: float
    cpu_pct: float
    loop_lag_ms: float
    started_at: float
    lost_logs: int = 0
    faults: Annotated[tuple[tuple[str, str], ...], Meta(max_length=16)] = ()
    notices: Annotated[tuple[Annotated[str, Meta(max_length=400)], ...], Meta(max_length=8)] = ()


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One point's part in a zone's sum: its value with unit, nats, and share (0..1) of the positive sum."""

    point: SourceId
    kind: Kind
    value: float
    unit: Annotated[str, Meta(max_length=16)]
    nats: float
    share: float
    where: Annotated[str, Meta(max_length=80)] = ""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a zone changed: the rule or threshold crossed, and every contributing point."""

    rule: Annotated[str, Meta(max_length=64)]
    text: Text
    sum_nats: float
    threshold_nats: float
    shares: Annotated[tuple[Share, ...], Meta(max_length=32)] = ()


class Belief(Message, frozen=True, kw_only=True):
    """Per zone: the running sum, each point's part and the two thresholds; 1 Hz and on change."""

    zone: SourceId
    sum_nats: float
    pre_alarm_nats: float
    alarm_nats: float
    shares: Annotated[tuple[Share, ...], Meta(max_length=32)] = ()


class AlarmChanged(Message, frozen=True, kw_only=True):
    """A zone changed its state. `id` names the incident: the same alarm keeps one id from alarm to reset."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    zone: SourceId
    name: Annotated[str, Meta(max_length=64)]
    was: ZoneState
    now: ZoneState
    cause: Annotated[str, Meta(max_length=64)]
    by: Annotated[str, Meta(max_length=80)]
    explanation: Explanation
