"""Recorded pictures through the whole path, by their own clock: glance, look, evidence, belief, alarm."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from embereye_addon.alarm import zone as alarm
from embereye_addon.alarm.clock import Now
from embereye_addon.detect.masks import Masks
from embereye_addon.detect.model import Looker
from embereye_addon.detect.shard import Glance, Outlets, Seen, Shard
from embereye_addon.detect.waiting import Picture
from embereye_addon.fuse import zone as belief
from embereye_addon.processes.ruling import beliefs_of, persist_s, place_of
from embereye_addon.processes.sightings import Told, evidence_of, something
from embereye_addon.settings.model import Detection, Zone

SOURCE = "cam.replay"


@dataclass(frozen=True, slots=True)
class Step:
    """One picture: seconds in the recording, what was glanced and (if the model looked) seen, the zone after it.

    `told` says whether this look would have been told, and so counted.
    """

    t_s: float
    glance: Glance
    seen: Seen | None
    told: bool
    want: belief.Want
    zone: alarm.Zone
    change: alarm.Change | None


@dataclass(slots=True)
class _Clock:
    """The recording's clock, which stands still while a picture is worked on."""

    s: float = 0.0


@dataclass(slots=True)
class _Seen:
    """The newest look, taken once."""

    looks: list[Seen] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def failed(self, _source: str, err: Exception) -> None:
        """A look that failed ends the replay: there is nobody who could look again."""
        self.errors.append(err)

    def take(self) -> Seen | None:
        """The look at the newest picture, if there was one; what failed is raised here."""
        if self.errors:
            raise self.errors[0]
        return self.looks.pop() if self.looks else None


def replayed(
    pictures: Iterable[Picture],
    model: Looker,
    zone: Zone,
    detection: Detection = Detection(),  # noqa: B008 - frozen
    masks: Masks = Masks(),  # noqa: B008 - frozen
) -> Iterator[Step]:
    """Every picture of one camera in this zone; the model looks at once, as on a machine with time to spare.

    The pictures' arrival times are the clock. What the model raises comes out here.
    """
    now, seen = _Clock(), _Seen()
    outlets = Outlets(seen.looks.append, seen.failed, clock=lambda: now.s, deadline_s=math.inf)
    shard = Shard(model, detection.looks_hz, outlets, {SOURCE: masks})
    beliefs, state, told, lasting_s = beliefs_of(zone), place_of(zone), Told(), persist_s(detection, zone)
    for picture in pictures:
        now.s = picture.received_mono_s
        glance = shard.offer(SOURCE, picture)
        shard.look(0.0)
        look = seen.take()
        telling = look is not None and told.due(now.s, something=something(look))
        if look is not None and telling:
            told.said_s = now.s
            for piece in evidence_of(look, lasting_s):
                beliefs = belief.hear(beliefs, piece, now.s)
        want = belief.want(beliefs, now.s)
        wanted = alarm.Wanted(want.state, want.gone, want.explanation, hard=want.hard)
        state, change = alarm.step(state, wanted, Now(now.s, picture.at))
        yield Step(now.s, glance, look, telling, want, state, change)
