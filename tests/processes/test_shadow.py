"""A model in shadow: counted, without a say, and never in the way."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from embereye_addon.detect.model import Looked
from embereye_addon.errors import ModelError
from embereye_addon.observe.metrics import REGISTRY
from embereye_addon.processes.shadow import EVERY_S, Shadow
from tests.processes.seen import seen


@dataclass
class Other:
    """A second model with an opinion of its own."""

    nats: float
    name: str = "other 1"
    looks: list[tuple[int, ...]] = field(default_factory=list)

    def look(self, bgr: NDArray[np.uint8]) -> Looked:
        self.looks.append(bgr.shape)
        if self.nats > 90.0:
            raise ModelError("out of memory")
        return Looked((), (self.nats, -1.0), 1.0)

    def self_test(self) -> str:
        return ""


def counted(saw: str) -> float:
    """How often this was counted so far."""
    return REGISTRY.get_sample_value("embereye_shadow_looks_total", {"model": "other-1", "saw": saw}) or 0.0


@pytest.mark.parametrize(("other", "saw"), [(2.0, {"both", "shadow"}), (-2.0, {"live", "none"})])
def test_who_saw_what_is_counted(other: float, saw: set[str]) -> None:
    """The installer promotes a model whose disagreements nobody counted."""
    before = {name: counted(name) for name in ("both", "live", "shadow", "none")}
    shadow = Shadow("other-1", Other(other))
    shadow.looked(seen(100.0))
    grown = {name for name, count in before.items() if counted(name) > count}
    assert len(grown) == 1
    assert grown <= saw


def test_it_looks_once_a_second_at_most() -> None:
    """The model on trial takes the time of the one that watches."""
    model = Other(1.0)
    shadow = Shadow("other-1", model)
    one = seen(100.0)
    shadow.looked(one)
    shadow.looked(one)
    assert len(model.looks) == 1
    shadow.looked_s = one.received_mono_s - EVERY_S
    shadow.looked(one)
    assert len(model.looks) == 2


def test_a_shadow_that_fails_looks_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """A broken model on trial blinds the live one, or fills the log."""
    model = Other(99.0)
    shadow = Shadow("other-1", model)
    shadow.looked(seen(100.0))
    shadow.looked_s = -1.0e9
    shadow.looked(seen(100.0))
    assert (shadow.failed, len(model.looks)) == (True, 1)
    assert "looks on no more" in caplog.text
