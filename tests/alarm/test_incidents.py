"""Incidents: the same fire is one, nobody is called too often, and nothing is held back."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from embereye_addon.alarm import incidents
from embereye_addon.alarm.clock import Now
from embereye_addon.alarm.incidents import Book, KeptIncident, Notice, Rules, Seen, look
from embereye_addon.messages import IncidentNews, IncidentState, Kind, Severity, Share, ZoneState
from tests.alarm.samples import now

RULES = Rules()
NEW, GREW, OVER, MERGED = IncidentNews.NEW, IncidentNews.GREW, IncidentNews.OVER, IncidentNews.MERGED
BETWEEN = incidents.rules_of(120.0, 30.0, {"hall": ("dock", "barn"), "attic": ("loft",)})


def share(point: str, kind: Kind = Kind.FLAME, nats: float = 12.0) -> Share:
    """What a point says."""
    return Share(point=point, kind=kind, value=90.0, unit="%", nats=nats, share=1.0)


def zone(
    name: str,
    state: ZoneState = ZoneState.ALARM,
    *,
    alarm: str = "",
    seen: bool = False,
    points: tuple[Share, ...] = (),
) -> Seen:
    """A zone that is not normal; without points its own camera sees it."""
    return Seen(name, name.title(), alarm or f"{name}-1", state, seen, points or (share(f"cam.{name}.flame"),))


def pre(name: str, alarm: str = "") -> Seen:
    """A zone in pre-alarm."""
    return zone(name, ZoneState.PRE_ALARM, alarm=alarm)


def run(book: Book, *steps: tuple[float, tuple[Seen, ...]], rules: Rules = RULES) -> tuple[Book, list[Notice]]:
    """The incidents after looks at these seconds, and all that was told."""
    told: list[Notice] = []
    for mono_s, zones in steps:
        book, notices = look(book, zones, rules, now(mono_s))
        told += notices
    return book, told


def news(told: list[Notice]) -> list[IncidentNews]:
    """What was told, in order."""
    return [notice.news for notice in told]


# --- what belongs together ----------------------------------------------------------------------------------
def test_five_cameras_at_one_fire_are_one_incident() -> None:
    """Somebody is called five times for one fire, or cannot tell which camera saw it first."""
    cameras = [share(f"cam.{n}.flame") for n in range(5)]
    steps = [(float(n), (zone("hall", points=tuple(cameras[: n + 1])),)) for n in range(5)]
    book, told = run((), *steps)
    assert news(told) == [NEW]
    (only,) = book
    assert [point.point for point in only.incident.points] == [f"cam.{n}.flame" for n in range(5)]
    assert only.incident.severity is Severity.ALARM
    book, told = run(book, (30.0, steps[-1][1]))
    assert news(told) == [GREW]
    assert told[0].text == "alarm in one zone: Hall; 5 points"


def test_a_fire_that_spreads_in_time_is_one_incident_and_graver_at_once() -> None:
    """The second zone is another incident, or is told of half a minute late."""
    book, told = run((), (0.0, (zone("hall"),)), (1.0, (zone("hall"), zone("dock"))))
    assert [(notice.news, notice.incident.severity) for notice in told] == [
        (NEW, Severity.ALARM),
        (GREW, Severity.SPREADING),
    ]
    assert len(book) == 1
    assert [alarm.zone for alarm in book[0].incident.alarms] == ["hall", "dock"]


def test_an_alarm_after_the_window_is_an_incident_of_its_own() -> None:
    """Two fires hours apart are one, so that the second calls nobody."""
    book, told = run((), (0.0, (zone("hall"),)), (121.0, (zone("hall"), zone("dock"))))
    assert news(told) == [NEW, NEW]
    assert len(book) == 2


def test_a_zone_that_names_neighbours_joins_only_them_and_as_long_as_they_stand() -> None:
    """A fire next door an hour later is the same fire; one at the other end of the site in the same minute is not."""
    rules = incidents.rules_of(120.0, 30.0, {"hall": ("dock",), "dock": (), "barn": ("shed",)})
    book, told = run((), (0.0, (zone("hall"),)), (3600.0, (zone("hall"), zone("dock"))), rules=rules)
    assert news(told) == [NEW, GREW]
    assert len(book) == 1
    book, _ = run((), (0.0, (zone("hall"),)), (1.0, (zone("hall"), zone("barn"), zone("attic"))), rules=rules)
    assert [[alarm.zone for alarm in each.incident.alarms] for each in book] == [["hall"], ["barn"], ["attic"]]
    ended, _ = run((), (0.0, (pre("hall"),)), (5.0, ()), (100.0, (pre("dock"),)), rules=rules)
    assert len(ended) == 1, "its neighbour's pre-alarm cleared a moment ago"


def test_a_pre_alarm_that_comes_and_goes_is_one_incident() -> None:
    """A candle in a draught calls somebody every half a minute."""
    steps = [(30.0 * n, (pre("hall", f"hall-{n}"),) if n % 2 == 0 else ()) for n in range(9)]
    book, told = run((), *steps)
    assert news(told)[0] is NEW
    assert OVER not in news(told)
    assert [alarm.id for alarm in book[0].incident.alarms] == [f"hall-{n}" for n in (0, 2, 4, 6, 8)]
    book, told = run(book, (271.0, ()), (390.0, ()), (391.0, ()))
    assert news(told) == [OVER]
    assert book == ()
    assert (told[0].incident.state, told[0].incident.ended) == (IncidentState.CLOSED, now(391.0).at)


def test_a_reset_ends_it_at_once_and_what_burns_on_is_a_new_one() -> None:
    """After a reset a fire that is still there calls nobody."""
    book, _ = run((), (0.0, (zone("hall"), zone("dock"))))
    book, told = run(book, (10.0, (zone("dock"),)))
    assert told == [], "one of two was reset"
    book, told = run(book, (11.0, (zone("dock", alarm="dock-2"),)))
    assert news(told) == [OVER, NEW]
    assert book[0].incident.id != told[0].incident.id


def test_different_physics_confirm_an_alarm_whenever_they_come() -> None:
    """A camera's flame and its smoke pass for two witnesses, or heat that comes later is not told."""
    picture = (share("cam.a.flame"), share("cam.a.smoke", Kind.SMOKE))
    book, told = run((), (0.0, (zone("hall", points=picture),)))
    assert told[0].incident.severity is Severity.ALARM
    weak = (*picture, share("pf.b.thermal", Kind.HEAT, 1.0))
    book, told = run(book, (1.0, (zone("hall", points=weak),)))
    assert told == []
    strong = (*picture, share("pf.b.thermal", Kind.HEAT, 4.0))
    book, told = run(book, (2.0, (zone("hall", points=strong),)))
    assert (told[0].news, told[0].incident.severity) == (GREW, Severity.CONFIRMED)


def test_severity_never_goes_down_and_a_risen_pre_alarm_is_told_at_once() -> None:
    """The pre-alarm that became a fire waits for its turn, or an alarm that was reset makes a fire look smaller."""
    book, told = run((), (0.0, (pre("hall"),)), (1.0, (zone("hall"),)), (2.0, (pre("hall"),)))
    assert [notice.incident.severity for notice in told] == [Severity.PRE_ALARM, Severity.ALARM]
    assert book[0].incident.severity is Severity.ALARM
    assert book[0].incident.alarms[0].level == "alarm"


def test_it_is_acknowledged_when_all_that_stands_is() -> None:
    """A second zone's alarm hides behind the acknowledgement of the first."""
    book, _ = run((), (0.0, (zone("hall", seen=True),)), (1.0, (zone("hall", seen=True),)))
    assert book[0].incident.state is IncidentState.ACKNOWLEDGED
    book, _ = run(book, (2.0, (zone("hall", seen=True), zone("dock"))))
    assert book[0].incident.state is IncidentState.ACTIVE
    book, _ = run(book, (3.0, (zone("hall", seen=True), zone("dock", seen=True))))
    assert book[0].incident.state is IncidentState.ACKNOWLEDGED


def test_a_zone_without_a_strong_point_names_its_first() -> None:
    """An alarm by a hard rule alone has no first witness."""
    book, _ = run((), (0.0, (zone("hall", points=(share("pf.b.thermal", Kind.HEAT, 0.1),)),)))
    assert [point.point for point in book[0].incident.points] == ["pf.b.thermal"]


# --- what turns out to be one fire -----------------------------------------------------------------------------
def test_an_alarm_between_two_incidents_makes_them_one() -> None:
    """One fire goes on as two: whoever acknowledges the one knows nothing of the other, and each calls by itself."""
    zones = (zone("dock"), zone("barn", seen=True))
    book, told = run((), (0.0, zones[:1]), (50.0, zones), rules=BETWEEN)
    assert news(told) == [NEW, NEW]
    older, younger = (each.incident.id for each in book)
    book, told = run(book, (51.0, (*zones, zone("hall"))), rules=BETWEEN)
    assert [(notice.news, notice.incident.id, notice.number) for notice in told] == [
        (MERGED, younger, 2),
        (GREW, older, 2),
    ]
    assert (told[0].incident.state, told[0].incident.into) == (IncidentState.CLOSED, older)
    assert told[0].text.startswith(f"part of {older} now: alarm in one zone: Barn")
    assert told[1].text == "alarm in several zones: Dock, Barn, Hall; 3 points"
    (only,) = book
    assert [alarm.zone for alarm in only.incident.alarms] == ["dock", "barn", "hall"]
    assert [point.at for point in only.incident.points] == [now(0.0).at, now(50.0).at, now(51.0).at]
    assert (only.incident.began, only.incident.severity) == (now(0.0).at, Severity.SPREADING)
    book, told = run(book, (52.0, (zone("barn"),)), (53.0, ()), rules=BETWEEN)
    assert [(notice.news, notice.incident.id) for notice in told] == [(OVER, older)], (
        "the younger has had its last word"
    )


def test_what_was_never_told_is_merged_without_a_word() -> None:
    """A fire that breaks through everywhere at once ends incidents of which nobody has heard."""
    book, told = run((), (0.0, (zone("dock"), zone("barn"), zone("hall"))), rules=BETWEEN)
    assert news(told) == [NEW]
    assert len(book[0].incident.alarms) == 3


def test_an_alarm_apart_from_one_of_two_joins_the_other_only() -> None:
    """A fire at the other end of the site becomes a part of one that is not there any more."""
    loft = zone("loft")
    book, _ = run((), (0.0, (pre("dock"), loft)), (1.0, (loft,)), (125.0, (loft, zone("hall"))), rules=BETWEEN)
    assert [[alarm.zone for alarm in each.incident.alarms] for each in book] == [["loft"], ["hall"]]


def test_without_neighbours_whoever_is_in_the_time_of_two_makes_them_one() -> None:
    """A third zone follows two that burn on, and joins only the one that grew last."""
    hall, more = zone("hall"), zone("hall", points=(share("cam.hall.flame"), share("cam.other.flame")))
    book, told = run((), (0.0, (hall,)), (121.0, (hall, zone("dock"))), (200.0, (more, zone("dock"))))
    assert len(book) == 2
    book, told = run(book, (201.0, (more, zone("dock"), zone("barn"))))
    assert news(told) == [MERGED, GREW]
    assert [alarm.zone for alarm in book[0].incident.alarms] == ["hall", "dock", "barn"]


def test_merging_keeps_the_bounds_and_counts_what_is_left_out() -> None:
    """Two long incidents make one that no message can carry."""
    book: Book = ()
    for n in range(300):
        flapping = (pre("dock", f"dock-{n}"), pre("barn", f"barn-{n}")) if n else ()
        crowd = tuple(share(f"cam.{k}.flame") for k in range(100))
        book, _ = run(book, (float(n), (zone("shed"), zone("yard", points=crowd), *flapping)), rules=FAR)
    assert [len(each.incident.alarms) for each in book] == [300, 300]
    standing = (zone("shed"), zone("yard"), pre("dock", "dock-299"), pre("barn", "barn-299"))
    book, _ = run(book, (300.0, (*standing, zone("hall"))), rules=FAR)
    (only,) = book
    assert len(only.incident.alarms) == incidents.ALARMS_MOST
    assert only.incident.left_out == 601 - incidents.ALARMS_MOST
    assert {alarm.zone for alarm in only.standing} == {"shed", "yard", "dock", "barn", "hall"}
    assert len(only.incident.points) <= incidents.POINTS_MOST


FAR = incidents.rules_of(120.0, 30.0, {"shed": ("dock",), "yard": ("barn",), "hall": ("shed", "yard")})


# --- bounds -------------------------------------------------------------------------------------------------
def test_a_hundred_alarms_in_a_minute_are_one_incident_and_few_calls() -> None:
    """The flood: a hundred cameras, one phone."""
    zones: tuple[Seen, ...] = ()
    book: Book = ()
    told: list[Notice] = []
    for n in range(100):
        zones = (*zones, zone(f"zone{n}"))
        book, more = run(book, (0.6 * n, zones))
        told += more
    book, more = run(book, (120.0, zones))
    told += more
    assert news(told) == [NEW, GREW, GREW, GREW]
    assert len(book) == 1
    assert len(book[0].incident.alarms) == 100
    assert told[-1].text.startswith("alarm in several zones: Zone0, Zone1, Zone2, Zone3, Zone4 and 95 more; 100 points")


def test_lists_are_bounded_and_what_is_left_out_is_counted() -> None:
    """A flapping zone fills the memory, or pushes out what stands."""
    book: Book = ()
    for n in range(incidents.ALARMS_MOST + 20):
        flapping = (pre("hall", f"hall-{n}"),) if n else ()
        book, _ = run(book, (float(n), (zone("dock"), *flapping)))
    (only,) = book
    assert len(only.incident.alarms) == incidents.ALARMS_MOST
    assert only.incident.left_out == 20
    assert {alarm.zone for alarm in only.standing} == {"dock", "hall"}
    crowd = tuple(share(f"cam.{n}.flame") for n in range(incidents.POINTS_MOST + 5))
    book, told = run((), (0.0, (zone("hall", points=crowd),)))
    assert len(book[0].incident.points) == incidents.POINTS_MOST
    assert told[0].text.endswith("128 points or more")


def test_beyond_so_many_incidents_the_newest_takes_what_comes() -> None:
    """A site of islands in alarm everywhere overflows the panel's state."""
    names = [f"zone{n}" for n in range(incidents.OPEN_MOST + 3)]
    rules = incidents.rules_of(120.0, 30.0, {name: (f"none{name}",) for name in names})
    book, told = run((), (0.0, tuple(zone(name) for name in names)), rules=rules)
    assert len(book) == incidents.OPEN_MOST
    assert sum(len(each.incident.alarms) for each in book) == len(names)
    assert len(told) == incidents.OPEN_MOST


ZONES = ("hall", "dock", "barn")
Step = tuple[float, dict[str, tuple[int, ZoneState]]]
STEPS = st.lists(
    st.tuples(
        st.floats(0.1, 90.0),
        st.dictionaries(
            st.sampled_from(ZONES),
            st.tuples(st.integers(0, 3), st.sampled_from((ZoneState.PRE_ALARM, ZoneState.ALARM))),
        ),
    ),
    max_size=40,
)


def seen_in(step: dict[str, tuple[int, ZoneState]]) -> tuple[Seen, ...]:
    """The zones of a drawn step."""
    return tuple(zone(name, state, alarm=f"{name}-{number}") for name, (number, state) in step.items())


@given(steps=STEPS, adjacent=st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_comes_every_alarm_is_in_one_incident_and_calls_are_bounded(steps: list[Step], adjacent: bool) -> None:
    """Some order of alarms loses one, tells `new` or `over` twice, makes an incident less grave, or floods."""
    rules = incidents.rules_of(60.0, 20.0, {"hall": ("dock",)} if adjacent else {})
    book: Book = ()
    mono_s = 0.0
    began: dict[str, float] = {}
    told: dict[str, list[tuple[float, Notice]]] = {}
    for wait_s, step in steps:
        mono_s += wait_s
        zones = seen_in(step)
        before = {each.incident.id: each for each in book}
        book, notices = look(book, zones, rules, now(mono_s))
        for notice in notices:
            began.setdefault(notice.incident.id, mono_s)
            told.setdefault(notice.incident.id, []).append((mono_s, notice))
        standing = [alarm.id for each in book for alarm in each.standing]
        assert sorted(standing) == sorted(each.alarm_id for each in zones)
        assert all(each.number >= 1 for each in book), "what is open was told"
        order = list(Severity)
        for each in book:
            if each.incident.id in before:
                was = before[each.incident.id].incident
                assert order.index(each.incident.severity) >= order.index(was.severity)
                assert {alarm.id for alarm in was.alarms} <= {alarm.id for alarm in each.incident.alarms}
    for ident, heard in told.items():
        kinds = [notice.news for _, notice in heard]
        assert kinds[0] is NEW
        assert kinds.count(NEW) == 1
        assert OVER not in kinds[:-1]
        assert [notice.number for _, notice in heard] == list(range(1, len(heard) + 1))
        lasted_s = heard[-1][0] - began[ident]
        assert kinds.count(GREW) <= len(Severity) - 1 + lasted_s / rules.grew_s


@given(steps=STEPS, between=st.booleans())
@settings(max_examples=150, deadline=None)
def test_merging_loses_nothing_and_each_incident_has_one_last_word(steps: list[Step], between: bool) -> None:
    """Some order of alarms leaves an alarm between two incidents, in both or in none, or one goes on that had ended."""
    rules = incidents.rules_of(60.0, 20.0, {"hall": ("dock", "barn")} if between else {})
    book: Book = ()
    mono_s, finished = 0.0, set[str]()
    for wait_s, step in steps:
        mono_s += wait_s
        zones, before = seen_in(step), book
        known = {alarm.id for each in before for alarm in each.standing}
        book, notices = look(book, zones, rules, now(mono_s))
        held = {each.incident.id: {alarm.id for alarm in each.incident.alarms} for each in book}
        for notice in notices:
            assert notice.incident.id not in finished
            if notice.news in (OVER, MERGED):
                finished.add(notice.incident.id)
            if notice.news is MERGED:
                assert {alarm.id for alarm in notice.incident.alarms} <= held[notice.incident.into]
        assert not finished & held.keys()
        for each in before:
            assert each.incident.id in finished | held.keys(), "an incident ends with a word"
        fresh = {each.zone for each in zones if each.alarm_id not in known}
        if between and {"hall"} == fresh and {"dock", "barn"} <= {each.zone for each in zones}:
            assert len(held) == 1, "the alarm lies between them"


@given(steps=STEPS, cut=st.integers(0, 40))
@settings(max_examples=80, deadline=None)
def test_a_killed_panel_tells_nothing_twice_and_forgets_nothing(steps: list[Step], cut: int) -> None:
    """After kill -9 an incident is new again, or its alarms are gone."""
    book: Book = ()
    mono_s = 0.0
    for wait_s, step in steps[:cut]:
        mono_s += wait_s
        book, _ = look(book, seen_in(step), RULES, now(mono_s))
    raw = msgspec.msgpack.encode(incidents.keep(book))
    kept = msgspec.msgpack.decode(raw, type=tuple[KeptIncident, ...])
    after = incidents.restored(kept, Now(5.0, now(mono_s).at))
    assert [each.incident for each in after] == [each.incident for each in book]
    zones = tuple(
        Seen(alarm.zone, alarm.name, alarm.id, ZoneState(alarm.level), False, ())
        for each in book
        for alarm in each.standing
    )
    again, told = look(after, zones, RULES, Now(6.0, now(mono_s).at))
    assert told == ()
    assert [each.number for each in again] == [each.number for each in book]


def test_nothing_changes_while_nothing_changes() -> None:
    """Every tick makes a revision, and so a message."""
    book, _ = run((), (0.0, (zone("hall"),)))
    again, told = run(book, (1.0, (zone("hall"),)))
    assert (again, told) == (book, [])
