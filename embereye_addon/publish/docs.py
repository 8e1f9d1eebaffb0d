"""The tables of docs/mqtt.md and the schemas beside it, from the code.

`python -m embereye_addon.publish.docs docs/mqtt.md` re-makes them.
"""

import json
import sys
from pathlib import Path

from embereye_addon.publish.entities import ROWS, entity_id
from embereye_addon.publish.rows import Needs, Row
from embereye_addon.publish.schemas import name_of, schemas
from embereye_addon.publish.topics import Subject, Topics

BEGIN, END = "<!-- made by embereye_addon.publish.docs: begin -->", "<!-- end -->"
_TITLES = {
    Subject.SITE: "Site (the hub)",
    Subject.ZONE: "Each zone",
    Subject.CAMERA: "Each camera",
    Subject.PF: "Each PF device",
    Subject.EXTERNAL: "Each detector from elsewhere",
}
_NEEDS = {Needs.THING: "program and device", Needs.APP: "program", Needs.NOTHING: "always"}


def tables() -> str:
    """Topic tree and entity tables as Markdown, for the base topic `embereye`; ids stand as `<id>`."""
    return "\n".join((*_topic_lines(Topics()), *(line for subject in Subject for line in _entity_lines(subject))))


def _topic_lines(topics: Topics) -> tuple[str, ...]:
    zone = topics.of(Subject.ZONE, "<id>", "")
    tree = [
        (topics.app, "yes", "`online`, or `offline` as the last will"),
        (topics.of(Subject.SITE, "", "status"), "yes", "`online` while the panel speaks"),
        (topics.of(Subject.SITE, "", "state"), "yes", "JSON with every site value below"),
        (topics.of(Subject.SITE, "", "event"), "no", "JSON, one for each alarm change anywhere"),
        (topics.of(Subject.SITE, "", "incident"), "no", "JSON, news of an incident: `new`, `grew`, `over`, `merged`"),
        (topics.answer, "no", "JSON `topic`, `ok`, `why`, `at`: what became of a command"),
        *_set_lines(Subject.SITE, topics.of(Subject.SITE, "", "")),
        (f"{zone}status", "yes", "`online` while its state can be trusted"),
        (f"{zone}state", "yes", "JSON with every zone value below"),
        (f"{zone}event", "no", "JSON, one for each alarm change"),
        (f"{zone}snapshot", "no", "JPEG, after a pre-alarm or alarm"),
        (f"{zone}<button>/set", "refused", "send `PRESS`: `acknowledge`, `silence`, `resound`, `reset`, for one zone"),
        *_set_lines(Subject.ZONE, zone),
    ]
    for subject, picture in ((Subject.CAMERA, "JPEG with boxes"), (Subject.PF, "PNG heat map")):
        root = topics.of(subject, "<id>", "")
        tree.append((f"{root}status", "yes", "`online` while it is connected"))
        tree.append((f"{root}state", "yes", f"JSON with every {subject} value below"))
        tree.append((f"{root}snapshot", "no", picture))
        if subject is Subject.CAMERA:
            tree.append((f"{root}picture", "no", "JPEG, now and then, for the camera entity"))
            tree.append((f"{root}event", "no", "JSON `event_type`, `confidence`, `at`: what the camera sees"))
        tree += _set_lines(subject, root)
    root = topics.of(Subject.EXTERNAL, "<id>", "")
    tree.append((f"{root}status", "yes", "`online` while its state is known"))
    tree.append((f"{root}state", "yes", "JSON with every value of a detector from elsewhere below"))
    tree.append(
        (topics.discovery(Subject.ZONE, "ID").replace("ID", "<id>"), "yes", "JSON: Home Assistant's device bundle")
    )
    lines = (f"| `{topic}` | {retained} | {what} | {_schema(topics, topic)} |" for topic, retained, what in tree)
    return ("| Topic | Retained | What | Schema |", "| --- | --- | --- | --- |", *lines)


def _schema(topics: Topics, topic: str) -> str:
    """A link to the schema of what is published there."""
    name = name_of(topics.base, topics.prefix, topic)
    return f"[{name}](schemas/{name}.json)" if name else ""


def schema_files() -> dict[str, str]:
    """Every schema's file name and text."""
    return {
        f"{name}.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in schemas().items()
    }


def _set_lines(subject: Subject, root: str) -> list[tuple[str, str, str]]:
    """The command topics of a thing; a zone's buttons are told together, for they are those of the site."""
    zone_button = (Subject.ZONE, "button")
    rows = (row for row in ROWS if row.subject is subject and row.commanded and (subject, row.platform) != zone_button)
    return [(f"{root}{row.key}/set", "refused", _wanted(row)) for row in rows]


def _wanted(row: Row) -> str:
    """What a command topic takes."""
    match row.platform:
        case "select":
            return f"send {', '.join(f'`{option}`' for option in row.options)}"
        case "number":
            return f"send a number from {row.low:g} to {row.high:g} ({row.unit})"
        case "button":
            return "send `PRESS`"
        case "update":
            return "send `INSTALL`"
        case "siren" if row.subject is not Subject.SITE:
            return 'send `ON`, `OFF`, or `{"state": "ON", "duration": 30}` (seconds, at most an hour)'
        case _:
            return "send `ON` or `OFF`"


def _entity_lines(subject: Subject) -> tuple[str, ...]:
    device_id = Topics().device_id(subject, "ID").replace("ID", "<id>")
    rows = [row for row in ROWS if row.subject is subject]
    head = ("", f"### {_TITLES[subject]}", "", "| Name | Entity id | Class | Unit | Value key | Available with |")
    return (*head, "| --- | --- | --- | --- | --- | --- |", *(_entity_line(row, device_id) for row in rows))


def _entity_line(row: Row, device_id: str) -> str:
    notes = [word for word in (row.category, "" if row.enabled else "off at first") if word]
    name = f"{row.name} ({', '.join(notes)})" if notes else row.name
    key = f"`{row.key}`" if row.valued else ""
    key += f", attributes `{row.attributes}`" if row.attributes else ""
    kind = row.device_class or (", ".join(row.options) if row.options else "")
    return f"| {name} | `{entity_id(device_id, row)}` | {kind} | {row.unit} | {key} | {_NEEDS[row.needs]} |"


def renewed(page: str) -> str:
    """The page with what stands between the two marks made anew. ValueError when the marks are not there."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("the marks for the tables are missing")
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def main(argv: list[str]) -> int:
    """Renew the file named first, and the folder `schemas` beside it."""
    path = Path(argv[1])
    folder = path.parent / "schemas"
    folder.mkdir(exist_ok=True)
    for name, text in schema_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
