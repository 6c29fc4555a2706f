"""What reaches a log, and what never does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.config import LogSettings
from bot.log import configure


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The configuration of logs is the process's own."""
    handlers = logging.getLogger().handlers[:]
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers


def test_an_exception_is_logged_by_type_and_place_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the message of an exception nor a local variable may carry a user's text into a log."""
    configure(LogSettings(format="json"))
    private = "a very private sentence"
    try:
        raise ValueError(f"cannot say {private}")
    except ValueError:
        structlog.get_logger().exception("speech_crashed", engine="offline")
    line = capsys.readouterr().err
    assert "private" not in line
    event = json.loads(line)
    assert (event["event"], event["error"], event["engine"]) == ("speech_crashed", "ValueError", "offline")
    assert "test_log.py" in event["where"][-1]


def test_an_exception_handed_over_is_treated_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """`exc_info` may be the exception itself; outside of any exception there is nothing to tell."""
    configure(LogSettings(format="json"))
    log = structlog.get_logger()
    log.warning("kept", exc_info=KeyError("private"))
    log.warning("nothing", exc_info=True)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["error"], first["where"]) == ("KeyError", [])
    assert "error" not in second


@pytest.mark.parametrize(("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_respected(capsys: pytest.CaptureFixture[str], level: str, seen: int) -> None:
    """And each event says how serious it is."""
    configure(LogSettings(level=level, format="json"))
    log = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("event")
    assert len(capsys.readouterr().err.splitlines()) == seen


def test_people_get_lines_they_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    """On a console; fields stay visible."""
    configure(LogSettings(format="console"))
    structlog.get_logger().info("listening", port=8888)
    err = capsys.readouterr().err
    assert "listening" in err
    assert "8888" in err


@pytest.mark.parametrize("name", ["telegram.ext.Updater", "tornado.general", "httpx"])
def test_a_talkative_library_is_told_by_place_and_type(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The library for Telegram logs whole updates that it cannot read: what strangers wrote, and their names."""
    logging.getLogger().handlers[:] = []
    configure(LogSettings(format="json"))
    try:
        raise TypeError("Ann wrote: a very private sentence")
    except TypeError:
        logging.getLogger(name).critical("Received data was %s", {"text": "a very private sentence"}, exc_info=True)
    line = capsys.readouterr().err
    assert "private" not in line
    assert "Ann" not in line
    assert f"CRITICAL {name} test_log:" in line
    assert line.rstrip().endswith("(TypeError)")


def test_other_libraries_are_told_in_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no secret is of use to who runs it."""
    logging.getLogger().handlers[:] = []
    configure(LogSettings(format="json"))
    logging.getLogger("asyncio").warning("a task of %s was lost", "somebody's")
    assert "a task of somebody's was lost" in capsys.readouterr().err
