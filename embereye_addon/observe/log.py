"""The log: JSON lines on stderr, written by a thread of its own, without credentials, losses counted."""

import contextlib
import logging
import queue
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Final, TextIO

import msgspec

from embereye_addon.errors import SettingsError
from embereye_addon.observe.metrics import LOG_LOSSES

WAITING_MAX: Final = 4096
"""Lines that wait for stderr; at 300 bytes a line just over a megabyte."""
LINE_MAX: Final = 8192
"""Longest text of one field; a stranger's bytes may stand in a message."""
STOP_S: Final = 2.0
"""How long stopping waits for a stuck stderr."""

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_OURS: Final = "embereye_addon"
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_WORD: Final = re.compile(r"\S+")
_PARAMETER: Final = re.compile(r"(?i)((?:pass|passwd|password|pwd|token|secret)=)[^&\s'\"]*")
_AUTHORIZATION: Final = re.compile(r"(?i)\b(authorization\W{1,6}(?:bearer|basic|digest)\s+)[^\s'\"]+")


@dataclass(slots=True)
class _Losses:
    count: int = 0


_losses: Final = _Losses()


def lost() -> int:
    """Log lines of this process that were dropped because stderr was too slow or gone."""
    return _losses.count


def redact(text: str) -> str:
    """`text` without credentials in URLs (also broken ones), password parameters and Authorization values."""
    if "://" in text:
        text = _WORD.sub(_bare, text)
    return _AUTHORIZATION.sub(r"\1***", _PARAMETER.sub(r"\1***", text))


def _bare(word: re.Match[str]) -> str:
    """A word without what stands between :// and its last @; one pass, since strangers may write the word."""
    before, mark, after = word.group().partition("://")
    return f"{before}{mark}***@{after.rpartition('@')[2]}" if "@" in after else word.group()


def in_words(error: BaseException) -> str:
    """An exception on one line: class and text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _count_loss() -> None:
    _losses.count += 1
    LOG_LOSSES.inc()


class _ToQueue(QueueHandler):
    """The speaker's side: puts the message together, since its arguments may change, and waits for nothing."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        line = logging.makeLogRecord(vars(record))
        line.message = record.getMessage()
        line.args = None
        if record.exc_info and record.exc_info[1] is not None:
            line.error = in_words(record.exc_info[1])
            if logging.getLogger(_OURS).isEnabledFor(logging.DEBUG):
                line.traceback = "".join(traceback.format_exception(record.exc_info[1]))
        line.exc_info = None
        return line

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            _count_loss()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the standard's signature
        _count_loss()


class _ToStream(logging.StreamHandler[TextIO]):
    """The writer's side: one JSON object a line."""

    def __init__(self, process: str, stream: TextIO) -> None:
        super().__init__(stream)
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": _plain(record.message),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD:
                fields.setdefault(name, _plain(value))
        return msgspec.json.encode(fields).decode()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the standard's signature
        _count_loss()


def _plain(value: object) -> object:
    """A field as JSON can hold it; every text without credentials, and bounded."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))[:LINE_MAX].encode(errors="replace").decode()


class _Writer(QueueListener):
    """The thread between the two."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord | None], stream: _ToStream) -> None:
        super().__init__(waiting, stream)
        self._waiting = waiting

    def finish(self) -> None:
        """Write what waits, then end; a stuck stderr is left to its thread, which ends with the process."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self._waiting.put(None, timeout=STOP_S)
            thread.join(STOP_S)


def start(process: str, level: str, stream: TextIO | None = None) -> Callable[[], None]:
    """Log everything of this process to stderr (or `stream`) until the function given back is called.

    Libraries speak from WARNING on, all of them at `debug`. `SettingsError` for an unknown `level`.
    """
    number = LEVELS.get(level)
    if number is None:
        raise SettingsError("log_level", level, f"one of {', '.join(LEVELS)}")
    waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(WAITING_MAX)
    speaker = _ToQueue(waiting)
    writer = _Writer(waiting, _ToStream(process, stream or sys.stderr))
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    before = (root.level, ours.level)
    root.addHandler(speaker)
    root.setLevel(number if number == logging.DEBUG else max(number, logging.WARNING))
    ours.setLevel(number)
    logging.captureWarnings(capture=True)
    writer.start()

    def stop() -> None:
        logging.captureWarnings(capture=False)
        root.removeHandler(speaker)
        root.setLevel(before[0])
        ours.setLevel(before[1])
        writer.finish()

    return stop
