"""Which model looks, and which one may take its place: what Home Assistant's update entity shows."""

import msgspec

from embereye_addon.detect.model import CARD_LIMIT, WEIGHTS
from embereye_addon.detect.models import SHIPPED, Models
from embereye_addon.errors import ModelError


class _Named(msgspec.Struct, frozen=True):
    """What is read of the shipped model's card."""

    name: str
    version: str


def shipped() -> str:
    """The name and version of the model that came with the program."""
    card = msgspec.json.decode((WEIGHTS / "card.json").read_bytes()[:CARD_LIMIT], type=_Named)
    return f"{card.name}-{card.version}"


def versions(models: Models) -> tuple[str, str, str]:
    """The live model, the newest one that passed its gate beside it (else the live one again), and its figures.

    A damaged file of models shows the shipped one, which then looks. Blocking.
    """
    try:
        state, there = models.state(), models.listed()
    except ModelError:
        return shipped(), shipped(), ""
    live = shipped() if state.live == SHIPPED else state.live
    passed = {
        name: gate
        for name, gate in state.gates.items()
        if gate.passed and gate.beside == state.live and name in there and name != state.live
    }
    if not passed:
        return live, live, ""
    newest = max(passed, key=lambda name: passed[name].at)
    return live, newest, passed[newest].words
