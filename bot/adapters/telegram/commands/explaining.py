"""How one is spoken and who decided it, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bot.adapters.words import language, refusal, word
from bot.speech import Reason, Refusal
from bot.wishes import Choice, Wishes

_LAYERS = ("command", "user", "channel", "guild", "everywhere", "config")
"""How the layers of :mod:`bot.wishes` are called in the catalogues."""


def in_force(wishes: Wishes, locale: str) -> Iterator[str]:
    """Voice, engine, rate and language, each with who decided it."""
    tongue = wishes.language.value
    spoken = word("telegram_voice.home.any_language", locale) if tongue is None else language(tongue, locale)
    yield _decided("voice", wishes.voice.value, wishes.voice, locale)
    yield _decided("engine", wishes.engine.value, wishes.engine, locale)
    yield _decided("rate", f"{wishes.rate.value:g}", wishes.rate, locale)
    yield _decided("language", spoken, wishes.language, locale)


def unheard(refused: Refusal, locale: str) -> str:
    """Why one is not spoken here at all, and what to do."""
    own = refused.reason is Reason.OPTED_OUT
    return word("telegram_voice.home.opted_out", locale) if own else refusal(refused, locale)


def _decided(name: str, value: str, choice: Choice[str] | Choice[float] | Choice[str | None], locale: str) -> str:
    why = word(f"telegram_voice.why.{_LAYERS[choice.layer]}", locale)
    return word(f"telegram_voice.home.{name}", locale, value=value, why=why)
