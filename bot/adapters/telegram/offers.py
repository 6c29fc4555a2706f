"""What is offered to who types ``@bot text``: voice notes to choose from, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import telegram
from telegram import InlineQueryResultArticle, InlineQueryResultCachedVoice, InlineQueryResultsButton
from telegram.constants import InlineQueryLimit

from bot.adapters.telegram.pieces import shortened
from bot.adapters.words import word

START = "inline"
"""What the bot is told by who comes from here to start it."""

WORDS = "words"
"""The id of what is sent as text."""

FRESH_SECONDS = 30
"""For how long Telegram may show the same notes for the same words: another voice is soon chosen."""

_TITLE = 64

Results = Sequence[InlineQueryResultArticle | InlineQueryResultCachedVoice]


@dataclass(frozen=True, slots=True)
class Sample:
    """A voice note that Telegram has: the cache key of its sound, its file, and what tells it from the others.

    Its key, 64 characters long, is its id in an answer, where Telegram takes as many bytes.
    """

    key: str
    file_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer to an inline query, each person's own; Telegram may repeat it for ``seconds``."""

    results: Results = ()
    button: InlineQueryResultsButton | None = None
    seconds: int = 0

    async def answer(self, query: telegram.InlineQuery) -> None:
        """Show it. Raises TelegramError."""
        await query.answer(self.results, cache_time=self.seconds, is_personal=True, button=self.button)


def samples(found: Sequence[Sample]) -> Offer:
    """Voice notes, the first on top; each sound once."""
    once = {sample.key: sample for sample in reversed(found)}
    ordered = [sample for sample in found if once.get(sample.key) is sample]
    return Offer([_note(sample) for sample in ordered[: InlineQueryLimit.RESULTS]], seconds=FRESH_SECONDS)


def instead(text: str, title: str, why: str) -> Offer:
    """The words themselves, to be sent as a message, and why they are not heard."""
    content = telegram.InputTextMessageContent(text, parse_mode=None)
    return Offer([InlineQueryResultArticle(WORDS, shortened(title, _TITLE), content, description=why)])


def late(text: str, locale: str) -> Offer:
    """It is still being made."""
    return instead(text, word("telegram_inline.late.title", locale), word("telegram_inline.late.how", locale))


def refused(text: str, why: str, locale: str) -> Offer:
    """It is not made."""
    return instead(text, word("telegram_inline.as_text", locale), why)


def key_of(result: str) -> str | None:
    """The cache key of what was chosen from an answer; None if that were only words."""
    return None if result == WORDS else result


def invitation(locale: str) -> Offer:
    """Nothing is written yet, and nothing was said before."""
    return _pressed(word("telegram_inline.type", locale))


def unopened(locale: str) -> Offer:
    """The bot must be able to write to a person to make them a note."""
    return _pressed(word("telegram_inline.start", locale))


def _pressed(label: str) -> Offer:
    return Offer(button=InlineQueryResultsButton(label, start_parameter=START))


def _note(sample: Sample) -> InlineQueryResultCachedVoice:
    return InlineQueryResultCachedVoice(sample.key, sample.file_id, shortened(sample.title, _TITLE))
