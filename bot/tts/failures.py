"""Failures of engines, each counted once, however many wrappers see it pass."""

from __future__ import annotations

from weakref import WeakSet

from bot.errors import EngineError
from bot.metrics import ENGINE_FAILURES, kind

_seen: WeakSet[EngineError] = WeakSet()


def count(engine: str, error: EngineError) -> None:
    """An engine failed at an utterance. What is the input's fault is nobody's failure."""
    if error.trips and error not in _seen:
        _seen.add(error)
        ENGINE_FAILURES.labels(engine, kind(error)).inc()


def excuse(error: EngineError) -> None:
    """The engine was not asked at all: whoever sees this error is not to count it."""
    _seen.add(error)
