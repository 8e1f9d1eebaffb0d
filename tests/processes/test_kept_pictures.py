"""Pictures that leave: the strongest evidence, and nothing private."""

import cv2
import numpy as np

from embereye_addon.detect.masks import GREY, masks
from embereye_addon.frame import Frame
from embereye_addon.messages import Box
from embereye_addon.processes.kept_pictures import KEPT_S, KeptPictures
from embereye_addon.settings.regions import parse
from tests.processes.seen import seen

BOX = Box(label="flame", confidence=0.9, left=0.1, top=0.1, right=0.2, bottom=0.2)
RIGHT = masks((parse("privacy right: 0.5,0 1,0 1,1 0.5,1"),))


def pixels(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The picture in a JPEG."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def test_the_picture_of_the_strongest_evidence_is_kept() -> None:
    """After an alarm people want the picture that decided, not the newest one; it is renewed at most twice a second."""
    kept = KeptPictures({})
    kept.keep(seen(1.0), (), 2.0)
    kept.keep(seen(1.0), (BOX,), 0.0)
    assert kept.of("cam.quiet", 1.0) is None, "nothing that speaks against a fire is kept"
    for now_s, nats, kept_s in (
        (1.0, 2.0, 1.0),
        (1.2, 3.0, 1.0),
        (2.0, 1.0, 1.0),
        (3.0, 2.5, 3.0),
        (100.0, 1.0, 100.0),
    ):
        kept.keep(seen(now_s), (BOX,), nats)
        picture = kept.of("cam.quiet", now_s)
        assert picture is not None
        assert (picture.mono_s, picture.at, picture.boxes) == (kept_s, 1e9 + kept_s, (BOX,))
    assert kept.of("cam.quiet", 100.0 + KEPT_S) is None, "old evidence is not shown as new"


def test_no_picture_leaves_with_its_private_part() -> None:
    """Neither the evidence nor the live picture shows the neighbour's window."""
    kept = KeptPictures({"cam.quiet": RIGHT})
    kept.keep(seen(1.0, level=250), (BOX,), 2.0)
    evidence = kept.of("cam.quiet", 1.0)
    assert evidence is not None
    white = np.full((48, 64, 3), 250, np.uint8)
    for jpeg in (evidence.jpeg, kept.live(Frame("cam.quiet", 1, 0.0, 0.0, white))):
        picture = pixels(jpeg).astype(int)
        assert abs(picture[:, 40:] - GREY).max() < 12
        assert picture[:, :24].min() > 230
    other = pixels(kept.live(Frame("cam.other", 1, 0.0, 0.0, white)))
    assert other.min() > 230, "another camera's masks are its own"
