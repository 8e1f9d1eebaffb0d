"""What comes and goes by itself at one place of a thermal picture, again and again: a heater, an oven, a kettle. Pure.

An *episode* is a hot spot that met a limit of the rate of rise or of the pre-alarm's temperature, or nearly so, and was
over by itself. What at least `SEEN` remembered episodes at the same place have equalled, in heat, rise, size and time
together, is *usual*: its rise and its pre-alarm temperature ask for nothing there. Whatever exceeds them counts in
full from that look on, and so do always: the alarm's temperature, flicker, growth, every other place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from embereye_addon.fuse.spots import Track

SEEN = 3
"""So many harmless episodes make a habit."""
CALM_S, APART_S = 600.0, 3600.0
"""An episode is over once it has asked for nothing for the first and has fallen to half its contrast; what comes again
within the second is a part of it. The ups and downs of one fire are one episode, and no habit is made in an hour."""
FORGET_S = 28 * 86400.0
NEAR_PX = 2.0
"""The same place: centres no further apart."""
MARGIN_K, MARGIN_SHARE, ROOM_C = 5.0, 0.1, 20.0
"""What is hotter than it was by more than this, or than this share of what it was above a room, is not usual."""
TIMES, RISE_K_MIN, AREA_PX, ASKS_S = 1.5, 3.0, 4, 15.0
"""Nor is what rises faster, is larger or goes on asking longer than so many times as it did, and so much more."""
PAUSE_S = 15.0
"""What asks again within this has gone on asking: a flicker ends no rise."""
PLACE_MOST, MOST, OPEN_MOST = 30, 256, 16
"""Episodes remembered of one place and of a device, and those going on: the newest."""


class Standing(Enum):
    """What becomes of episodes now, as the panel says: `QUIET` they are learned once they are over; `HELD` by an alarm
    of a rise, they wait for its reset; `SPOILT` by any other alarm or by a test, they are never learned; `UNKNOWN`.
    """

    QUIET = "quiet"
    HELD = "held"
    SPOILT = "spoilt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Episode:
    """What was harmless: when it was over (UTC s), where its hottest look was, and the most that it showed.

    `asks_s` is the longest time for which it asked for something without a pause: how long it rose.
    """

    at: float
    row: float
    column: float
    peak_c: float
    rise_k_min: float
    area_px: int
    asks_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Going:
    """An episode that is not over: since when it asks without a pause and when last, its contrast at most and now.

    Times are monotonic. `grave`: it reached the alarm's temperature, or its zone's alarm was no matter of a rise. It is
    never learned.
    """

    most: Episode
    since_s: float
    last_s: float
    contrast_k: float
    now_k: float
    grave: bool = False

    def asks_s(self, now_mono_s: float) -> float:
        """For how long it has been asking without a pause; 0 while it does not."""
        return self.last_s - self.since_s if now_mono_s - self.last_s <= PAUSE_S else 0.0


@dataclass(frozen=True, slots=True)
class Habits:
    """What is remembered of one device's places, and what goes on there."""

    known: tuple[Episode, ...] = ()
    going: tuple[Going, ...] = ()


NONE = Habits()


def _near(one: Episode, other: Episode) -> bool:
    return math.hypot(one.row - other.row, one.column - other.column) <= NEAR_PX


def _equalled(one: Episode, other: Episode) -> bool:
    """Whether an episode showed no less than the other does."""
    margin_k = max(MARGIN_K, MARGIN_SHARE * (one.peak_c - ROOM_C))
    return (
        other.peak_c <= one.peak_c + margin_k
        and other.rise_k_min <= TIMES * one.rise_k_min + RISE_K_MIN
        and other.area_px <= TIMES * one.area_px + AREA_PX
        and other.asks_s <= TIMES * one.asks_s + ASKS_S
    )


def times_seen(known: Sequence[Episode], now: Episode) -> int:
    """How many harmless episodes at its place have equalled what shows now; 0 while they are too few for a habit."""
    seen = sum(_near(one, now) and _equalled(one, now) for one in known)
    return seen if seen >= SEEN else 0


def _shown(track: Track, asks_s: float = 0.0) -> Episode:
    """What a hot spot shows in this look, which has been asking for so long."""
    spot = track.spot
    return Episode(0.0, spot.row, spot.column, spot.peak_c, track.trend.rise_k_min, spot.area_px, asks_s)


def marked(habits: Habits, found: tuple[Track, ...], now_mono_s: float) -> tuple[Track, ...]:
    """The hot spots of the look that was `watched` last; those that are usual say so and are taken not to rise."""
    if not habits.known:
        return found
    after = []
    for track in found:
        now = _shown(track)
        asks_s = max((each.asks_s(now_mono_s) for each in habits.going if _near(each.most, now)), default=0.0)
        if seen := times_seen(habits.known, _shown(track, asks_s)):
            still = replace(track.trend, rise_k_min=min(0.0, track.trend.rise_k_min))
            track = replace(track, usual=seen, trend=still)
        after.append(track)
    return tuple(after)


def watched(
    habits: Habits, found: tuple[Track, ...], asking: Sequence[Track], alarm_c: float, now_mono_s: float
) -> Habits:
    """The habits after one look: what goes on goes on, and what `asking` hot spots begin has begun."""
    if not habits.going and not asking:
        return habits
    asks = [_shown(track) for track in asking]
    going = []
    for each in habits.going:
        here = [track for track in found if _near(each.most, _shown(track))]
        asked = any(_near(each.most, one) for one in asks)
        going.append(_gone_on(_asking(each, now_mono_s) if asked else each, here, alarm_c, now_mono_s))
    for track, one in zip(asking, asks, strict=True):
        if not any(_near(each.most, one) for each in (*habits.going, *going)):
            contrast_k = track.spot.contrast_k
            going.append(Going(one, now_mono_s, now_mono_s, contrast_k, contrast_k, one.peak_c >= alarm_c))
    return replace(habits, going=tuple(going[-OPEN_MOST:]))


def _asking(each: Going, now_mono_s: float) -> Going:
    since_s = each.since_s if now_mono_s - each.last_s <= PAUSE_S else now_mono_s
    return replace(each, since_s=since_s, last_s=now_mono_s)


def _gone_on(each: Going, here: list[Track], alarm_c: float, now_mono_s: float) -> Going:
    """An episode after one look, in which these hot spots are at its place."""
    most, contrast_k = each.most, max((track.spot.contrast_k for track in here), default=0.0)
    for track in here:
        most = _most(most, _shown(track, each.asks_s(now_mono_s)))
    grave = each.grave or most.peak_c >= alarm_c
    return replace(each, most=most, contrast_k=max(each.contrast_k, contrast_k), now_k=contrast_k, grave=grave)


def settled(habits: Habits, standing: Standing, now_mono_s: float, at: float) -> Habits:
    """The habits once more time has passed: what is over and was harmless is remembered, what is old is forgotten."""
    known, going = recent(habits.known, at), []
    for each in habits.going:
        held = replace(each, grave=each.grave or standing is Standing.SPOILT)
        over = now_mono_s - each.last_s >= CALM_S and each.now_k <= each.contrast_k / 2
        if not over or standing in (Standing.HELD, Standing.UNKNOWN):
            going.append(held)
        elif not held.grave:
            known = remembered(known, replace(each.most, at=at))
    return Habits(known, tuple(going))


def recent(known: tuple[Episode, ...], at: float) -> tuple[Episode, ...]:
    """The episodes that are not forgotten yet."""
    return tuple(one for one in known if abs(at - one.at) <= FORGET_S)


def remembered(known: tuple[Episode, ...], one: Episode) -> tuple[Episode, ...]:
    """The episodes with one more; of its place and in all only the newest are kept."""
    here = [each for each in known if _near(each, one)]
    dropped = here[0] if len(here) >= PLACE_MOST else None
    if here and abs(one.at - here[-1].at) < APART_S:
        dropped, one = here[-1], replace(_most(here[-1], one), at=here[-1].at)
    return (*(each for each in known if each is not dropped), one)[-MOST:]


def _most(one: Episode, other: Episode) -> Episode:
    """The most that either showed, where the hotter one was."""
    where = other if other.peak_c > one.peak_c else one
    return replace(
        where,
        rise_k_min=max(one.rise_k_min, other.rise_k_min),
        area_px=max(one.area_px, other.area_px),
        asks_s=max(one.asks_s, other.asks_s),
    )


def places(habits: Habits) -> tuple[tuple[Episode, int], ...]:
    """Each place with a habit: the newest of its episodes, and how many are remembered there."""
    found: list[tuple[Episode, int]] = []
    for one in reversed(habits.known):
        count = sum(_near(one, each) for each in habits.known)
        if count >= SEEN and not any(_near(one, each) for each, _ in found):
            found.append((one, count))
    return tuple(found)
