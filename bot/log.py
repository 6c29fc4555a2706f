"""Logs: static event names with fields, to standard error. Never the text spoken, a user's name, or a secret."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.config import LogSettings

QUIET = ("alembic", "aiosqlite", "httpx", "numba", "uvicorn.access")


def configure(settings: LogSettings) -> None:
    """Send structlog's events, and the standard library's from warnings up, to standard error."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    human = sys.stderr.isatty() if settings.format == "auto" else settings.format == "console"
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    finish: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if human
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
