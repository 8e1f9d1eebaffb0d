"""One sample of every message that flows, no field at its default: what the golden wire files hold."""

import msgspec

from embereye_addon import messages as m

BOX = m.Box(label="flame", confidence=0.91, left=0.25, top=0.5, right=0.375, bottom=0.75, track=7, age_s=2.5)
EVIDENCE = m.Evidence(
    point="pf.10-0-0-31.thermal",
    kind=m.Kind.HEAT,
    llr_nats=2.5,
    value=91.5,
    unit="°C",
    where="cell 12,7",
    cap_nats=24.0,
    rules=(m.Rule.FIXED_TEMPERATURE_PRE, m.Rule.FIXED_TEMPERATURE),
)
SHARE = m.Share(point="cam.dock-3.flame", kind=m.Kind.FLAME, value=91.0, unit="%", nats=12.5, share=0.75, where="left")
EXPLANATION = m.Explanation(
    rule="sequential_test_alarm",
    text="the evidence adds up to 16.5 nats; the alarm threshold is 16.0",
    sum_nats=16.5,
    threshold_nats=16.0,
    shares=(SHARE,),
)
CLUSTER = m.Cluster(
    peak_c=91.5, mean_c=80.25, area_px=6, x=0.375, y=0.25, contrast_k=66.5, rise_k_min=12.5, track=3, age_s=41.5
)
FAULT = m.Fault(code="stream_lost", about="cam.dock-3", since=1_700_000_000.5, text="no route to the camera")
STATUS = m.ZoneStatus(
    zone="dock",
    name="Dock",
    state=m.ZoneState.ALARM,
    since=1_700_000_001.5,
    alarm_id="dock-18bcfe56800",
    acknowledged=True,
    disabled=True,
    testing=True,
    score_pct=87.5,
    explanation=EXPLANATION,
    points=("cam.dock-3.flame", "cam.dock-3.smoke"),
    test_until=1_700_001_800.5,
    responded=("cam.dock-3.flame",),
    driving=True,
)
DISABLEMENT = m.Disablement(about="cam.dock-3.flame", since=1_700_000_000.25, until=1_700_003_600.25, by="anna")
INCIDENT = m.Incident(
    id="i-dock-18bcfe56800",
    severity=m.Severity.CONFIRMED,
    state=m.IncidentState.ACKNOWLEDGED,
    began=1_700_000_001.5,
    changed=1_700_000_004.5,
    ended=1_700_000_900.5,
    alarms=(
        m.IncidentAlarm(
            id="dock-18bcfe56800",
            zone="dock",
            name="Dock",
            level="alarm",
            began=1_700_000_001.5,
            ended=1_700_000_900.5,
        ),
    ),
    points=(
        m.IncidentPoint(point="cam.dock-3.flame", kind="flame", zone="dock", value=91.0, unit="%", at=1_700_000_001.5),
    ),
    left_out=2,
    into="i-hall-18c",
)
CAMERA: dict[str, object] = {"source": "cam.dock-3", "seq": 41, "at": 1_700_000_002.25}
DEVICE: dict[str, object] = {"source": "pf.10-0-0-31", "seq": 42, "at": 1_700_000_002.5}
PANEL: dict[str, object] = {"source": "panel", "seq": 43, "at": 1_700_000_002.75}


def _made(kind: type[msgspec.Struct], base: dict[str, object], **fields: object) -> msgspec.Struct:
    """A message with the fields all of its family have."""
    return kind(**base, **fields)


SAMPLES: tuple[msgspec.Struct, ...] = (
    _made(
        m.Sighting,
        CAMERA,
        node="node-1",
        frame=1234,
        model="embereye-1",
        looked=5,
        boxes=(BOX,),
        evidence=(EVIDENCE,),
        look_ms=12.5,
    ),
    _made(
        m.HotSpots,
        DEVICE,
        node="node-1",
        max_c=91.5,
        median_c=22.25,
        clusters=(CLUSTER,),
        evidence=(EVIDENCE,),
        decide_ms=1.5,
        outside_px=3,
        saturated_px=1,
    ),
    _made(
        m.ThermalFrame,
        DEVICE,
        cells=b"\x78\x9c cells",
        ambient_c=31.5,
        supply_v=3.25,
        replaced=(3, 767),
        coding="zlib-xy",
        outside=(4, 5),
    ),
    _made(
        m.Reading,
        DEVICE,
        channel="adc1",
        role="gas",
        raw=1234.5,
        baseline=1200.25,
        change_sigma=13.5,
        warming_up=True,
        stuck=True,
        evidence=(EVIDENCE,),
        mean=1230.25,
        low=1220.5,
        high=1240.5,
        count=7,
        slope_per_min=12.5,
        sigma=6.5,
        change_pct=0.75,
        out_of_range=True,
        ppm=412.5,
        gas="co2",
    ),
    _made(
        m.SourceHealth,
        CAMERA,
        node="node-1",
        state=m.LinkState.DEGRADED,
        rate_hz=12.5,
        received=1000,
        dropped=3,
        rejected=2,
        reconnects=1,
        latency_ms=35.5,
        faults=(("stream_lost", "no route"),),
        words={"codec": "h264"},
        judged=990,
        shed=7,
        rate_step="key frames only",
    ),
    _made(
        m.PendingDevices,
        {"source": "node-1.pf_gateway", "seq": 44, "at": 1_700_000_003.25},
        node="node-1",
        devices=(
            m.PendingDevice(
                identity="AB1234",
                address="10.0.0.32",
                first_seen=1_700_000_001.25,
                sensor_id="021C5626618B",
                double=True,
            ),
        ),
        refused=3,
    ),
    _made(
        m.ProcessHealth,
        {"source": "node-1.detector-0", "seq": 9, "at": 1_700_000_003.5},
        node="node-1",
        pid=4321,
        rss_mib=512.5,
        cpu_pct=37.5,
        loop_lag_ms=1.25,
        started_at=1_700_000_000.25,
        lost_logs=2,
        faults=(("model_missing", "no model"),),
        notices=("the processor has no AVX2",),
    ),
    _made(
        m.Belief,
        PANEL,
        zone="dock",
        sum_nats=16.5,
        pre_alarm_nats=11.0,
        alarm_nats=16.0,
        shares=(SHARE,),
    ),
    _made(
        m.AlarmChanged,
        PANEL,
        id="dock-18bcfe56800",
        zone="dock",
        name="Dock",
        was=m.ZoneState.PRE_ALARM,
        now=m.ZoneState.ALARM,
        cause="sequential_test_alarm",
        by="evidence",
        explanation=EXPLANATION,
    ),
    _made(
        m.PanelState,
        PANEL,
        revision=12,
        state=m.ZoneState.ALARM,
        zones=(STATUS,),
        faults=(FAULT,),
        silenced=True,
        last_alarm_id="dock-18bcfe56800",
        last_alarm_at=1_700_000_001.5,
        disablements=(DISABLEMENT,),
        isolated=True,
        sirens=("pf.boiler",),
        journal=m.JournalState(
            head=f"12:{'5a' * 32}", verified_at=1_700_000_000.25, broken="row 7 was changed", used_bytes=40_960
        ),
        day_mode="night",
        night=True,
        incidents=(INCIDENT,),
    ),
    _made(
        m.IncidentChanged,
        PANEL,
        news=m.IncidentNews.GREW,
        number=2,
        incident=INCIDENT,
        text="alarm in one zone: Dock; 1 point",
    ),
    _made(
        m.Snapshot,
        CAMERA,
        jpeg=b"\xff\xd8 picture \xff\xd9",
        boxes=(BOX,),
        why="the newest one",
    ),
    _made(m.Film, CAMERA, mp4=b"\x00\x00\x00 ftypisom", end=1_700_000_020.5, pending=True, why="it is made"),
    m.Acknowledge(by="anna", way="ui", target="dock"),
    m.Silence(by="anna", way="ui", target="dock"),
    m.Resound(by="anna", way="ui", target="dock"),
    m.Reset(by="anna", way="ui", target="dock"),
    m.Disable(by="anna", way="ui", target="dock", for_s=3600.0),
    m.Enable(by="anna", way="ui", target="dock"),
    m.WalkTest(by="anna", way="ui", target="dock", for_s=600.0),
    m.EndTest(by="anna", way="ui", target="dock"),
    m.Commission(by="anna", way="ui", target="dock"),
    m.EndCommission(by="anna", way="ui", target="dock"),
    m.DayMode(by="anna", way="ui", target="dock", mode="night"),
    m.Isolate(by="anna", way="ui", target="dock", for_s=600.0),
    m.Connect(by="anna", way="ui", target="dock"),
    m.Done(ok=False, why="Dock stays in alarm: it burns"),
    m.Sirens(zones=("dock", "hall"), devices=("pf.boiler",)),
    m.Sound(by="anna", way="ui", target="pf.boiler", for_s=30.0),
    m.EndSound(by="anna", way="ui", target="pf.boiler"),
    m.SetSetting(by="anna", way="mqtt", target="dock", section="zones", key="sensitivity", value="high"),
    m.SelfTest(by="anna", way="mqtt", target="all"),
    m.Restart(by="anna", way="mqtt", target="all"),
    m.CheckModel(asked_by="anna"),
    m.Promote(by="anna", way="ui", target="yolo-2"),
    m.SnapshotRequest(source="cam.dock-3", live=True),
    m.ClipRequest(source="cam.dock-3", key="dock-18bcfe56800:alarm", at=1_700_000_000.25, before_s=5.0, after_s=6.0),
)
