"""The loopback Telegram's buttons and inline mode: what people press and choose, and what they are answered."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultCachedVoice,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
)
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler, InlineQueryHandler

from tests.doubles.telegram import FakeTelegram, Message, Person
from tests.doubles.telegram.client import a_bot, built, ogg, polling

KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Next", callback_data="page:2"), InlineKeyboardButton("Site", url="https://example.com/")]]
)
TOO_OLD = "Query is too old and response timeout expired or query id is invalid"


async def sent(bot: Bot, person: Person) -> Message:
    """A message with buttons."""
    message = await bot.send_message(person.id, "Page 1", reply_markup=KEYBOARD)
    return person.private.by_id[message.message_id]


async def kept_voice(bot: Bot, person: Person) -> str:
    """The file_id of a voice note."""
    message = await bot.send_voice(person.id, ogg(0.2), filename="voice.ogg")
    assert message.voice is not None
    return message.voice.file_id


def article(number: str, text: str, markup: InlineKeyboardMarkup | None = None) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(number, "Title", InputTextMessageContent(text), markup)


# Buttons


async def test_a_press_is_answered_through_the_library() -> None:
    """By its words or by its data; who pressed sees the answer, all see the message as it then is."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        app = built(fake)

        async def turn(update: Update, context: object) -> None:
            query = update.callback_query
            assert query is not None
            await query.answer(f"You want {query.data}", show_alert=query.data == "page:2")
            await query.edit_message_text("Page 2")

        app.add_handler(CallbackQueryHandler(turn))
        async with polling(app):
            message = await sent(app.bot, ann)
            press = await ann.press(message, "Next")
            assert (press.text, press.alert) == ("You want page:2", True)
            await fake.until(lambda: message.text == "Page 2")
            assert message.buttons == []


async def test_a_button_must_be_there() -> None:
    """And one that only leads elsewhere asks the bot nothing."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        message = await sent(bot, ann)
        with pytest.raises(AssertionError, match="no button 'Back' among"):
            await ann.tap(message, "Back")
        with pytest.raises(KeyError):
            await ann.tap(message, "Site")
        assert fake.updates.pending == []


async def test_a_press_is_answered_once_and_soon() -> None:
    """Then nobody waits for it any more."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        message = await sent(bot, ann)
        once, late = await ann.tap(message, "Next"), await ann.tap(message, "page:2")
        await bot.answer_callback_query(once.id)
        assert (once.text, once.alert, once.answered.is_set()) == (None, False, True)
        fake.clock.advance(16)
        for number in (once.id, late.id, "77"):
            with pytest.raises(BadRequest, match=TOO_OLD):
                await bot.answer_callback_query(number, "x")
        assert not late.answered.is_set()


async def test_an_answer_has_200_characters() -> None:
    """At most."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        press = await ann.tap(await sent(bot, ann), "Next")
        with pytest.raises(BadRequest, match="Message_too_long"):
            await bot.answer_callback_query(press.id, "x" * 201)
        await bot.answer_callback_query(press.id, "x" * 200)


# Inline mode


async def test_a_query_is_answered_through_the_library() -> None:
    """With what may be chosen, how long that is kept and for whom, and a button."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        app = built(fake)

        async def offer(update: Update, context: Any) -> None:
            query = update.inline_query
            assert query is not None
            results = [InlineQueryResultCachedVoice("v1", await kept_voice(context.bot, ann), query.query)]
            button = InlineQueryResultsButton("More", start_parameter="more")
            await query.answer(results, cache_time=5, is_personal=True, next_offset="2", button=button)

        app.add_handler(InlineQueryHandler(offer))
        async with polling(app):
            inline = await ann.offered("hello")
        assert (inline.cache_time, inline.is_personal, inline.next_offset) == (5, True, "2")
        assert inline.button == {"text": "More", "start_parameter": "more"}
        assert inline.result("v1")["title"] == "hello"
        assert fake.unknown == []


async def test_what_was_chosen_is_sent() -> None:
    """In the person's name, through the bot, which is told."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        group = fake.group(members=[ann])
        inline = await ann.inline("hello")
        results = [InlineQueryResultCachedVoice("v1", await kept_voice(bot, ann), "Say it", caption="Said")]
        await bot.answer_inline_query(inline.id, results)
        assert (await inline.wait()).results != []
        message = await ann.choose(inline, "v1", group)
        assert (message.sender, message.via, message.caption) == (ann, fake.bot, "Said")
        [note] = fake.notes(group)
        assert (note.message, note.uploaded) == (message, False)
        _, chosen, heard = (Update.de_json(update) for update in fake.updates.pending)
        assert chosen.chosen_inline_result is not None
        assert (chosen.chosen_inline_result.result_id, chosen.chosen_inline_result.inline_message_id) == ("v1", None)
        assert heard.message is not None
        assert heard.message.via_bot is not None


async def test_what_was_chosen_elsewhere_is_not_heard() -> None:
    """Only that it was, and if BotFather was told to say so; what has buttons may be edited by an id."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        inline = await ann.inline("hello")
        await bot.answer_inline_query(inline.id, [article("1", "<b>Wait</b>", KEYBOARD), article("2", "Plain")])
        fake.updates.waiting.clear()
        message = await ann.choose(inline, "1")
        [chosen] = fake.updates.pending
        number = chosen["chosen_inline_result"]["inline_message_id"]
        assert message.inline_id == number
        assert await bot.edit_message_text("Done", inline_message_id=number) is True
        assert (message.text, message.buttons) == ("Done", [])
        with pytest.raises(BadRequest, match="Message_id_invalid"):
            await bot.edit_message_text("x", inline_message_id="nonsense")
        fake.bot.inline_feedback = False
        assert (await ann.choose(inline, "2")).inline_id is None
        assert len(fake.updates.pending) == 1


async def test_a_button_on_what_was_chosen() -> None:
    """Is pressed without the bot seeing the message."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        inline = await ann.inline("hello")
        await bot.answer_inline_query(inline.id, [article("1", "Wait", KEYBOARD)])
        message = await ann.choose(inline, "1")
        pressing = asyncio.create_task(ann.press(message, "Next"))
        await fake.until(lambda: any("callback_query" in update for update in fake.updates.pending))
        query = Update.de_json(fake.updates.pending[-1]).callback_query
        assert query is not None
        assert (query.message, query.inline_message_id) == (None, message.inline_id)
        await bot.answer_callback_query(query.id, "Yes")
        assert (await pressing).text == "Yes"


async def test_an_inline_query_is_answered_once_and_soon() -> None:
    """Ten seconds are too long."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        once, late = await ann.inline("x"), await ann.inline("y")
        await bot.answer_inline_query(once.id, [])
        fake.clock.advance(11)
        for number in (once.id, late.id):
            with pytest.raises(BadRequest, match=TOO_OLD):
                await bot.answer_inline_query(number, [])


@pytest.mark.parametrize(
    ("results", "refusal"),
    [
        ([article(str(number), "x") for number in range(51)], "Too many inline query results specified"),
        ([article("1", "x"), article("1", "y")], "Result_id_duplicate"),
        ([article("я" * 33, "x")], "Result_id_invalid"),
        ([InlineQueryResultCachedVoice("1", "nonsense", "x")], "Wrong remote file identifier specified"),
        ([InlineQueryResultCachedVoice("1", "AwACAgIAAxkB99999999AAE", "x")], "Document_invalid"),
    ],
)
async def test_results_have_their_rules(results: list[Any], refusal: str) -> None:
    """And who typed may still be answered."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        inline = await fake.person().inline("x")
        with pytest.raises(BadRequest, match=refusal):
            await bot.answer_inline_query(inline.id, results)
        await bot.answer_inline_query(inline.id, [article("1", "x")])
        assert [result["id"] for result in inline.results] == ["1"]


async def test_results_lack_nothing() -> None:
    """What a result must have is named; parameters may come as JSON, too."""
    async with FakeTelegram() as fake, httpx.AsyncClient(base_url=f"{fake.base_url}{fake.token}/") as client:
        inline = await fake.person().inline("x")
        for result, name in [({"type": "voice", "id": "1"}, "title"), ({"type": "article"}, "id"), ({}, "type")]:
            body = {"inline_query_id": inline.id, "results": [result]}
            answer = (await client.post("answerInlineQuery", json=body)).json()
            words = f"Bad Request: can't parse inline query result: Can't find field \"{name}\""
            assert answer == {"ok": False, "error_code": 400, "description": words}


async def test_inline_mode_may_be_off() -> None:
    """Then nothing comes of what is typed."""
    async with FakeTelegram() as fake:
        fake.bot.supports_inline_queries = False
        inline = await fake.person().inline("x")
        assert fake.updates.pending == []
        assert not inline.answered.is_set()
