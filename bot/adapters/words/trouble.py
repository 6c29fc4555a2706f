"""Why something is not said, in the asker's language, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from bot.adapters.words.catalogue import closest, duration, language, listed, word
from bot.errors import EngineError, SaysoError
from bot.speech import Reason, Refusal

_PASSING = frozenset({Reason.USER_QUEUE_FULL, Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL, Reason.CLOSING})
"""Refusals that are over by themselves, so that waiting is always an answer."""

_OWN_WORDS = frozenset({Reason.NOT_ALLOWED, Reason.INVALID})
"""Reasons that have many causes: in English the refusal's own message says more than a general phrase."""


def refusal(refused: Refusal, locale: str) -> str:
    """A refusal in the asker's language, with what to do instead and, where known, when to try again.

    Which phrase of a reason fits is decided by ``details``: their ``cause`` or one of their names may be that of a
    phrase; else it is ``known`` if its values are there, and ``plain`` if not.
    """
    values = _values(refused.details, locale)
    phrase = _first(f"refusals.{refused.reason}", _variants(refused, locale), locale, values) or refused.message
    if refused.retry_after is not None:
        return _and_again(phrase, refused.retry_after, locale)
    return _joined(phrase, word("refusals.soon", locale), locale) if refused.reason in _PASSING else phrase


def failure(error: SaysoError, locale: str) -> str:
    """Why a speech broke off, in the asker's language: the phrase of the nearest cause in the tree of errors."""
    engine, after = (error.engine, error.retry_after) if isinstance(error, EngineError) else ("", None)
    causes = (_snake(kind.__name__) for kind in type(error).__mro__)
    phrase = _first("refusals.failure", causes, locale, {"engine": engine}) or str(error)
    return phrase if after is None else _and_again(phrase, after, locale)


def _variants(refused: Refusal, locale: str) -> Iterator[str]:
    if cause := refused.details.get("cause"):
        yield str(cause)
    yield from refused.details
    yield "known"
    if not (refused.reason in _OWN_WORDS and closest(locale) == "en"):
        yield "plain"


def _first(above: str, variants: Iterator[str], locale: str, values: Mapping[str, object]) -> str | None:
    """The first of these phrases that there is and whose values are known."""
    for variant in variants:
        with suppress(KeyError):
            return word(f"{above}.{variant}", locale, **values)
    return None


def _values(details: Mapping[str, object], locale: str) -> dict[str, object]:
    return {name: _shown(name, value, locale) for name, value in details.items() if value not in (None, "", (), [])}


def _shown(name: str, value: object, locale: str) -> object:
    if name == "language":
        return language(str(value), locale)
    return listed(value, locale) if isinstance(value, list | tuple | set | frozenset) else value


def _and_again(phrase: str, seconds: float, locale: str) -> str:
    return _joined(phrase, word("refusals.again", locale, time=duration(seconds, locale)), locale)


def _joined(phrase: str, more: str, locale: str) -> str:
    return word("common.sentences", locale, first=phrase, second=more)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
