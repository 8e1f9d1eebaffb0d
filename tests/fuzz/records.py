"""What every fuzz input is made of: a row of records, each one operation with its bytes.

A record is `operation, length, body`. Mutation changes whole records first and bytes within one body second, so a
change at the front leaves the rest of the conversation as it was. Any bytes are a valid input; nothing here raises.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
MOST_RECORDS = 64  # an input is judged within milliseconds


@dataclass(frozen=True, slots=True)
class Record:
    """One operation and what it works on, at most 255 bytes."""

    operation: int
    body: bytes


def unpack(raw: bytes) -> list[Record]:
    """The records of an input; one cut off at the end keeps what is there."""
    records: list[Record] = []
    at = 0
    while at + 1 < len(raw) and len(records) < MOST_RECORDS:
        size = raw[at + 1]
        records.append(Record(raw[at], raw[at + 2 : at + 2 + size]))
        at += 2 + size
    return records


def pack(records: Iterable[Record]) -> bytes:
    """The input that unpacks to these records."""
    return b"".join(bytes((record.operation & 255, len(record.body[:255]))) + record.body[:255] for record in records)


class Reader:
    """Takes choices out of a record's body, one after the other; an empty one answers 0 for ever."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return max(0, len(self._body) - self._at)

    def byte(self) -> int:
        """The next byte."""
        self._at += 1
        return self._body[self._at - 1] if self._at <= len(self._body) else 0

    def word(self) -> int:
        """The next two bytes, high one first."""
        return self.byte() << 8 | self.byte()

    def among(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[self.byte() % len(choices)]

    def rest(self) -> bytes:
        """All that is left."""
        taken, self._at = self._body[self._at :], len(self._body)
        return taken


def mutate(raw: bytes, seed: int, operations: int, change: Callable[[bytes], bytes]) -> bytes:
    """Another input near this one. `operations`: how many there are; `change`: the fuzzer's own mutation of bytes."""
    rng = random.Random(seed)
    records = unpack(raw)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(records) + 1)
        choice = rng.randrange(8)
        if choice == 0 or not records:
            records.insert(at, Record(rng.randrange(operations), rng.randbytes(rng.choice((0, 1, 2, 4, 8, 24)))))
        elif choice == 1:
            records.insert(at, rng.choice(records))
        elif choice == 2:
            del records[min(at, len(records) - 1)]
        elif choice == 3:
            begin = rng.randrange(len(records))
            records[at:at] = records[begin : begin + rng.randrange(1, 6)]
        else:
            at = min(at, len(records) - 1)
            records[at] = _changed(records[at], rng, operations, change)
    return pack(records[:MOST_RECORDS])


def _changed(record: Record, rng: random.Random, operations: int, change: Callable[[bytes], bytes]) -> Record:
    """The record with another operation, one byte changed, or its body mutated by the fuzzer."""
    choice = rng.randrange(6)
    if choice == 0:
        return Record(rng.randrange(operations), record.body)
    if choice <= 2 and record.body:
        body = bytearray(record.body)
        body[rng.randrange(len(body))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        return Record(record.operation, bytes(body))
    return Record(record.operation, change(record.body)[:255])


def cross(one: bytes, other: bytes, seed: int) -> bytes:
    """The beginning of one input and the end of another, cut between records."""
    rng = random.Random(seed)
    first, second = unpack(one), unpack(other)
    return pack((first[: rng.randrange(len(first) + 1)] + second[rng.randrange(len(second) + 1) :])[:MOST_RECORDS])
