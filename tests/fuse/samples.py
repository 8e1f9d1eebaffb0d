"""Evidence that the tests of fusion speak of."""

import itertools

from embereye_addon.fuse import zone as fusion
from embereye_addon.fuse.zone import Beliefs
from embereye_addon.messages import Evidence, Kind, Rule


def claim(
    point: str = "cam.a.flame",
    llr_nats: float = 3.0,
    kind: Kind = Kind.FLAME,
    cap_nats: float = 24.0,
    rules: tuple[Rule, ...] = (),
) -> Evidence:
    """One point's claim."""
    return Evidence(point=point, kind=kind, llr_nats=llr_nats, value=80.0, unit="%", cap_nats=cap_nats, rules=rules)


def heard(beliefs: Beliefs, pieces: tuple[Evidence, ...], *, start_s: float, every_s: float, looks: int) -> Beliefs:
    """The beliefs after all `pieces` came at each of `looks` looks."""
    for look, piece in itertools.product(range(looks), pieces):
        beliefs = fusion.hear(beliefs, piece, start_s + look * every_s)
    return beliefs
