"""Does the wall clock keep step with the monotonic one? A jump is told by how much, until it has run steadily. Pure.

Nothing is decided by the wall clock, so a jump breaks no alarm; but the times that people read are wrong around it.
"""

from dataclasses import dataclass

from embereye_addon.alarm.clock import Now

STEP_S = 2.0
"""A smaller step is no jump: whoever sets a clock by a network's time steps it by less, or turns it slowly."""
STEADY_S = 25.0
"""Without another jump for so long the cause is over."""
TURNED = 0.001
"""How fast a clock may be turned without a step (s a second); kernels turn by half of that at most."""


@dataclass(frozen=True, slots=True)
class Wall:
    """How far the wall clock was ahead of the monotonic one (s), when it was looked at, and the last jump, if any."""

    ahead_s: float
    looked_s: float
    jumped_s: float | None = None
    by_s: float = 0.0

    @property
    def words(self) -> str:
        """What is wrong with the clock now; an empty text when nothing is."""
        if self.jumped_s is None:
            return ""
        way = "forward" if self.by_s > 0.0 else "back"
        return (
            f"the clock of this machine jumped {way} by {abs(self.by_s):.1f} s; the log keeps its order by number, and"
            " nothing is decided by this clock. Check the machine's time service; a machine that slept reads the same"
        )


def begun(now: Now) -> Wall:
    """The clock as it is at the start."""
    return Wall(now.at - now.mono_s, now.mono_s)


def look(wall: Wall, now: Now) -> tuple[Wall, float]:
    """The clock after a look, and by how much it jumped since the last one (s; 0: it did not)."""
    apart_s = now.at - now.mono_s - wall.ahead_s
    if abs(apart_s) >= STEP_S:
        return Wall(now.at - now.mono_s, now.mono_s, now.mono_s, apart_s), apart_s
    most_s = TURNED * max(0.0, now.mono_s - wall.looked_s)
    turned_s = min(most_s, max(-most_s, apart_s))
    stands = wall.jumped_s is not None and now.mono_s - wall.jumped_s < STEADY_S
    jumped = (wall.jumped_s, wall.by_s) if stands else (None, 0.0)
    return Wall(wall.ahead_s + turned_s, now.mono_s, *jumped), 0.0
