"""Logs: static event names with fields, to standard error. Never the text spoken, a user's name, or a secret."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.config import LogSettings

_TALKATIVE = frozenset({"telegram", "tornado", "httpx", "httpcore"})

_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(settings: LogSettings, *, least: str = "debug") -> None:
    """Send structlog's events, and the standard library's from warnings up, to standard error.

    ``least`` is the lowest level that is shown whatever the settings say: a command that answers on the terminal does
    not tell of its housekeeping there.
    """
    levels = logging.getLevelNamesMapping()
    level = max(levels[settings.level.upper()], levels[least.upper()])
    human = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    finish: Processor = structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_contents,
            finish,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(wordless)


def where(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last, without its words."""
    return _places(error.__traceback__)


def wordless(record: logging.LogRecord) -> bool:
    """Leave of what the libraries for Telegram log the place and the type of error: they log whole updates."""
    if record.name.partition(".")[0] in _TALKATIVE:
        kind = record.exc_info[0] if record.exc_info else None
        error = f" ({kind.__name__})" if kind else ""
        record.msg, record.args = f"{record.module}:{record.lineno} {record.funcName}{error}", None
        record.exc_info = record.exc_text = record.stack_info = None
    return True


def without_contents(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Reduce an exception to its type and where it came from: messages and local variables hold what people wrote."""
    raised = _raised(event.pop("exc_info", None))
    if raised is not None:
        kind, _error, trace = raised
        event["error"] = kind.__name__
        event["where"] = _places(trace)
    return event


def _raised(given: object) -> _Raised | None:
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if isinstance(given, tuple) and len(given) == 3 and given[0] is not None:
        return given
    current = sys.exc_info() if given else (None, None, None)
    return current if current[0] is not None else None


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
