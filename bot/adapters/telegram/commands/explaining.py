"""How one is spoken and who decided it, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bot.adapters.standing import standing
from bot.adapters.words import refusal, word
from bot.speech import Reason, Refusal
from bot.wishes import Wishes


def in_force(wishes: Wishes, locale: str) -> Iterator[str]:
    """Voice, engine, rate and language, each with who decided it."""
    for name, value, layer in standing(wishes, word("telegram_voice.home.any_language", locale), locale):
        why = word(f"telegram_voice.why.{layer}", locale)
        yield word(f"telegram_voice.home.{name}", locale, value=value, why=why)


def unheard(refused: Refusal, locale: str) -> str:
    """Why one is not spoken here at all, and what to do."""
    own = refused.reason is Reason.OPTED_OUT
    return word("telegram_voice.home.opted_out", locale) if own else refusal(refused, locale)
