"""The log: readable by machines, without passwords, never in the way."""

import contextlib
import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embereye_addon.errors import SettingsError
from embereye_addon.observe import log as own_log

OURS = "embereye_addon.test"


@contextlib.contextmanager
def logged(process: str, level: str, stream: io.StringIO) -> Iterator[None]:
    """Log into `stream` within the block, without pytest's own log handlers, which stand on the root as well."""
    root = logging.getLogger()
    kept, root.handlers[:] = root.handlers[:], []
    stop = own_log.start(process, level, stream)
    try:
        yield
    finally:
        stop()
        root.handlers[:] = kept


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was written, line by line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_with_everything_in_them() -> None:
    """Each line says when, how bad, who and what, and keeps extra fields."""
    stream = io.StringIO()
    with logged("detector-1", "info", stream):
        logging.getLogger(OURS).info("Looked at %s", "dock", extra={"camera": "dock", "frames": 7, "place": (1, 2)})
    (line,) = lines(stream)
    assert line["time"].endswith("+00:00")
    del line["time"]
    assert line == {
        "level": "info",
        "process": "detector-1",
        "logger": OURS,
        "message": "Looked at dock",
        "camera": "dock",
        "frames": 7,
        "place": "(1, 2)",
    }


def test_no_credentials_reach_the_log() -> None:
    """Passwords in URLs are taken out of messages, arguments, extra fields and exceptions."""
    stream = io.StringIO()
    with logged("web", "debug", stream):
        logger = logging.getLogger(OURS)
        logger.warning("Lost %s", "rtsp://joe:geheim@10.0.0.9/s", extra={"url": "rtsps://joe:geheim@cam/s"})
        try:
            raise OSError("cannot open rtsp://joe:ge/h@geheim@10.0.0.9/s?password=geheim")
        except OSError:
            logger.exception("Failed")
        logger.info("Authorization: Bearer geheim")
    assert "geheim" not in stream.getvalue()
    told = lines(stream)
    assert told[0]["message"] == "Lost rtsp://***@10.0.0.9/s"
    assert told[0]["url"] == "rtsps://***@cam/s"
    assert told[1]["error"] == "OSError: cannot open rtsp://***@10.0.0.9/s?password=***"
    assert "Traceback" in told[1]["traceback"]
    assert told[2]["message"] == "Authorization: Bearer ***"


@given(st.text(st.characters(exclude_categories=("Z", "C")), min_size=1))
def test_no_password_survives_in_a_url(password: str) -> None:
    """Whatever the password, a URL in a log line does not show it."""
    marked = f"Q7{password}Q7"
    assert "Q7" not in own_log.redact(f"cannot open rtsp://joe:{marked}@10.0.0.9/s now")


def test_long_rubbish_is_redacted_in_one_pass() -> None:
    """Strangers' bytes in a log line cannot make the log stand still."""
    for piece in ("x", "://", "a://b", "@", "password="):
        own_log.redact(piece * 100_000)


def test_ordinary_text_is_left_alone() -> None:
    """Addresses and words without secrets stay readable."""
    text = "Basic settings of rtsp://10.0.0.9/s; write to a@b.c"
    assert own_log.redact(text) == text


def test_an_exception_is_one_line_without_its_traceback() -> None:
    """The user reads class and text; tracebacks are for those who asked for debug."""
    stream = io.StringIO()
    with logged("panel", "info", stream):
        try:
            raise ValueError("one\ntwo")
        except ValueError:
            logging.getLogger(OURS).exception("Failed")
        logging.getLogger(OURS).error("Nothing", exc_info=(None, None, None))
    first, second = lines(stream)
    assert first["error"] == "ValueError: one two"
    assert "traceback" not in first
    assert "error" not in second
    assert own_log.in_words(KeyError()) == "KeyError"


def test_libraries_speak_only_of_trouble() -> None:
    """At info the log is about EmberEye; at debug about everything."""
    stream = io.StringIO()
    with logged("web", "info", stream):
        logging.getLogger("aiohttp.access").info("GET /")
        logging.getLogger("aiohttp").warning("Slow")
        logging.getLogger(OURS).debug("Detail")
    assert [line["message"] for line in lines(stream)] == ["Slow"]
    stream = io.StringIO()
    with logged("web", "debug", stream):
        logging.getLogger("aiohttp.access").debug("GET /")
    assert [line["message"] for line in lines(stream)] == ["GET /"]


def test_python_warnings_are_logged() -> None:
    """A deprecated call in a library becomes a line and not loose text between the lines."""
    stream = io.StringIO()
    with logged("web", "info", stream), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", UserWarning, stacklevel=1)
    (line,) = lines(stream)
    assert (line["logger"], line["level"]) == ("py.warnings", "warning")


class Stuck(io.StringIO):
    """A stderr whose reader has stopped reading, until `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.entered = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.go.wait(5)
        return super().write(text)


def test_a_stuck_stderr_stops_nobody_and_losses_are_counted() -> None:
    """When nobody reads the log, the speaker goes on, and what was dropped is known."""
    stream = Stuck()
    before = own_log.lost()
    with logged("web", "info", stream):
        logger = logging.getLogger(OURS)
        logger.info("first")
        assert stream.entered.wait(5)
        for i in range(own_log.WAITING_MAX + 10):
            logger.info("line %d", i)
        assert own_log.lost() - before == 10
        stream.go.set()
    assert len(lines(stream)) == own_log.WAITING_MAX + 1


def test_what_cannot_be_written_is_a_counted_loss() -> None:
    """A closed stderr or a wrong format string neither raises nor prints a traceback."""
    before = own_log.lost()
    stream = io.StringIO()
    with logged("web", "info", stream):
        logging.getLogger(OURS).info("%d", "no number")
        stream.close()
        logging.getLogger(OURS).info("gone")
    assert own_log.lost() - before == 2


def test_strangers_text_is_bounded() -> None:
    """A long or broken text gives one bounded, valid line."""
    stream = io.StringIO()
    with logged("web", "info", stream):
        logging.getLogger(OURS).info("%s", "x" * 100_000 + "\ud800", extra={"odd": "\ud800"})
    (line,) = lines(stream)
    assert len(line["message"]) == own_log.LINE_MAX
    assert line["odd"] == "?"


def test_stop_gives_the_log_back() -> None:
    """A process that stops logging leaves levels and listeners as they were."""
    root, ours = logging.getLogger(), logging.getLogger("embereye_addon")
    before = (root.level, ours.level, list(root.handlers))
    stop = own_log.start("web", "error", io.StringIO())
    stop()
    stop()
    assert (root.level, ours.level, list(root.handlers)) == before


def test_an_unknown_level_is_refused_in_words() -> None:
    """A typing mistake in the level is named with what is allowed."""
    with pytest.raises(SettingsError, match="one of debug, info, warning, error"):
        own_log.start("web", "loud")
