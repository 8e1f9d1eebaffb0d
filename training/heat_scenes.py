"""Random thermal scenes, fires and others, as a seed draws them: what the heat evidence is calibrated on and judged by.

Ranges are what homes, offices, garages and workshops hold, set down from experience and makers' figures, not measured.
The same seed is the same scene for ever; seeds of the two sets never meet.
"""

from dataclasses import dataclass, field

from embereye_addon.demo.thermal_scenes import Expected, Scene
from embereye_addon.demo.thermal_things import Place
from training.heat_fires import FIRES
from training.heat_quiet import QUIET
from training.heat_story import Dice, Story


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn scene and what it is."""

    kind: str
    scene: Scene
    story: Story = field(repr=False)

    @property
    def fire(self) -> bool:
        """Whether it burns."""
        return self.story.where is not None


def draw(seed: int, at: Place | None = None) -> Drawn:
    """The scene of a seed: every second one a fire, each kind in turn, so that a run of seeds holds all alike.

    What stands somewhere in it stands `at` that place, if it is given.
    """
    half, fire = divmod(seed, 2)
    kinds = FIRES if fire else QUIET
    kind = tuple(kinds)[half % len(kinds)]
    dice = Dice(seed, at)
    story = kinds[kind](dice)
    room_c, drift_k_h = (dice.even(16.0, 30.0), dice.even(-4.0, 4.0))
    if dice.odds(0.15):
        room_c = dice.even(-5.0, 40.0)
    expected = Expected.ALARM if fire else Expected.AT_MOST_PRE if story.may_pre else Expected.NOTHING
    scene = Scene(
        f"{kind} {seed}",
        expected,
        story.patches,
        story.until_s,
        story.from_s,
        story.by_s,
        story.limits,
        room_c=lambda at_s: room_c + drift_k_h * at_s / 3600.0,
        broken=story.broken,
    )
    return Drawn(kind, scene, story)
