"""The settings as the program reads them: frozen Structs whose keys are those of `schema`."""

import msgspec


class Mqtt(msgspec.Struct, frozen=True, kw_only=True):
    """The broker. An empty host means none configured (under Home Assistant: ask the Supervisor)."""

    host: str = ""
    port: int = 1883
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    base_topic: str = "embereye"
    discovery_prefix: str = "homeassistant"
    picture_every_s: int = 60
    heat_in_pictures: bool = True


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """The page. `token` is asked of any peer that is neither loopback nor Home Assistant's ingress."""

    host: str = "127.0.0.1"
    port: int = 8099
    token: str = ""


class Pf(msgspec.Struct, frozen=True, kw_only=True):
    """The TCP port that PF devices dial, and who may."""

    host: str = "0.0.0.0"  # noqa: S104 - PF devices dial in from the LAN; `networks` says which may
    port: int = 9001
    networks: tuple[str, ...] = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
    max_frames_hz: float = 16.0
    window_ms: int = 100
    history_mib: int = 1024
    strangers: int = 64
    strangers_per_address: int = 16


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How cameras are looked at. `shards` 0 means one a core (at most 8).

    A flame or smoke must be followed for `flame_persist_s` or `smoke_persist_s` before it can raise a pre-alarm.
    """

    shards: int = 0
    device: str = "CPU"
    decode: str = "software"
    looks_hz: float = 5.0
    flame_persist_s: float = 2.0
    smoke_persist_s: float = 2.0


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """Below `least_free_mib` of free room the disk is nearly full: history and clips are given up, alarms never."""

    least_free_mib: int = 500


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """How long the log and the pictures of alarms are kept, and on how much disk (a quarter of it for the log itself).

    `clips`: whether 10 s before and after an alarm are kept as video. `media`: copy what is kept of an alarm to
    Home Assistant's media folder ("true"), nowhere ("false"), or to a folder of one's own.
    """

    keep_days: int = 365
    alarm_days: int = 3650
    max_mib: int = 2048
    clips: bool = True
    media: str = "true"


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """When the day begins and ends, local time as HH:MM; without both it is always day."""

    begins: str = ""
    ends: str = ""


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """Which alarms are one incident: those within `merge_s`; that it grew is told every `grew_s` at most."""

    merge_s: int = 120
    grew_s: int = 30


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """One camera. The source id is `cam.<id>`; `regions` are lines that `settings.regions.parse` reads.

    `main_url` is its larger stream, opened for a closer look while something is suspected, with the same password.
    `shown_pct` is how sure the model must be for Home Assistant to show a detection; no decision depends on it.
    `view` names what it looks at: cameras of one zone with the same name, or with none, see the same fire.
    """

    id: str
    name: str
    url: str
    zone: str
    username: str = ""
    password: str = ""
    transport: str = "auto"
    min_fps: float = 2.0
    main_url: str | None = None
    regions: tuple[str, ...] = ()
    shown_pct: int = 50
    view: str = ""
    enabled: bool = True


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Columns `left` to `right` and rows `top` to `bottom` of the 32x24 grid, both ends in it; 0, 0 is its first word.

    `reflected_c` None: that of the device.
    """

    name: str
    left: int
    top: int
    right: int
    bottom: int
    emissivity: float
    reflected_c: float | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted PF device. The source id is `pf.<id>`; `identity` is what the device calls itself ('' = the id).

    `seen_by` are lines that `settings.registration.parse` reads.
    """

    id: str
    name: str
    zone: str
    identity: str = ""
    dial: str = ""
    emissivity: float = 0.95
    reflected_c: float | None = None
    regions: tuple[Region, ...] = ()
    seen_by: tuple[str, ...] = ()
    adc1_role: str = "auto"
    adc2_role: str = "auto"
    adc3_role: str = "none"
    adc1_direction: str = "auto"
    adc2_direction: str = "auto"
    adc3_direction: str = "auto"
    digital_role: str = "flame"
    warm_up_s: int = 180
    siren: bool = False
    mode: str = "stream"
    request_every_s: float = 5.0
    sensor_id: str = ""
    line_end: str = "auto"
    enabled: bool = True


class GasCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What turns one analog input of a device into ppm of a gas: sensor, circuit and converter.

    `r0_kohm` is the sensor's own reference, `load_kohm` its load resistor, `supply_v` what feeds both, `divider` the
    share of the load's voltage that reaches the converter (1: no divider), `reference_v` what reads 4095 there.
    """

    device: str
    input: str
    gas: str
    r0_kohm: float
    load_kohm: float
    supply_v: float
    divider: float
    reference_v: float


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One area. What is None is as `profile` says; `profiles.rules` gives all of it settled.

    Limits of temperature are in °C, of its rise in K/min; the flags say which of the hard rules are in force.
    """

    id: str
    name: str
    profile: str = "general"
    sensitivity: str | None = None
    night_sensitivity: str | None = None
    mode: str | None = None
    confirm_s: int | None = None
    different_physics: bool | None = None
    needs_growth: bool | None = None
    fixed_pre_c: float | None = None
    fixed_alarm_c: float | None = None
    rise_pre_k_min: float | None = None
    rise_alarm_k_min: float | None = None
    fixed_rule: bool | None = None
    rise_rule: bool | None = None
    input_rule: bool | None = None
    habits: bool | None = None
    flame_persist_s: float | None = None
    smoke_persist_s: float | None = None
    clear_s: int | None = None
    ack_wait_s: int = 0
    reset_wait_s: int = 0
    neighbours: tuple[str, ...] = ()


class External(msgspec.Struct, frozen=True, kw_only=True):
    """A detector of somebody else's, heard by MQTT. The source id is `ext.<id>`, its one point `ext.<id>.<kind>`.

    `value` and `only` are lines that `settings.paths` reads. With a `threshold` the value is a number, else one of the
    words. `worth` is `pre_alarm` (a hard rule) or `evidence`; in both it counts `nats`.
    """

    id: str
    name: str
    zone: str
    kind: str
    topic: str
    value: str = "value"
    on_words: tuple[str, ...] = ("on", "true", "1")
    off_words: tuple[str, ...] = ("off", "false", "0")
    threshold: float | None = None
    hysteresis: float = 0.0
    below: bool = False
    only: tuple[str, ...] = ()
    worth: str = "pre_alarm"
    nats: float = 7.5
    hold_s: int = 0
    silence_s: int = 90000
    availability_topic: str = ""
    enabled: bool = True


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """Another system that is told of alarms over HTTP. `targets` are lines `WHAT=THEIR NAME` (`settings.outside`)."""

    id: str
    kind: str
    url: str
    username: str = ""
    password: str = ""
    key: str = ""
    group: str = ""
    targets: tuple[str, ...] = ()
    begin_at: str = "alarm"
    label: str = "embereye"
    header: str = "X-EmberEye-Signature"
    per_minute: int = 30
    keep_s: int = 900
    timeout_s: float = 10.0
    tls_check: bool = True
    enabled: bool = True


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a site is made of."""

    version: int = 1
    name: str = "EmberEye"
    mqtt: Mqtt = Mqtt()
    web: Web = Web()
    pf: Pf = Pf()
    detection: Detection = Detection()
    disk: Disk = Disk()
    journal: Journal = Journal()
    day: Day = Day()
    incidents: Incidents = Incidents()
    zones: tuple[Zone, ...] = ()
    cameras: tuple[Camera, ...] = ()
    devices: tuple[Device, ...] = ()
    calibrations: tuple[GasCalibration, ...] = ()
    externals: tuple[External, ...] = ()
    adapters: tuple[Adapter, ...] = ()
