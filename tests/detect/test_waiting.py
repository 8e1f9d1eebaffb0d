"""The model's queue: the newest picture of each camera, suspicious cameras first, bounded and counted."""

import threading
import time
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embereye_addon.detect.waiting import Ask, Waiting
from embereye_addon.frame import Planes


@dataclass(frozen=True, slots=True)
class Numbered:
    """A picture without pixels: the queue looks at none."""

    number: int
    at: float = 0.0
    received_mono_s: float = 0.0
    size: tuple[int, int] = (0, 0)

    def planes(self) -> Planes:
        raise AssertionError

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        raise AssertionError

    def crop(
        self, left: float, top: float, right: float, bottom: float, width: int = 0, height: int = 0
    ) -> NDArray[np.uint8]:
        raise AssertionError


def ask(source: str, since_s: float, number: int = 1, *, suspect: bool = False) -> Ask:
    """A look that waits."""
    return Ask(source, Numbered(number), (), suspect, since_s)


def taken(waiting: Waiting) -> list[str]:
    """Everything that waits, in the order in which it is looked at."""
    order = []
    while (one := waiting.take(0.0)) is not None:
        order.append(one.source)
    return order


def test_suspicious_cameras_come_first_then_whoever_waits_longest() -> None:
    """A fire does not wait behind eighty quiet yards."""
    waiting = Waiting()
    for source, since_s, suspect in (("a", 1.0, False), ("b", 0.5, False), ("c", 3.0, True), ("d", 2.0, True)):
        waiting.put(ask(source, since_s, suspect=suspect))
    assert waiting.depth == 4
    assert taken(waiting) == ["d", "c", "b", "a"]
    assert waiting.shed == {}


def test_the_newest_picture_of_a_camera_wins_and_keeps_its_place() -> None:
    """An old picture is not worth a look, but its camera has waited; what is given up is counted."""
    waiting = Waiting()
    waiting.put(Ask("a", Numbered(1), ((0.0, 0.0, 0.1, 0.1),), True, 1.0))
    waiting.put(ask("b", 2.0, suspect=True))
    waiting.put(ask("a", 3.0, number=2))
    one = waiting.take(0.0)
    assert one is not None
    assert (one.source, one.picture.number, one.since_s, one.suspect) == ("a", 2, 1.0, True)
    assert one.boxes == ((0.0, 0.0, 0.1, 0.1),), "where to look is not forgotten"
    assert waiting.shed == {"a": 1}


def test_the_queue_is_bounded() -> None:
    """Pictures that wait hold memory; the least urgent one goes."""
    waiting = Waiting(most=2)
    waiting.put(ask("a", 1.0, suspect=True))
    waiting.put(ask("b", 2.0))
    waiting.put(ask("c", 1.5))
    assert waiting.depth == 2
    assert waiting.shed == {"b": 1}
    assert taken(waiting) == ["a", "c"]


def test_a_camera_that_went_away_is_not_looked_at() -> None:
    """Its lease is another detector's now."""
    waiting = Waiting()
    waiting.put(ask("a", 1.0))
    waiting.forget("a")
    waiting.forget("never seen")
    assert taken(waiting) == []
    assert waiting.shed == {}


def test_whoever_takes_is_woken_by_a_picture_and_by_the_end() -> None:
    """The model's thread neither sleeps through a fire nor outlives its process."""
    waiting = Waiting()
    got: list[Ask | None] = []
    thread = threading.Thread(target=lambda: got.extend((waiting.take(9.0), waiting.take(9.0))))
    thread.start()
    waiting.put(ask("a", 1.0))
    while not got and thread.is_alive() and waiting.depth:
        time.sleep(0.001)
    waiting.close()
    thread.join(9.0)
    assert not thread.is_alive()
    assert [one.source if one else None for one in got] == ["a", None]
    assert waiting.closed


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 100), st.booleans()), max_size=40))
def test_nothing_is_lost_uncounted(puts: list[tuple[str, float, bool]]) -> None:
    """Everything that was put is looked at or counted as shed."""
    waiting = Waiting(most=3)
    for source, since_s, suspect in puts:
        waiting.put(ask(source, since_s, suspect=suspect))
        assert waiting.depth <= 3
    assert len(taken(waiting)) + sum(waiting.shed.values()) == len(puts)


def test_who_waits_long_is_looked_at_as_it_is_now() -> None:
    """A camera that waited for three seconds must not be judged by what it showed three seconds ago."""
    waiting = Waiting()
    waiting.put(ask("a", 1.0, number=1))
    waiting.renew("a", Numbered(9))
    waiting.renew("b", Numbered(9))
    one = waiting.take(0.0)
    assert one is not None
    assert (one.source, one.picture.number, one.since_s) == ("a", 9, 1.0)
    assert waiting.shed == {}
    assert waiting.take(0.0) is None


def test_while_the_model_rests_only_suspicious_cameras_are_taken() -> None:
    """Routine leaves the core to decoding; a fire does not wait for that."""
    waiting = Waiting()
    waiting.put(ask("a", 1.0))
    assert waiting.take(0.0, suspects_only=True) is None
    waiting.put(ask("b", 2.0, suspect=True))
    one = waiting.take(0.0, suspects_only=True)
    assert one is not None
    assert one.source == "b"
    assert taken(waiting) == ["a"]
