"""journal: check the event log's hash chain, or write it as CSV or JSON lines."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from embereye_addon.alarm.chain import Row
from embereye_addon.alarm.journal import Chosen, Journal
from embereye_addon.errors import SettingsError, StorageError
from embereye_addon.processes.addon import data_folder

DESCRIPTION = """The event log: alarms, pre-alarms, faults, operators' orders, starts. Both commands only read.

  journal verify [--head NUMBER:HASH]   check that no row was changed, added or removed. With a head that was published
                                        (the entity "Journal head", the state on the page), also that nothing after it
                                        was cut off
  journal export [--format csv|jsonl] [--from TIME] [--to TIME] [--kind KIND ...] [--out FILE]
                                        write the rows, oldest first. TIME is 2026-03-01, 2026-03-01T14:30 (UTC) or
                                        a UTC second; KIND is alarm, zone, fault, fault_ended, action, start, ...

Exit codes: 0 whole (or written), 1 the chain is broken or the head is not in it, 2 the journal cannot be read, or
what was typed cannot be a head.
"""
HEAD = re.compile(r"(0*[1-9][0-9]{0,17}:)?[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
COLUMNS = ("number", "time", "at", "kind", "body", "hash")


def command(words: list[str]) -> int:
    """Do what is asked; gives the exit code. What is wrong is raised in words."""
    given = _arguments(words)
    head = _head(given.head) if given.action == "verify" else ""
    path = data_folder(given.folder).journal
    if not path.is_file():
        raise StorageError(f"there is no journal at {path}; name the data folder with --folder")
    journal = Journal(path, read_only=True)
    try:
        return _verify(journal, path, head) if given.action == "verify" else _export(journal, given)
    finally:
        journal.close()


def _verify(journal: Journal, path: Path, head: str) -> int:
    found = journal.verify(head)
    if found.broken:
        print(f"{path}: BROKEN: {found.broken}")
        return 1
    print(f"{path}: {found.rows} rows, the chain is whole")
    if found.first > 1:
        print(f"it starts at row {found.first}: retention removed what was before, {found.kept} alarms of it are kept")
    if found.note:
        print(found.note)
    print(f"head {found.head or '(none)'}")
    return 0


def _export(journal: Journal, given: argparse.Namespace) -> int:
    chosen = Chosen(_second(given.begin, "--from", 0.0), _second(given.end, "--to", 1.0e12), tuple(given.kind))
    write = _csv if given.format == "csv" else _lines
    rows = journal.export(chosen)
    if given.out is None:
        write(rows, sys.stdout)
        return 0
    try:
        with given.out.open("w", encoding="utf-8", newline="") as file:
            count = write(rows, file)
    except OSError as err:
        raise StorageError(f"{given.out} cannot be written: {err.strerror}") from err
    print(f"{count} rows written to {given.out}")
    return 0


def _csv(rows: Iterable[Row], file: IO[str]) -> int:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        count += 1
        writer.writerow((row.number, _time(row.at), repr(row.at), row.kind, row.body, row.hash))
    return count


def _lines(rows: Iterable[Row], file: IO[str]) -> int:
    count = 0
    for row in rows:
        count += 1
        line = dict(zip(COLUMNS, (row.number, _time(row.at), row.at, row.kind, _body(row), row.hash), strict=True))
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return count


def _body(row: Row) -> Any:
    """The body as JSON; as text where somebody has changed it into something else."""
    try:
        return json.loads(row.body)
    except ValueError:
        return row.body


def _time(at: float) -> str:
    return datetime.fromtimestamp(min(max(at, 0.0), 32503680000.0), UTC).isoformat(timespec="milliseconds")


def _head(text: str | None) -> str:
    """A head as it was typed, '' for none; `SettingsError` in words for what cannot be one: a slip breaks no chain."""
    if text is None or HEAD.fullmatch(text.strip()):
        return (text or "").strip()
    allowed = "NUMBER:HASH as it was published, the whole of it: the row's number, a colon and 64 digits of 0-9 a-f"
    raise SettingsError("--head", text, allowed)


def _second(text: str, name: str, default: float) -> float:
    """A UTC second from what the user wrote; `SettingsError` in words."""
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise SettingsError(name, text, "a date, a date and time (UTC), or a UTC second") from err
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m embereye_addon journal",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check the chain")
    verify.add_argument("--head", default=None, metavar="NUMBER:HASH", help="a head that was published")
    export = actions.add_parser("export", help="write the rows")
    export.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    export.add_argument("--from", dest="begin", default="", metavar="TIME")
    export.add_argument("--to", dest="end", default="", metavar="TIME")
    export.add_argument("--kind", nargs="+", default=[], metavar="KIND")
    export.add_argument("--out", type=Path, default=None, metavar="FILE", help="default: the standard output")
    for action in (verify, export):
        action.add_argument("--folder", type=Path, default=None, help="the data folder (default: as the program's)")
    return parser.parse_args(words)
