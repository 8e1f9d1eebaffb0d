"""Fires of several strengths through the product's own decision code: how long until a zone alarms, by what sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.budget_run import Setting, decided
from training.budget_sites import CAMERAS, DEVICE, Event, Rows
from training.budget_traces import Trace

WATCHED_S = 180.0
"""A fire is watched for so long from when it begins."""
LONG_S = 600.0
"""… and for so long where it is asked how much later a device tells of it."""
BEFORE_S = 15.0
WEAKER_NATS = (0.0, 1.0, 2.0)
"""How much less a camera claims in each look of a fire that is further away, smaller or behind haze."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the begin of each fire to its alarm, and to whatever told of it first; infinite where none was."""

    who: str
    alarm_s: NDArray[np.float64]
    told_s: NDArray[np.float64]

    @property
    def share(self) -> float:
        """Of the fires, how many alarmed in time."""
        return float(np.isfinite(self.alarm_s).mean())

    def within(self, part: float, *, told: bool = False) -> float:
        """In which time this part of all fires has alarmed, or has been told of; infinite where it never does."""
        return float(np.quantile(self.told_s if told else self.alarm_s, part, method="higher"))


def of_camera(trace: Trace, weaker_nats: float) -> Rows:
    """A clip's fire from `BEFORE_S` before it begins; once the clip ends it goes on as it was."""
    rows = trace.rows.copy()
    rows[:, 0] -= trace.fire_s
    rows[:, 2] = np.where(rows[:, 2] > -1.0, np.maximum(rows[:, 2] - weaker_nats, -1.0), -1.0)
    burning = rows[rows[:, 0] >= 0.0]
    long_s = trace.until_s - trace.fire_s
    turns = int(np.ceil(WATCHED_S / long_s))
    after = [burning + np.array([turn * long_s, 0.0, 0.0, 0.0, 0.0]) for turn in range(turns)]
    whole = np.concatenate([rows[rows[:, 0] < 0.0], *after])
    return whole[(whole[:, 0] >= -BEFORE_S) & (whole[:, 0] <= WATCHED_S)]


def of_device(trace: Trace, watched_s: float = WATCHED_S) -> Rows:
    """A simulated fire in the same time."""
    rows = trace.rows.copy()
    rows[:, 0] -= trace.fire_s
    return rows[(rows[:, 0] >= -BEFORE_S) & (rows[:, 0] <= watched_s)]


def times(who: str, fires: Iterable[dict[str, Rows]], setting: Setting) -> Times:
    """How long each fire takes, of which each source says its rows; what alarms before it burns does not count."""
    alarms, tellings = [], []
    for fire in fires:
        events = [Event(0.0, source, _shifted(rows), WATCHED_S + BEFORE_S, "fire", "") for source, rows in fire.items()]
        told = decided(events, setting)
        alarms.append(_late(told.alarm_s))
        tellings.append(_late(told.told_s))
    return Times(who, np.array(alarms), np.array(tellings))


def _late(at_s: float | None) -> float:
    return np.inf if at_s is None else max(at_s - BEFORE_S, 0.0)


def _shifted(rows: Rows) -> Rows:
    return rows + np.array([BEFORE_S, 0.0, 0.0, 0.0, 0.0])


def three(clips: list[Trace], scenes: list[Trace], weaker_nats: float, setting: Setting) -> tuple[Times, Times, Times]:
    """The same fires seen by a camera alone, by a PF device alone, and by both: every clip with every scene."""
    seen = [of_camera(trace, weaker_nats) for trace in clips]
    felt = [of_device(trace) for trace in scenes]
    pairs = [{CAMERAS[0]: one, DEVICE: other} for one in seen for other in felt]
    camera = times("camera alone", ({CAMERAS[0]: rows} for rows in seen), setting)
    return camera, before_device(scenes, setting), times("both", pairs, setting)


def before_device(scenes: list[Trace], setting: Setting, watched_s: float = WATCHED_S) -> Times:
    """Fires that a PF device alone sees."""
    return times("PF device alone", ({DEVICE: of_device(trace, watched_s)} for trace in scenes), setting)


@dataclass(frozen=True, slots=True)
class Later:
    """How much later (s) each fire is an alarm, and told of, where something is usual; infinite: no more."""

    sort: str
    alarm_s: NDArray[np.float64]
    told_s: NDArray[np.float64]


def later(sort: str, scenes: list[Trace], usual: list[Trace], setting: Setting) -> Later:
    """The same fires before a device that knows habits and one that knows none, of those that the latter alarms of."""
    plain, late = (before_device(each, setting, LONG_S) for each in (scenes, usual))
    seen = np.isfinite(plain.alarm_s)
    return Later(sort, (late.alarm_s - plain.alarm_s)[seen], (late.told_s - plain.told_s)[seen])
