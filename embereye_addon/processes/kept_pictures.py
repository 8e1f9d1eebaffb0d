"""The picture of each camera's strongest evidence, without its private parts. Pictures leave by this door only."""

from collections.abc import Mapping
from dataclasses import dataclass

from embereye_addon.detect.masks import Masks, private
from embereye_addon.detect.picture import jpeg
from embereye_addon.detect.shard import Seen
from embereye_addon.frame import Frame
from embereye_addon.messages import Box

EVERY_S = 0.5
KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A JPEG with its boxes: when it was taken (UTC s, monotonic s), and how much it claimed (nats)."""

    jpeg: bytes
    boxes: tuple[Box, ...]
    at: float
    mono_s: float
    llr_nats: float


class KeptPictures:
    """One picture a camera. `keep` in the model's thread, the rest in any."""

    def __init__(self, masks_of: Mapping[str, Masks]) -> None:
        self._masks_of = masks_of
        self._kept: dict[str, Kept] = {}

    def keep(self, seen: Seen, boxes: tuple[Box, ...], llr_nats: float) -> None:
        """Keep the picture of a look if it is the strongest of late; a new one at most twice a second."""
        if llr_nats <= 0.0 or not boxes:
            return
        now_s = seen.received_mono_s
        kept = self._kept.get(seen.source)
        if kept is not None and now_s - kept.mono_s < EVERY_S:
            return
        if kept is not None and now_s - kept.mono_s < KEPT_S and kept.llr_nats > llr_nats:
            return
        encoded = jpeg(private(seen.picture.bgr(), self._of(seen.source)))
        if encoded:
            self._kept[seen.source] = Kept(encoded, boxes, seen.at, now_s, llr_nats)

    def of(self, source: str, now_s: float) -> Kept | None:
        """The kept picture, if it is not older than a minute."""
        kept = self._kept.get(source)
        return kept if kept is not None and now_s - kept.mono_s < KEPT_S else None

    def live(self, frame: Frame) -> bytes:
        """A camera's newest picture as it may be shown: a JPEG of at most 512 KiB, empty when it cannot be made."""
        return jpeg(private(frame.bgr, self._of(frame.source)))

    def _of(self, source: str) -> Masks:
        return self._masks_of.get(source, Masks())
