"""The one error tree, by cause. Expected refusals are not here: they are values (:class:`bot.speech.Refusal`).

::

    SaysoError
    ├── ConfigError              a setting is wrong: names its place and what is allowed
    ├── AudioError               sound that cannot be read or written
    ├── StoreError               the database cannot be opened, upgraded or written
    ├── Abandoned                the speech was given up before it was whole
    │   ├── Cancelled            somebody asked for that
    │   └── Expired              its deadline passed while it waited
    └── EngineError              an engine did not speak; ``retryable`` and ``trips`` are decided by the type
        ├── EngineUnavailable    not reachable, overloaded or refusing: may be tried again
        ├── EngineTimeout        it fell silent: may be tried again
        ├── EngineTruncated      it broke off: may be tried again, but only before its first audio
        ├── EngineBroken         it cannot work at all as it is installed or configured
        └── EngineRejected       it is well, but this input is not for it: never trips a breaker
            ├── NothingToSay
            ├── UnknownVoice
            └── LanguageNotSpoken
"""

from __future__ import annotations

from typing import ClassVar


class SaysoError(Exception):
    """The root: catch it to catch everything that Sayso raises on purpose. ``str()`` is fit for a user's eyes."""


class ConfigError(SaysoError):
    """A setting is wrong. The message names its place, what it is and what is allowed."""


class AudioError(SaysoError):
    """Sound that cannot be read or written."""


class StoreError(SaysoError):
    """The database cannot be opened, upgraded or written."""


class Abandoned(SaysoError):
    """The speech was given up before it was whole."""


class Cancelled(Abandoned):
    """Somebody asked for the speech to stop."""


class Expired(Abandoned):
    """The deadline passed while the request waited."""


class EngineError(SaysoError):
    """An engine did not speak."""

    retryable: ClassVar[bool] = False
    """Whether the same call may succeed a little later."""
    trips: ClassVar[bool] = True
    """Whether it says something about the health of the engine, so that a breaker counts it."""

    def __init__(self, engine: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.engine = engine
        self.retry_after = retry_after


class EngineUnavailable(EngineError):
    """Not reachable, overloaded or refusing; ``retry_after`` in seconds where it said so."""

    retryable = True


class EngineTimeout(EngineError):
    """It fell silent for longer than allowed."""

    retryable = True


class EngineTruncated(EngineError):
    """It broke off before the utterance was whole."""

    retryable = True


class EngineBroken(EngineError):
    """It cannot work as it is installed or configured; the message says what to install or change."""


class EngineRejected(EngineError):
    """The engine is well, but this input is not for it."""

    trips = False


class NothingToSay(EngineRejected):
    """Nothing pronounceable was left."""


class UnknownVoice(EngineRejected):
    """The engine has no voice of that name."""


class LanguageNotSpoken(EngineRejected):
    """No installed voice of the engine speaks the language."""
