"""Fuzz target: what anybody may publish on the broker as a command.

Never raises. PRESS, not retained, at a button of a zone that is there is its command; nothing retained is one.
"""

from embereye_addon.messages import Acknowledge, Command, Reset, Resound, Silence
from embereye_addon.publish.commands import BY, MAX_PAYLOAD_BYTES, Refusal, parse
from embereye_addon.publish.topics import BUTTONS, Topics
from embereye_addon.settings.model import Camera, Device, Site, Zone
from tests.fuzz.records import Reader, Record, pack, unpack

OPERATIONS = 4
MESSAGE, FREE_TOPIC, LEVELS, RETAINED = range(OPERATIONS)

_ZONES = frozenset({"barn", "hay.loft", "a"})
_SITE = Site(
    zones=tuple(Zone(id=zone, name=zone) for zone in sorted(_ZONES)),
    cameras=(Camera(id="barn", name="barn", url="rtsp://x/1", zone="barn"),),
    devices=(Device(id="a", name="a", zone="barn", siren=True),),
)
_BASES = ("embereye", "site/ember", "e")
_LEVELS = (
    "",
    "site",
    "zone",
    "camera",
    "pf",
    "outputs",
    "siren",
    "sensitivity",
    "detection",
    "alarm_temperature",
    "barn",
    "hay.loft",
    "away",
    "a",
    "set",
    *BUTTONS,
    "embereye",
    "e",
    "+",
    "#",
    "barn\n",
)
_PAYLOADS = (
    b"PRESS",
    b" press\n",
    b"",
    b"PRESSED",
    b"PRESS" + b" " * 60,
    b"\xff\xfe",
    b"ON",
    b'{"state":"ON","duration":9}',
    b"70",
    b"high",
)
_KINDS: dict[str, type[Command]] = {
    "acknowledge": Acknowledge, "silence": Silence, "resound": Resound, "reset": Reset,
}  # fmt: skip


def run(raw: bytes) -> None:
    """Judge one input; AssertionError where a promise is broken."""
    for record in unpack(raw):
        reader = Reader(record.body)
        kind = record.operation % OPERATIONS
        topics = Topics(base=reader.among(_BASES))
        retained = kind == RETAINED
        payload = reader.among(_PAYLOADS)
        if kind == FREE_TOPIC:
            topic = reader.rest().decode("utf-8", "replace")
        elif kind == LEVELS:
            topic = "/".join(reader.among(_LEVELS) for _ in range(min(8, reader.left)))
        else:
            zone, key = reader.among(("", *sorted(_ZONES), "away")), reader.among(BUTTONS)
            topic = f"{topics.base}/zone/{zone}/{key}/set" if zone else f"{topics.base}/site/{key}/set"
            payload = reader.rest() if reader.left else payload
        _check(topics, topic, payload, retained=retained)


def _check(topics: Topics, topic: str, payload: bytes, *, retained: bool) -> None:
    answer = parse(topics, _SITE, topic, payload, retained)
    wanted: Command | None = None
    if len(payload) <= MAX_PAYLOAD_BYTES and payload.strip().upper() == b"PRESS" and not retained:
        for zone in ("", *_ZONES):
            for key, kind in _KINDS.items():
                if (
                    topic == f"{topics.base}/zone/{zone}/{key}/set"
                    if zone
                    else topic == f"{topics.base}/site/{key}/set"
                ):
                    wanted = kind(by=BY, way="mqtt", target=zone)
    if wanted is not None:
        assert answer == wanted
    elif isinstance(answer, Command):
        assert payload
        assert (answer.by, retained) == (BY, False)
        assert len(payload) <= MAX_PAYLOAD_BYTES
    elif payload:
        assert isinstance(answer, Refusal)
        assert answer.why
        assert answer.clear == retained
    else:
        assert answer is None


def seeds() -> list[bytes]:
    """Each command for the site and a zone, a retained one, and topics of other lengths."""
    rows = [[Record(MESSAGE, bytes((0, 0, zone, key)))] for zone in range(5) for key in range(4)]
    rows += [[Record(RETAINED, bytes((1, 0, 1, 2)))], [Record(MESSAGE, b"\x02\x00\x01\x03 PRESS ")]]
    rows += [[Record(FREE_TOPIC, b"\x00\x00embereye/zone/barn/reset/set")], [Record(FREE_TOPIC, b"\x01\x01\xc3")]]
    rows += [[Record(LEVELS, bytes((2, 0, 13, 1, 8, 7)))], [Record(LEVELS, bytes((0, 0, 12, 2, 16, 9, 7)))]]
    return [pack(row) for row in rows]
