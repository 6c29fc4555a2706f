"""Notices that the language model has lost its way: that it repeats itself, or does not come to an end."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with the codes so far."""

    REPEATS = "repeats"
    """The same passage over and over."""
    RUNAWAY = "runaway"
    """Far more codes than the text has to say."""
    TOO_SHORT = "too_short"
    """It stopped before it can have said the text."""


class Watchdog:
    """Watches the codes of one sentence of so many text tokens."""

    def __init__(self, tokens: int) -> None:
        raise NotImplementedError

    @property
    def limit(self) -> int:
        """Codes that a sentence of so many tokens may have at most."""
        raise NotImplementedError

    def look(self, code: int) -> Fault | None:
        """One more code: what is wrong by now."""
        raise NotImplementedError

    def end(self) -> Fault | None:
        """It stopped: whether it stopped too soon."""
        raise NotImplementedError
