"""Where everything stands on the broker. Pure: ids and words in, topics out, and back."""

import enum
import re
import zlib
from dataclasses import dataclass

BUTTONS = ("acknowledge", "silence", "resound", "reset")
"""What may be pressed, of the site and of a zone."""

_PLAIN = re.compile(r"^[A-Za-z0-9_-]+$")
_KEY = re.compile(r"^[a-z0-9_]{1,40}\Z")
_LEVEL = re.compile(r"^[A-Za-z0-9_.-]{1,80}$")


class Subject(enum.StrEnum):
    """What a device in Home Assistant may stand for."""

    SITE = "site"
    ZONE = "zone"
    CAMERA = "camera"
    PF = "pf"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class CommandTopic:
    """A parsed command topic: of which thing (its id, '' for the site), and the key of the entity."""

    subject: Subject
    thing: str
    key: str


def plain(text: str) -> str:
    """`text` as one discovery id (`[a-zA-Z0-9_-]+`); what cannot stay is replaced, and a checksum keeps two apart."""
    if _PLAIN.match(text):
        return text
    return f"{re.sub('[^A-Za-z0-9_-]+', '-', text).strip('-')}-{zlib.crc32(text.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one site, below `base` (such as `embereye`) and Home Assistant's `prefix`."""

    base: str = "embereye"
    prefix: str = "homeassistant"

    @property
    def app(self) -> str:
        """Whether the program itself is there (`online`/`offline`); the last will writes here."""
        return f"{self.base}/status"

    @property
    def answer(self) -> str:
        """What became of the last command; not retained."""
        return f"{self.base}/site/answer"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started or is about to stop."""
        return f"{self.prefix}/status"

    @property
    def commands(self) -> tuple[str, ...]:
        """The filters to subscribe to for commands."""
        others = (subject for subject in Subject if subject is not Subject.SITE)
        return (f"{self.base}/site/+/set", *(f"{self.base}/{subject}/+/+/set" for subject in others))

    def of(self, subject: Subject, thing: str, leaf: str) -> str:
        """The topic `status`, `state`, `event` or `snapshot` of a thing; there is one site, so it has no id."""
        return f"{self.base}/{subject}/{leaf}" if subject is Subject.SITE else f"{self.base}/{subject}/{thing}/{leaf}"

    def command(self, subject: Subject, thing: str, key: str) -> str:
        """Where a button is pressed or a switch is turned."""
        return self.of(subject, thing, f"{key}/set")

    def device_id(self, subject: Subject, thing: str) -> str:
        """The id of a device, and the root of its `unique_id`s: of the base topic, the subject and the settings' id."""
        root = plain(self.base.replace("/", "_"))
        return f"{root}_{subject}" if subject is Subject.SITE else f"{root}_{subject}_{plain(thing)}"

    def discovery(self, subject: Subject, thing: str) -> str:
        """Where the device bundle of a thing is announced."""
        return f"{self.prefix}/device/{self.device_id(subject, thing)}/config"

    def parse_command(self, topic: str) -> CommandTopic | None:
        """The place a command topic stands for, be there such an entity or not; None for other topics. Never raises."""
        if not topic.startswith(f"{self.base}/") or not topic.endswith("/set"):
            return None
        match topic[len(self.base) + 1 :].split("/"):
            case ["site", key, "set"] if _KEY.match(key):
                return CommandTopic(Subject.SITE, "", key)
            case ["zone" | "camera" | "pf" as subject, thing, key, "set"] if _LEVEL.match(thing) and _KEY.match(key):
                return CommandTopic(Subject(subject), thing, key)
            case _:
                return None
