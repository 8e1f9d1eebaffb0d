"""What is kept of alarms: found again, bounded, and never outside its folder."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import StorageError
from embereye_addon.evidence import DAY_S, INDEX, Evidence, Keep, KeptFile, file_name, is_alarm_id
from embereye_addon.messages import AlarmChanged, Explanation, ZoneState

AT = 1_700_000_000.0
WHY = Explanation(rule="threshold", text="flame and heat", sum_nats=20.0, threshold_nats=16.0)


def change(ident: str = "hall-1", now: ZoneState = ZoneState.ALARM, at: float = AT) -> AlarmChanged:
    """One step of an alarm."""
    return AlarmChanged(
        source="panel",
        at=at,
        id=ident,
        zone="hall",
        name="Hall",
        was=ZoneState.NORMAL,
        now=now,
        cause="threshold",
        by="panel",
        explanation=WHY,
    )


def picture(name: str = "alarm-door.jpg") -> KeptFile:
    """An entry of the index."""
    return KeptFile(name=name, what="picture", source="cam.door", at=AT)


def aged(folder: Path, ident: str, at: float) -> None:
    """The alarm's last change was then."""
    os.utime(folder / ident, (at, at))


def test_an_alarm_is_kept_with_its_steps_and_files(tmp_path: Path) -> None:
    """The pre-alarm, the alarm and its reset are one entry, with the explanation of the alarm; a repeat is none."""
    evidence = Evidence(tmp_path / "evidence")
    early = msgspec.structs.replace(
        change(now=ZoneState.PRE_ALARM), explanation=msgspec.structs.replace(WHY, text="early")
    )
    evidence.note(early)
    evidence.add("hall-1", picture("pre_alarm-door.jpg"), b"early")
    for _ in range(2):
        evidence.note(change(at=AT + 5))
    evidence.add("hall-1", picture(), b"old")
    evidence.add("hall-1", picture(), b"\xff\xd8 picture")
    evidence.note(change(now=ZoneState.NORMAL, at=AT + 60))
    (kept,) = evidence.listed(10)
    assert (kept.id, kept.zone, kept.at, kept.state) == ("hall-1", "hall", AT, ZoneState.ALARM)
    assert kept.explanation.text == "flame and heat"
    assert [step.now.value for step in kept.changes] == ["pre_alarm", "alarm", "normal"]
    assert [file.name for file in kept.files] == ["pre_alarm-door.jpg", "alarm-door.jpg"]
    path = evidence.path("hall-1", "alarm-door.jpg")
    assert path is not None
    assert path.read_bytes() == b"\xff\xd8 picture"


def test_the_newest_come_first(tmp_path: Path) -> None:
    """The page shows what happened last."""
    evidence = Evidence(tmp_path)
    assert evidence.listed(5) == []
    for number in range(4):
        evidence.note(change(f"hall-{number}", at=AT + number))
        aged(tmp_path, f"hall-{number}", AT + number)
    (tmp_path / "hall-2" / INDEX).write_bytes(b"rubbish")
    assert [kept.id for kept in evidence.listed(3)] == ["hall-3", "hall-1"]


def test_copies_lie_where_home_assistant_looks(tmp_path: Path) -> None:
    """Dated folders in the order of time; the temperatures' table is for the page only."""
    media = tmp_path / "media"
    evidence = Evidence(tmp_path / "evidence", media)
    evidence.note(change())
    evidence.add("hall-1", picture(), b"picture")
    evidence.add("hall-1", KeptFile(name="alarm-roof.json", what="trend", source="pf.roof", at=AT), b"{}")
    assert [str(path.relative_to(media)) for path in media.rglob("*.*")] == [
        "2023-11-14_22-13-20_hall-1/alarm-door.jpg"
    ]
    (media / "2020-01-01_00-00-00_mine").mkdir()
    evidence.prune(Keep(1, 1, 1 << 30), AT + 1e9)
    assert [path.name for path in media.iterdir()] == ["2020-01-01_00-00-00_mine"], "only what was kept here goes"
    assert evidence.listed(5) == []


def test_the_disk_is_bounded_and_alarms_go_last(tmp_path: Path) -> None:
    """Age first, then size: the oldest pre-alarms, and only then the oldest alarms."""
    evidence = Evidence(tmp_path)
    for number in range(6):
        state = ZoneState.ALARM if number % 2 else ZoneState.PRE_ALARM
        evidence.note(change(f"a-{number}", state))
        evidence.add(f"a-{number}", picture(), b"x" * 10_000)
        aged(tmp_path, f"a-{number}", AT + number * DAY_S)
    now = AT + 6 * DAY_S
    left = evidence.prune(Keep(days=5.5, alarm_days=100, most_bytes=1 << 20), now)
    assert 50_000 < left < 60_000
    assert {path.name for path in tmp_path.iterdir()} == {"a-1", "a-2", "a-3", "a-4", "a-5"}
    assert evidence.prune(Keep(100, 100, 35_000), now) < 35_000
    assert {path.name for path in tmp_path.iterdir()} == {"a-1", "a-3", "a-5"}
    assert evidence.prune(Keep(100, 100, 25_000), now) < 25_000
    assert {path.name for path in tmp_path.iterdir()} == {"a-3", "a-5"}


@given(ident=st.text(max_size=20), name=st.text(max_size=30))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, ident: str, name: str) -> None:
    """Whatever an address or a message says, nothing but kept files is read or written."""
    outer = tmp_path_factory.mktemp("outer")
    (outer / "secret.jpg").write_bytes(b"secret")
    evidence = Evidence(outer / "evidence")
    evidence.note(change())
    for odd in (ident, "..", "../x", "hall-1/..", "", "."):
        assert evidence.path(odd, name) is None
        assert evidence.path(odd, "secret.jpg") is None
        if not is_alarm_id(odd):
            evidence.note(change(odd or " "))
            evidence.add(odd, picture(), b"x")
    for odd in (name, "../secret.jpg", "../../secret.jpg", INDEX):
        assert evidence.path("hall-1", odd) is None
        evidence.add("hall-1", picture(odd), b"x")
    assert {path.name for path in outer.iterdir()} == {"secret.jpg", "evidence"}
    assert {path.name for path in (outer / "evidence").iterdir()} == {"hall-1"}
    assert {path.name for path in (outer / "evidence" / "hall-1").iterdir()} == {INDEX}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link that somebody put there leads nowhere."""
    evidence = Evidence(tmp_path / "evidence")
    evidence.note(change())
    evidence.add("hall-1", picture(), b"x")
    path = tmp_path / "evidence" / "hall-1" / "alarm-door.jpg"
    path.unlink()
    (tmp_path / "secret").write_bytes(b"secret")
    path.symlink_to(tmp_path / "secret")
    assert evidence.path("hall-1", "alarm-door.jpg") is None


def test_names_are_made_of_ids() -> None:
    """Ids of the settings make good names, others none."""
    assert file_name(ZoneState.ALARM, "door-1", "jpg") == "alarm-door-1.jpg"
    assert file_name(ZoneState.NORMAL, "door-1", "jpg") == ""
    assert file_name(ZoneState.ALARM, "../door", "jpg") == ""


def test_a_disk_that_refuses_is_told_in_words(tmp_path: Path) -> None:
    """No traceback for a file in the way."""
    (tmp_path / "evidence").write_text("in the way")
    evidence = Evidence(tmp_path / "evidence")
    with pytest.raises(StorageError, match="cannot be read or written"):
        evidence.note(change())
    good = Evidence(tmp_path / "good", tmp_path / "evidence")
    good.note(change())
    with pytest.raises(StorageError, match="cannot be read or written"):
        good.add("hall-1", picture(), b"x")
