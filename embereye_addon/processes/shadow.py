"""A model that looks on beside the live one: what it would have said is counted, and has no say."""

import logging
from dataclasses import dataclass

from embereye_addon.detect.model import Looker
from embereye_addon.detect.picture import fitted
from embereye_addon.detect.shard import Seen
from embereye_addon.errors import ModelError
from embereye_addon.observe.metrics import SHADOW_LOOKS

_log = logging.getLogger(__name__)

EVERY_S = 1.0
"""Over all cameras of a detector: the live model's time comes first."""


@dataclass(slots=True)
class Shadow:
    """Compares the model called `name` with the live one, on whole pictures, at most once a second.

    Called in the model's thread.
    """

    name: str
    model: Looker
    looked_s: float = -1.0e9
    failed: bool = False

    def looked(self, seen: Seen) -> None:
        """Look at the picture of a live look, if it is time to, and count who saw a fire or smoke."""
        if self.failed or seen.received_mono_s - self.looked_s < EVERY_S:
            return
        self.looked_s = seen.received_mono_s
        try:
            there = max(self.model.look(fitted(seen.picture.bgr())).llr_nats) > 0.0
        except ModelError as err:
            self.failed = True
            _log.warning("the model in shadow fails and looks on no more: %s", err)
            return
        saw = {(True, True): "both", (True, False): "live", (False, True): "shadow", (False, False): "none"}
        SHADOW_LOOKS.labels(self.name, saw[max(seen.llr_nats) > 0.0, there]).inc()
