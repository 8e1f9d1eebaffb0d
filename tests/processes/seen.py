"""Looks as a shard gives them."""

import numpy as np

from embereye_addon.detect.decode import Detection
from embereye_addon.detect.shard import Seen
from embereye_addon.detect.temporal import Claim, Figures
from embereye_addon.detect.track import Track
from tests.fakes.pictures import decoded

FLAME = Detection("flame", 3.0, 0.1, 0.2, 0.3, 0.4)


def seen(
    now_s: float, llr_nats: float = 2.0, *, box: Detection | None = FLAME, level: int = 200, number: int = 7
) -> Seen:
    """A look at a bright picture of 64x48 px that came at `now_s`, with one flame or none."""
    tracks = () if box is None else (Track(4, box, now_s - 3.0, now_s, 9.0, (0.0, 0.0, 0.0), 3.0, now_s, now_s - 2.5),)
    figures = Figures(True, 0.02, 5.0, 3.0, 1.0)
    flame = Claim(llr_nats) if box is None else Claim(llr_nats, llr_nats, box, 9.0, 2.5, figures)
    return Seen(
        source="cam.quiet",
        picture=decoded(np.full((48, 64, 3), level, np.uint8), number, now_s),
        number=number,
        at=1e9 + now_s,
        received_mono_s=now_s,
        llr_nats=(llr_nats, -3.0),
        claims=(flame, Claim(-3.0)),
        tracks=tracks,
        views=2,
        views_shed=1,
        late=False,
    )
