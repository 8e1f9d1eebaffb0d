"""What a detector counts, and what it says a camera cannot see."""

from embereye_addon.detect.shard import Glance
from embereye_addon.detect.waiting import Ask, Waiting
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes.looked import LATE_S, Looked
from tests.processes.seen import seen

BLACK = ("picture_black", "the picture is black: mean level 2")


def glance(now_s: float, *, asked: bool = False, faults: tuple[tuple[str, str], ...] = ()) -> Glance:
    """A glance at a quiet picture."""
    return Glance("cam.quiet", 1, now_s, True, 0, faults, False, asked)


def value(name: str, **labels: str) -> float:
    """What a metric says now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_camera_that_needs_no_look_is_told_once_a_second() -> None:
    """Silence and nothing differ."""
    looked = Looked()
    looked.begin("cam.quiet", 0.0)
    assert looked.glanced(glance(0.0), 0.001)
    assert not looked.glanced(glance(0.5), 0.501)
    assert not looked.glanced(glance(2.0, asked=True), 2.001), "the look itself will be told"
    assert looked.seen(seen(2.0), 2.03)
    assert not looked.glanced(glance(2.5), 2.501)
    assert looked.glanced(glance(3.1), 3.101)


def test_what_was_looked_at_and_what_was_given_up_are_counted_apart() -> None:
    """A picture that was shed is never counted as looked at."""
    names = ("embereye_frames_looked_total", "embereye_looks_shed_total", "embereye_views_shed_total")
    before = [value(name, camera="cam.quiet") for name in names]
    looked, waiting = Looked(), Waiting()
    for number in (1, 2, 3):
        waiting.put(Ask("cam.quiet", seen(1.0, number=number).picture, (), False, 1.0))
    looked.count("detector-9", waiting)
    looked.count("detector-9", waiting)
    assert looked.seen(seen(5.0), 5.012)
    assert [value(name, camera="cam.quiet") - was for name, was in zip(names, before, strict=True)] == [1, 2, 1]
    assert value("embereye_model_queue", process="detector-9") == 1
    assert looked.latency_ms("cam.quiet") == 12.0
    assert looked.latency_ms("cam.other") == 0.0


def test_a_camera_that_cannot_see_is_a_fault_while_its_pictures_come() -> None:
    """Black, covered or not looked at: never quiet by itself; a lost stream has a fault of its own."""
    looked = Looked()
    looked.begin("cam.quiet", 0.0)
    looked.glanced(glance(1.0, faults=(BLACK,)), 1.001)
    assert looked.faults("cam.quiet", 2.0, coming=True) == (BLACK,)
    assert looked.faults("cam.quiet", 2.0, coming=False) == ()
    late = looked.faults("cam.quiet", LATE_S + 1.0, coming=True)
    assert [code for code, _ in late] == ["picture_black", "not_looked"]
    assert late[1][1] == "pictures come, but none was looked at for 11 s"
    looked.glanced(glance(12.0), 12.001)
    looked.seen(seen(12.0), 12.02)
    assert looked.faults("cam.quiet", 13.0, coming=True) == ()
    looked.glanced(glance(13.0, faults=(BLACK,)), 13.001)
    looked.begin("cam.quiet", 14.0)
    assert looked.faults("cam.quiet", 14.0, coming=True) == (), "it is watched anew"
