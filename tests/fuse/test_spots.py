"""Hot spots of one frame, and which of them is which in the next."""

import cv2
import numpy as np

from embereye_addon.fuse import spots
from embereye_addon.fuse.spots import NO_PAST, NO_TRACKS, Tracks

GROUND = np.full((24, 32), 20.0, dtype=np.float32)
Box = tuple[int, int, int, float]


def seen(tracks: Tracks, now_s: float, *boxes: Box) -> Tracks:
    """The tracks after a frame with square spots (row, column, side, °C)."""
    temps = GROUND.copy()
    for row, column, side, temp_c in boxes:
        temps[row : row + side, column : column + side] = temp_c
    labels = cv2.connectedComponents((temps > 30.0).astype(np.uint8), connectivity=8)[1].astype(np.int32)
    found = spots.measure(temps, GROUND, labels) if boxes else ()
    return spots.follow(tracks, found, labels, NO_PAST, now_s)


def ids(tracks: Tracks) -> list[int]:
    """The tracks' numbers."""
    return [track.id for track in tracks.live]


def test_a_spot_keeps_its_number_while_it_grows_and_another_is_new() -> None:
    """An operator follows one fire by its number."""
    tracks = seen(NO_TRACKS, 0.0, (5, 5, 2, 50.0))
    tracks = seen(tracks, 1.0, (5, 5, 4, 55.0), (15, 20, 2, 80.0))
    assert ids(tracks) == [2, 1]
    assert [track.since_s for track in tracks.live] == [1.0, 0.0]
    assert [track.spot.area_px for track in tracks.live] == [4, 16]


def test_two_that_merge_are_the_one_that_covers_more() -> None:
    """When two spots run together the larger one's history goes on."""
    tracks = seen(NO_TRACKS, 0.0, (5, 5, 2, 60.0), (5, 8, 4, 50.0))
    assert ids(tracks) == [1, 2]
    assert ids(seen(tracks, 1.0, (5, 5, 7, 60.0)))[0] == 2


def test_two_that_part_share_no_number() -> None:
    """When a spot breaks in two, one part is new."""
    tracks = seen(NO_TRACKS, 0.0, (5, 5, 7, 60.0))
    assert ids(seen(tracks, 1.0, (5, 5, 3, 70.0), (9, 9, 3, 60.0))) == [1, 2]


def test_a_small_spot_that_jumps_to_the_next_pixels_is_the_same() -> None:
    """A flame that leans over has no overlap with itself, but is near."""
    tracks = seen(NO_TRACKS, 0.0, (5, 5, 2, 60.0), (15, 5, 2, 50.0))
    assert ids(seen(tracks, 1.0, (5, 7, 2, 60.0), (15, 10, 2, 50.0)))[:2] == [1, 3]


def test_a_spot_that_is_hidden_for_a_while_is_the_same() -> None:
    """Somebody walks in front of a fire: it must not begin anew; after long enough it does."""
    tracks = seen(NO_TRACKS, 0.0, (5, 5, 2, 60.0))
    hidden = seen(tracks, 1.0)
    assert ids(hidden) == [1]
    assert ids(seen(hidden, 14.0, (5, 5, 2, 60.0))) == [1]
    assert ids(seen(hidden, 16.0, (5, 5, 2, 60.0))) == [2]
    assert ids(seen(hidden, 16.0)) == []


def test_a_single_pixel_is_no_spot() -> None:
    """One bad pixel is never a fire, and the large ones are told hottest first."""
    tracks = seen(NO_TRACKS, 0.0, (2, 2, 1, 200.0), (5, 5, 2, 50.0), (15, 5, 2, 90.0))
    assert [track.spot.peak_c for track in tracks.live] == [90.0, 50.0]


def test_tracks_are_bounded() -> None:
    """A scene that boils with hot spots must not fill the memory."""
    tracks = NO_TRACKS
    for number in range(40):
        boxes = [(row, 8 * place + number % 4, 2, 60.0 + row) for row in (1, 7, 13, 19) for place in range(3)]
        tracks = seen(tracks, number * 0.3, *[(row + number % 5, column, side, c) for row, column, side, c in boxes])
        assert len(tracks.live) <= spots.MAX_TRACKS
