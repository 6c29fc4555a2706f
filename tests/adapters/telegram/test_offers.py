"""What is offered to who types ``@bot text``, as Telegram gets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import InlineQueryResultArticle, InputTextMessageContent, Update
from telegram.constants import InlineQueryLimit, ParseMode
from telegram.ext import Application, Defaults, InlineQueryHandler

from bot.adapters.telegram.offers import (
    START,
    WORDS,
    Offer,
    Sample,
    instead,
    invitation,
    key_of,
    late,
    refused,
    samples,
    unopened,
)
from bot.adapters.words import LOCALES
from tests.adapters.telegram.scene import polling
from tests.doubles.telegram import FakeTelegram

TYPED = "a_b *c* (1.5) [x] <b>"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


async def sent(fake: FakeTelegram, offer: Offer, **defaults: Any) -> Any:
    """An inline query that is answered with an offer, by a host's application with these defaults."""

    async def answer(update: Update, context: object) -> None:
        assert update.inline_query is not None
        await offer.answer(update.inline_query)

    builder = Application.builder().token(fake.token).base_url(fake.base_url).defaults(Defaults(**defaults))
    application = builder.build()
    application.add_handler(InlineQueryHandler(answer))
    async with polling(application):
        return await fake.person().offered(TYPED)


@pytest.mark.parametrize("mode", [ParseMode.MARKDOWN_V2, ParseMode.HTML, None])
async def test_what_was_typed_is_sent_as_it_stands(fake: FakeTelegram, mode: str | None) -> None:
    """Whatever the host takes its own texts for: Telegram would refuse what is no markup, or change what looks like."""
    answered = await sent(fake, late(TYPED, "en"), parse_mode=mode)
    content = answered.results[0]["input_message_content"]
    assert content["message_text"] == TYPED
    assert content.get("parse_mode") is None


async def test_an_answer_is_for_the_one_who_typed(fake: FakeTelegram) -> None:
    """Another has other voices; what could not be made yet is asked for again at the next key."""
    answered = await sent(fake, instead(TYPED, "As text", "It is still being made."))
    assert (answered.is_personal, answered.cache_time) == (True, 0)
    assert answered.results[0]["description"] == "It is still being made."


async def test_a_button_leads_to_the_bot(fake: FakeTelegram) -> None:
    """Where there is nothing to choose from."""
    for offer in (invitation("en"), unopened("en")):
        answered = await sent(fake, offer)
        assert answered.results == []
        assert answered.button["start_parameter"] == START
        assert answered.button["text"]


def test_a_sound_is_offered_once() -> None:
    """Telegram refuses an answer in which two results have one id; the best one stays."""
    offer = samples([Sample("a", "1", "One"), Sample("b", "2", "Two"), Sample("a", "3", "Three")])
    assert [(result.id, getattr(result, "title", "")) for result in offer.results] == [("a", "One"), ("b", "Two")]


def test_no_more_is_offered_than_telegram_takes() -> None:
    """It would refuse them all."""
    offer = samples([Sample(str(number), "1", "A voice") for number in range(60)])
    assert len(offer.results) == InlineQueryLimit.RESULTS


def test_titles_are_short() -> None:
    """They may be somebody's own words, as many as they like."""
    note, article = samples([Sample("a", "1", "x" * 500)]).results[0], late("x" * 500, "en").results[0]
    assert len(note.title) <= 64
    assert len(article.title) <= 64


def test_what_was_chosen_is_known_by_its_id() -> None:
    """Words were not heard."""
    assert key_of("f" * 64) == "f" * 64
    assert key_of(WORDS) is None


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_can_be_sent_whatever_hinders_the_voice(locale: str) -> None:
    """In everybody's language."""
    for offer in (late("hello", locale), refused("hello", "It is too long.", locale)):
        (result,) = offer.results
        assert isinstance(result, InlineQueryResultArticle)
        assert isinstance(result.input_message_content, InputTextMessageContent)
        assert result.input_message_content.message_text == "hello"
        assert result.title
        assert result.description
