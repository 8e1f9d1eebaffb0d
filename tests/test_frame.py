"""The mailbox: the newest wins, what it replaces is counted, any thread may put."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from embereye_addon.frame import Frame, Mailbox


def frame(number: int) -> Frame:
    """A small picture."""
    return Frame("cam.a", number, 1.0, 2.0, np.zeros((2, 2, 3), dtype=np.uint8))


def test_the_newest_wins_and_the_loss_is_counted() -> None:
    """A slow looker must see the newest frame, and what it missed must show."""
    box = Mailbox[Frame]()
    assert box.take() is None
    for number in range(3):
        box.put(frame(number))
    taken = box.take()
    assert taken is not None
    assert (taken.number, box.dropped) == (2, 2)
    assert box.take() is None


def test_a_frame_that_was_taken_is_not_lost() -> None:
    """Putting after a take replaces nothing."""
    box = Mailbox[int]()
    for number in range(5):
        box.put(number)
        assert box.take() == number
    assert box.dropped == 0


def test_each_put_wakes_whoever_takes() -> None:
    """A looker that sleeps must be woken by every frame, in time to take it."""
    seen: list[int | None] = []
    box: Mailbox[int] = Mailbox(lambda: seen.append(box.take()))
    box.put(1)
    box.put(2)
    assert seen == [1, 2]


def test_between_threads_every_frame_is_taken_or_counted() -> None:
    """Nothing vanishes uncounted when several threads put at once."""
    box, taken, done = Mailbox[int](), list[int](), threading.Event()

    def look() -> None:
        while not done.is_set():
            number = box.take()
            if number is not None:
                taken.append(number)

    def put() -> None:
        for number in range(500):
            box.put(number)

    with ThreadPoolExecutor(3) as pool:
        pool.submit(look)
        for putting in [pool.submit(put), pool.submit(put)]:
            putting.result()
        done.set()
    left = box.take()
    assert len(taken) + box.dropped + (left is not None) == 1000
