"""What one entity of Home Assistant is made of: the columns of the table in `entities`. Pure."""

import enum
from dataclasses import dataclass

from embereye_addon.publish.topics import Subject

VALUED = ("binary_sensor", "sensor", "switch", "select", "number", "siren", "update")
COMMANDED = ("button", "switch", "select", "number", "siren", "update")


class Needs(enum.StrEnum):
    """What must be there for an entity to be available."""

    THING = "thing"
    APP = "app"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Row:
    """One entity. Its value is the key of the same name in the state JSON of its thing.

    `attributes` names the key that holds the attributes; `role` the PF input, the calibration of one, the sounder, or
    the kind of an external without which it does not exist. A `setting` (SECTION.KEY) is shown and changed by its row:
    that of the thing itself, of a PF device's zone, or of the site; a number lies between `low` and `high`. `leaf` is
    the last part of the topic, where it is not that of its platform.
    """

    subject: Subject
    key: str
    platform: str
    name: str
    device_class: str = ""
    unit: str = ""
    category: str = ""
    enabled: bool = True
    needs: Needs = Needs.THING
    attributes: str = ""
    measured: bool = False
    counted: bool = False
    digits: int = -1
    expires: bool = False
    options: tuple[str, ...] = ()
    content_type: str = ""
    role: str = ""
    icon: str = ""
    setting: str = ""
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    leaf: str = ""

    @property
    def valued(self) -> bool:
        """Whether the entity reads a key of the state JSON."""
        return self.platform in VALUED and self.needs is not Needs.NOTHING

    @property
    def commanded(self) -> bool:
        """Whether the entity takes commands."""
        return self.platform in COMMANDED
