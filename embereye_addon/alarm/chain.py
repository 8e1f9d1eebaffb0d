"""The journal's hash chain: how a row follows from the one before, where a shortened chain begins, and the check. Pure.

Retention takes whole old segments away. The row that tells of it (`RETENTION`) carries the anchor: the first row
that is left, the hash before it, and a digest over the alarm rows that were kept of what went.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

GENESIS = "0" * 64
RETENTION = "retention"
"""The kind of the rows that tell of a removal."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, UTC seconds, kind (alarm, fault, action, start, ...) and a JSON body."""

    number: int
    at: float
    kind: str
    body: str
    hash: str

    @property
    def head(self) -> str:
        """The row as a head is published: `number:hash`."""
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Kept:
    """An alarm row of a removed segment, with the hash of the row before it."""

    row: Row
    before: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a shortened chain begins: the first row left, the hash before it; and the kept alarm rows' digest."""

    first: int
    before: str
    kept: int
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: `broken` names the first bad row ('' when all is whole), `rows` are first to last.

    `note` says what could not be compared; `head` is the last row as `number:hash`, '' in an empty journal.
    """

    broken: str
    rows: int = 0
    first: int = 1
    head: str = ""
    kept: int = 0
    note: str = ""


def link(before: str, at: float, kind: str, body: str) -> str:
    """The chain: SHA-256 over the hash before and this row."""
    return hashlib.sha256(f"{before}\n{at!r}\n{kind}\n{body}".encode()).hexdigest()


def digest(kept: Iterable[Kept]) -> str:
    """One hash over the kept alarm rows, oldest first."""
    whole = hashlib.sha256()
    for each in kept:
        whole.update(f"{each.row.number}:{each.row.hash}\n".encode())
    return whole.hexdigest()


def read_anchor(body: str) -> Anchor | None:
    """The anchor in a retention row's body; None where there is none."""
    try:
        return msgspec.json.decode(body, type=Anchor)
    except msgspec.DecodeError:
        return None


def check(rows: Iterable[Row], kept: tuple[Kept, ...], anchor: Anchor | None, last: int, head: str = "") -> Verdict:
    """Check a whole journal: the rows in order, those kept of removed segments, and the newest anchor.

    `last` is the highest number that was ever given out; `head` a row that was published as `number:hash`, or a bare
    hash: it must still be there.
    """
    broken = ""
    sought = _Sought(head)
    before, expected = (GENESIS, 1) if anchor is None else (anchor.before, anchor.first)
    first, count, newest = expected, 0, ""
    for row in rows:
        if broken:
            break
        if row.number != expected:
            broken = f"row {expected} is missing"
        elif row.hash != link(before, row.at, row.kind, row.body):
            broken = f"row {row.number} was changed"
        else:
            sought.pass_by(row)
            before, expected, count, newest = row.hash, row.number + 1, count + 1, row.head
    if not broken and last >= expected:
        broken = f"row {expected} is missing"
    broken = broken or _kept_whole(kept, anchor)
    found, note = ("", "") if broken else sought.verdict(first, expected - 1)
    return Verdict(broken or found, count, first, newest, len(kept), note)


def _kept_whole(kept: tuple[Kept, ...], anchor: Anchor | None) -> str:
    """Empty when the alarm rows that were kept of removed segments are those that the anchor speaks of."""
    for each in kept:
        row = each.row
        if row.hash != link(each.before, row.at, row.kind, row.body):
            return f"row {row.number} (an alarm of a removed segment) was changed"
    if anchor is None:
        return f"row {kept[0].row.number} was added" if kept else ""
    if (len(kept), digest(kept)) != (anchor.kept, anchor.digest):
        return f"alarm rows from before row {anchor.first} are missing or were replaced"
    return ""


class _Sought:
    """A published head that is looked for while the rows pass by."""

    def __init__(self, head: str) -> None:
        number, mark, self._hash = head.strip().lower().rpartition(":")
        self._number = int(number) if mark and number.isdecimal() and len(number) < 19 else 0
        self._given, self._found = bool(head), False

    def pass_by(self, row: Row) -> None:
        self._found = self._found or (row.hash == self._hash and self._number in (0, row.number))

    def verdict(self, first: int, last: int) -> tuple[str, str]:
        """What is wrong, and what cannot be said."""
        if not self._given or self._found:
            return "", ""
        if self._number > last:
            return f"rows {last + 1} to {self._number} were cut off: row {self._number} was published", ""
        if 0 < self._number < first:
            return "", f"row {self._number} was removed by retention, so its hash cannot be compared"
        if self._number:
            return f"row {self._number} is not the one that was published", ""
        return "the given hash is in no row: rows were cut off at the end, or replaced", ""
