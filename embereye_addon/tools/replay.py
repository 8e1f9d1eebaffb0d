"""replay: recordings through the whole path to the alarm, faster than they were, a line for each change."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from embereye_addon.alarm.zone import RANK, Change
from embereye_addon.detect.masks import Masks, masks, private
from embereye_addon.detect.model import Looker, Model
from embereye_addon.detect.reduce import factor
from embereye_addon.errors import EmberEyeError, ProtocolError, SettingsFileError
from embereye_addon.fuse.zone import THRESHOLDS_NATS
from embereye_addon.messages import Explanation, ZoneState
from embereye_addon.processes.offline import replayed
from embereye_addon.processes.sightings import boxes_of
from embereye_addon.settings import store
from embereye_addon.settings.model import Detection, Device, Site, Zone
from embereye_addon.settings.profiles import rules
from embereye_addon.settings.regions import parse
from embereye_addon.sources.camera.clip import clip
from embereye_addon.sources.camera.farm import Look
from embereye_addon.tools import heard
from embereye_addon.tools.annotate import Annotated, Point, plot
from embereye_addon.tools.captures import opened
from embereye_addon.tools.curves import Curve, Curved, Pace, Playing
from embereye_addon.tools.lengths import length_s
from embereye_addon.tools.naming import shown, stems
from embereye_addon.tools.progress import Progress
from embereye_addon.tools.story import begun

SNIFF_BYTES = 64 * 1024
REPLAYED = Zone(id="replay", name="Replay")
REPLAYED_DEVICE = Device(id="replay", name="Replay", zone="replay")

DESCRIPTION = """Play recordings through the whole path, to the alarm, and say when the zone's state changed.

A CLIP is a video file, a capture of a PF device (as for pf-replay), or recorded bus traffic (*.jsonl, see record).
With --json there is one line of JSON for each change
  {"path", "t": seconds in the recording, "was", "now", "explanation", "zone"}
and one for each recording
  {"path", "worst", "pre_alarm_t", "alarm_t", "most_nats", "seconds", "pictures", "looks", "cpu_s"}.
With --curves there are lines beside them: how far it is, and at the end each zone's sum over time.
Without --site a zone of normal sensitivity hears everything. The model takes all the time it wants.
"""
EPILOG = "exit codes: 0 every recording was played; 1 some could not be; 2 a mistake in the command, nothing played"


class Changed(msgspec.Struct, frozen=True):
    """One change of a zone's state, and why."""

    path: str
    t: float
    was: ZoneState
    now: ZoneState
    explanation: Explanation
    zone: str


class Summed(msgspec.Struct, frozen=True):
    """One recording: the gravest state and when each was first reached (s), and what it took."""

    path: str
    worst: ZoneState
    pre_alarm_t: float | None
    alarm_t: float | None
    most_nats: float
    seconds: float
    pictures: int
    looks: int
    cpu_s: float


class Refused(msgspec.Struct, frozen=True):
    """One file that could not be played, and why, in words."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    clips: tuple[Path, ...]
    json: bool
    site: Site | None
    camera: str
    out: Path | None
    device: str
    curves: bool = False


@dataclass(slots=True)
class Played:
    """What has come out of one recording so far; `stem` is what files about it are called."""

    path: Path
    stem: str = ""
    changes: list[Changed] = field(default_factory=list)
    most_nats: float = 0.0
    seconds: float = 0.0
    pictures: int = 0
    looks: int = 0
    curves: dict[str, Curve] = field(default_factory=dict)
    pace: Pace = field(default_factory=lambda: Pace(lambda _played_s: None))

    def at(self, at_s: float, zone: str, sum_nats: float) -> None:
        """The recording is so far, and a zone's sum is this."""
        self.seconds = at_s
        self.curves.setdefault(zone, Curve()).add(at_s, sum_nats)
        self.pace.at(at_s)

    def change(self, at_s: float, change: Change) -> Changed:
        """Note a change; gives its line."""
        zone = change.zone
        row = Changed(shown(self.path), round(at_s, 2), change.was, zone.state, change.explanation, zone.id)
        self.changes.append(row)
        return row

    def first_s(self, state: ZoneState) -> float | None:
        """When a state was first reached."""
        return next((row.t for row in self.changes if row.now is state), None)

    def summed(self, cpu_s: float) -> Summed:
        """Its summary."""
        worst = max((row.now for row in self.changes), key=RANK.__getitem__, default=ZoneState.NORMAL)
        first = (self.first_s(ZoneState.PRE_ALARM), self.first_s(ZoneState.ALARM))
        most, seconds = round(self.most_nats, 2), round(self.seconds, 2)
        return Summed(shown(self.path), worst, *first, most, seconds, self.pictures, self.looks, round(cpu_s, 2))


def command(words: list[str]) -> int:
    """Play every recording; gives the exit code. What is wrong with the command or the model is raised in words."""
    wanted = _arguments(words)
    place(wanted)  # a camera that is not there is told before the model is loaded
    model = Model(wanted.device)
    refused = 0
    for path, stem in zip(wanted.clips, stems(wanted.clips, wanted.out or Path()), strict=True):
        began_s = time.process_time()
        played = Played(path, stem)
        try:
            if wanted.curves:
                played.pace = paced(path)
            for row in play(played, wanted, model):
                _say(row, wanted.json)
        except (EmberEyeError, OSError) as err:
            refused += 1
            _say(Refused(shown(path), shown(err)), wanted.json)
            continue
        for curved in _curves(played, wanted.site) if wanted.curves else ():
            _say(curved, as_json=True)
        _say(played.summed(time.process_time() - began_s), wanted.json)
    return 1 if refused else 0


def play(played: Played, wanted: Wanted, model: Looker) -> Iterator[Changed]:
    """The changes of one recording, as they come. `EmberEyeError` in words when it cannot be played."""
    match kind(played.path):
        case "traffic":
            yield from _heard(played, wanted.site, heard.traffic(played.path))
        case "capture":
            device = wanted.site.devices[0] if wanted.site and wanted.site.devices else REPLAYED_DEVICE
            zones = wanted.site.zones if wanted.site else (REPLAYED,)
            yield from _heard(played, wanted.site, heard.capture(played.path, device, zones))
        case _:
            yield from _video(played, wanted, model)
    if not played.pictures:
        raise ProtocolError(f"{played.path.name} holds nothing that can be played")


def kind(path: Path) -> str:
    """What a file holds: traffic, capture or video. `StorageError` in words when it cannot be read."""
    with opened(path) as file:
        start = file.read(SNIFF_BYTES)
    if path.suffix == ".jsonl":
        return "traffic"
    return "capture" if any(mark in start for mark in (b"#frame", b"#Sensor", b"#EEPROM")) else "video"


def _heard(played: Played, site: Site | None, pieces: Iterator[heard.Heard]) -> Iterator[Changed]:
    """Evidence with its times through the zones."""
    story = begun(site.zones if site else (REPLAYED,))
    zone_of, count = heard.zones_of(site, next(iter(story.zones))), 0
    for piece in pieces:
        played.pictures += 1
        story.hear(zone_of(piece.source), piece.evidence, piece.at_s)
        yield from (played.change(at_s, change) for at_s, change in story.changes[count:])
        count = len(story.changes)
        played.at(piece.at_s, zone_of(piece.source), story.zones[zone_of(piece.source)].sum_nats)
    played.looks = played.pictures
    played.most_nats = max(told.most_nats for told in story.zones.values())


class _Newest:
    """The pictures of a clip, the one given last kept for whoever draws on it."""

    def __init__(self, pictures: Iterator[Look]) -> None:
        self._pictures = pictures
        self.look: Look | None = None

    def __iter__(self) -> Iterator[Look]:
        for look in self._pictures:
            width, height = look.size
            if min(width, height) < 2 * factor(width, height):
                raise ProtocolError(f"its pictures of {width}x{height} are too small to look at")
            self.look = look
            yield look


def _video(played: Played, wanted: Wanted, model: Looker) -> Iterator[Changed]:
    """A video through detector and zone."""
    zone, seen_through = place(wanted)
    detection = wanted.site.detection if wanted.site else Detection()
    progress, pictures, curve = Progress(), _Newest(clip(played.path)), list[Point]()
    with contextlib.ExitStack() as stack:
        stack.callback(progress.end)
        drawn = stack.enter_context(Annotated(wanted.out / f"{played.stem}.mp4")) if wanted.out else None
        for step in replayed(pictures, model, zone, detection, seen_through):
            played.pictures, played.looks = played.pictures + 1, played.looks + (step.seen is not None)
            played.at(step.t_s, zone.id, step.want.explanation.sum_nats)
            played.most_nats = max(played.most_nats, step.want.explanation.sum_nats)
            progress.show(partial("{}: {:.0f} s".format, played.path.name, step.t_s))
            if drawn is not None and pictures.look is not None:
                curve.append((step.t_s, step.want.explanation.sum_nats, step.zone.state))
                boxes = boxes_of(step.seen) if step.seen else ()
                words = f"{step.t_s:6.1f} s   {step.zone.state.replace('_', '-')}   {curve[-1][1]:.1f} nats"
                drawn.add(step.t_s, private(pictures.look.bgr(), seen_through).copy(), boxes, words)
            if step.change is not None:
                yield played.change(step.t_s, step.change)
    if wanted.out:
        drawing = plot(shown(played.path.name), curve, THRESHOLDS_NATS[rules(zone).sensitivity])
        (wanted.out / f"{played.stem}.svg").write_text(drawing, encoding="utf-8")


def _curves(played: Played, site: Site | None) -> Iterator[Curved]:
    """Every zone's sum over time."""
    known = {zone.id: zone for zone in (site.zones if site else ())}
    for zone, curve in played.curves.items():
        thresholds = THRESHOLDS_NATS[rules(known.get(zone, REPLAYED)).sensitivity]
        yield Curved(shown(played.path), zone, *thresholds, curve.told())


def place(wanted: Wanted) -> tuple[Zone, Masks]:
    """The zone a video belongs to, and what its camera may show; `SettingsFileError` for a camera that is not there."""
    if wanted.site is None:
        return REPLAYED, Masks()
    cameras = {camera.id: camera for camera in wanted.site.cameras}
    if wanted.camera and wanted.camera not in cameras:
        known = ", ".join(cameras) or "there are none"
        raise SettingsFileError("--camera", (f"there is no camera {wanted.camera!r}; the cameras are: {known}",))
    camera = cameras.get(wanted.camera) or next(iter(cameras.values()), None)
    zones = {zone.id: zone for zone in wanted.site.zones}
    if camera is None:
        return next(iter(zones.values()), REPLAYED), Masks()
    return zones[camera.zone], masks(tuple(parse(line) for line in camera.regions))


def paced(path: Path) -> Pace:
    """Says in lines of JSON how far a recording is. `StorageError` when it cannot be read."""
    of_s = length_s(path, kind(path))
    return Pace(lambda at_s: _say(Playing(shown(path), round(at_s, 1), of_s), as_json=True))


def _say(row: Changed | Summed | Refused | Curved | Playing, as_json: bool) -> None:
    """A line for programs or for people."""
    if as_json:
        print(msgspec.json.encode(row).decode(), flush=True)
        return
    match row:
        case Changed():
            print(f"{row.path}: {row.t:.1f} s: {row.was} -> {row.now}: {row.explanation.text}", flush=True)
        case Summed():
            took = f"{row.seconds:.0f} s with {row.cpu_s:.1f} s of CPU, {row.looks} looks at {row.pictures} pictures"
            print(f"{row.path}: {row.worst}, at most {row.most_nats:.1f} nats; {took}", flush=True)
        case Refused():
            print(f"{row.path}: {row.error}", flush=True)
        case Curved() | Playing():
            pass  # for programs only


def _arguments(words: list[str]) -> Wanted:
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon replay",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video, a capture or recorded traffic")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each change and each recording")
    parser.add_argument(
        "--curves", action="store_true", help="more lines: how far it is, and each zone's sum over time"
    )
    parser.add_argument("--site", type=Path, help="settings to try: zones, sensitivity, regions, persistence")
    parser.add_argument("--camera", default="", help="whose picture a video is (default: the first)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write an annotated video and a plot for each video")
    parser.add_argument("--device", choices=("CPU", "GPU", "NPU", "AUTO"), default="CPU", help="what the model runs on")
    given = parser.parse_args(words)
    site = store.load(given.site) if given.site else None
    return Wanted(tuple(given.clips), given.json, site, given.camera, given.out, given.device, given.curves)
