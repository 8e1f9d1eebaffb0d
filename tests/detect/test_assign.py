"""Who watches what."""

import hypothesis.strategies as st
from hypothesis import given

from embereye_addon.detect.assign import mine, owner

NAMES = st.sets(st.text("abcdefgh0123456789.-", min_size=1, max_size=8), min_size=1, max_size=8)
SOURCES = st.sets(st.integers(0, 300).map(lambda number: f"cam.{number}"), max_size=40)


@given(NAMES, SOURCES)
def test_every_camera_has_exactly_one_watcher(detectors: set[str], sources: set[str]) -> None:
    """No camera is left unwatched, none is decoded twice, and no detector has more than its share."""
    shares = [mine(me, sources, detectors) for me in detectors]
    assert sum(len(share) for share in shares) == len(sources)
    assert frozenset().union(*shares) == sources
    assert max(len(share) for share in shares) <= -(-len(sources) // len(detectors))


def test_a_detector_counts_itself() -> None:
    """A detector that has heard of nobody watches everything."""
    assert mine("a", ["cam.1", "cam.2"], ()) == {"cam.1", "cam.2"}


def test_the_owner_does_not_depend_on_the_order() -> None:
    """All detectors agree without talking about it."""
    assert owner("cam.1", ["a", "b", "c"]) == owner("cam.1", ["c", "a", "b"])
    assert len({owner(f"cam.{number}", ["a", "b", "c"]) for number in range(50)}) == 3
