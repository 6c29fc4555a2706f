"""What somebody wrote or pressed, as the commands want it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Update
from telegram.ext import CallbackQueryHandler

from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.incoming import MOST, Incoming, incoming
from bot.adapters.telegram.place import Place
from tests.adapters.telegram.scene import host, polling
from tests.doubles.telegram import FakeTelegram, Press

ANN = {"id": 42, "is_bot": False, "first_name": "Ann", "language_code": "ru"}
SAYSO = {"id": 1, "is_bot": True, "first_name": "Sayso"}
PRIVATE = {"id": 42, "type": "private"}
GROUP = {"id": -1001, "type": "supergroup"}


def written(kind: str = "message", **parts: Any) -> Incoming:
    """A message, as an update brings it."""
    body = {"message_id": 7, "date": 1_900_000_000, "chat": GROUP, "from": ANN, "text": "hello", **parts}
    found = incoming(Update.de_json({"update_id": 1, kind: body}, None))
    assert found is not None
    return found


def press(data: str | None = "sayso:voice:list:2", **parts: Any) -> Update:
    """The press of a button below a message of the bot's."""
    below = {"message_id": 8, "date": 1_900_000_000, "chat": GROUP, "from": SAYSO, "text": "Choose", **parts}
    body = {"id": "1", "from": ANN, "chat_instance": "1", "data": data, "message": below}
    return Update.de_json({"update_id": 1, "callback_query": body}, None)


def test_a_message_is_asked_for_by_who_wrote_it() -> None:
    """In their language, where it was written."""
    found = written()
    assert (found.asker, found.user, found.locale) == (42, user_key(42), "ru")
    assert (found.lane, found.channel, found.place) == (guild_key(-1001), None, Place(-1001))
    assert (found.data, found.query) == ("", None)


def test_a_press_is_asked_for_by_who_pressed() -> None:
    """And not by the bot, whose message it is below; its data is what stands behind the area."""
    found = incoming(press())
    assert found is not None
    assert (found.asker, found.locale, found.data) == (42, "ru", "list:2")
    assert found.message.message_id == 8


@pytest.mark.parametrize(("data", "rest"), [("sayso:voice:", ""), ("sayso:voice:a:b:c", "a:b:c"), (None, "")])
def test_the_data_of_a_button_may_hold_colons(data: str | None, rest: str) -> None:
    """All behind the second is the area's own."""
    found = incoming(press(data))
    assert found is not None
    assert found.data == rest


def test_in_a_chats_name_the_chat_asks() -> None:
    """There is nobody whose language could be asked for."""
    news = {"id": -1009, "type": "channel"}
    found = written("channel_post", chat=news, sender_chat=news, **{"from": None})
    assert (found.asker, found.locale) == (-1009, "en")


def test_a_topic_is_a_channel() -> None:
    """Settings may be its own."""
    assert written(message_thread_id=17, is_topic_message=True).channel == "17"


def test_a_businesss_chat_is_not_its_customers_own() -> None:
    """Although it has the same id."""
    theirs = written("business_message", chat=PRIVATE, business_connection_id="AbC")
    assert theirs.lane == guild_key(42, "AbC")
    assert written(chat=PRIVATE).lane == guild_key(42)
    below = incoming(press(chat=PRIVATE, business_connection_id="AbC"))
    assert below is not None
    assert below.lane == theirs.lane


@pytest.mark.parametrize(
    ("kind", "edited"),
    [
        ("message", False),
        ("channel_post", False),
        ("business_message", False),
        ("edited_message", True),
        ("edited_channel_post", True),
        ("edited_business_message", True),
    ],
)
def test_a_change_is_told_from_a_message(kind: str, edited: bool) -> None:
    """Wherever it stands."""
    assert written(kind).edited is edited


@pytest.mark.parametrize(("tag", "locale"), [("zh-hant", "zh-CN"), ("pt-br", "en"), ("ja", "ja"), ("", "en")])
def test_an_answer_is_in_the_nearest_language(tag: str, locale: str) -> None:
    """One of ours."""
    assert written("message", **{"from": {**ANN, "language_code": tag}}).locale == locale


def test_what_cannot_be_seen_is_nothing_that_came() -> None:
    """A message of which a bot is shown no more than the id, and what is neither message nor press."""
    assert incoming(press(date=0)) is None
    poll = {"poll_id": "1", "user": ANN, "option_ids": [0], "option_persistent_ids": ["a"]}
    assert incoming(Update.de_json({"update_id": 1, "poll_answer": poll}, None)) is None


# Answers to presses


@asynccontextmanager
async def pressed(fake: FakeTelegram) -> AsyncIterator[tuple[Incoming, Press]]:
    """Somebody has pressed a button, and nobody has answered yet."""
    ann, application, came = fake.person("Ann"), host(fake), list[Incoming]()
    buttons = {"inline_keyboard": [[{"text": "Press me", "callback_data": "sayso:test:"}]]}

    async def heard(update: Update, context: Any) -> None:
        found = incoming(update)
        assert found is not None
        came.append(found)

    application.add_handler(CallbackQueryHandler(heard))
    async with polling(application):
        await ann.say("hello")
        await application.bot.send_message(ann.id, "Choose", reply_markup=buttons)
        press = await ann.tap(ann.private.messages[-1], "Press me")
        yield await fake.until(lambda: next(iter(came), None)), press


async def test_a_press_is_answered_once() -> None:
    """The first counts, whoever answers it again to be sure."""
    async with FakeTelegram() as fake, pressed(fake) as (found, press):
        await found.answer("x" * 300, alert=True)
        await found.answer("Something else.")
        assert (press.text, press.alert) == ("x" * MOST, True)
        assert len(fake.of("answerCallbackQuery")) == 1


async def test_a_press_without_a_word_only_stops_turning() -> None:
    """Telegram takes no empty text."""
    async with FakeTelegram() as fake, pressed(fake) as (found, press):
        await found.answer()
        assert press.answered.is_set()
        assert not press.text


async def test_a_press_that_telegram_has_forgotten_is_no_trouble() -> None:
    """What was pressed is done all the same."""
    async with FakeTelegram() as fake, pressed(fake) as (found, _):
        old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        fake.faults.refuse("answerCallbackQuery", 400, old)
        await found.answer("Done.")
        assert found.answered


async def test_a_message_has_nothing_to_answer() -> None:
    """Commands answer presses without a look at what came."""
    found = written()
    await found.answer("Nobody sees this.")
    assert not found.answered
