"""When a camera's picture goes to the model. Pure.

The heuristics see every picture and never decide alone: a quiet scene is looked at every 5 s, a changing one every
second, and one with something suspicious as often as the settings say.
"""

from dataclasses import dataclass

QUIET_S = 5.0
CHANGED_S = 1.0
SUSPECT_S = 5.0
"""A camera stays suspicious for this long after the last look that spoke for a fire."""
CANDIDATE_S = 2.0
"""And for this long after its last candidate."""
PATIENCE = 15
"""Looks in a row that found nothing where candidates were; then a candidate no longer makes a camera suspicious."""
CALM_S = 20.0
"""Without a candidate for so long, the next one is new."""

SPARE_LEAST, SPARE_KEPT = 0.15, 0.1


def spare(busy: float) -> float:
    """The part of the model's time for cameras without suspicion, where decoding is `busy` (0 to 1) on the same core.

    A little is left free, and never less than SPARE_LEAST is given: whatever the heuristics miss is found so.
    """
    return max(SPARE_LEAST, 1.0 - SPARE_KEPT - busy)


@dataclass(slots=True)
class Pace:
    """What is remembered of one camera's looks (monotonic s).

    `found` is called in the model's thread, the rest in the decode thread.
    """

    asked_s: float = -1.0e9
    suspect_until_s: float = -1.0e9
    candidate_s: float = -1.0e9
    fruitless: int = 0

    def suspect(self, now_s: float) -> bool:
        """Whether something is suspected now."""
        waking = now_s - self.candidate_s < CANDIDATE_S and self.fruitless < PATIENCE
        return waking or now_s < self.suspect_until_s

    def due(self, now_s: float, *, quiet: bool, candidate: bool, looks_hz: float) -> bool:
        """Whether this picture goes to the model; says so once and counts the time from here."""
        if candidate:
            if now_s - self.candidate_s > CALM_S:
                self.fruitless = 0
            self.candidate_s = now_s
        period_s = 1.0 / looks_hz if self.suspect(now_s) else QUIET_S if quiet else CHANGED_S
        if now_s - self.asked_s < period_s * 0.9:
            return False
        self.asked_s = now_s
        return True

    def found(self, now_s: float, *, fire: bool, woken: bool) -> None:
        """What a look at a picture of `now_s` came to; `woken` when candidates had asked for it."""
        if fire:
            self.suspect_until_s = now_s + SUSPECT_S
            self.fruitless = 0
        elif woken:
            self.fruitless += 1
