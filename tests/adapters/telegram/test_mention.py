"""Whether people mean the bot, by its name or by answering it; and its name is not a word of theirs."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Bot, Message, User

from bot.adapters.telegram.mention import answers, is_meant, is_named, without_mention

Json = dict[str, Any]

SAYSO: Json = {"id": 7, "is_bot": True, "first_name": "Sayso", "username": "Sayso_Bot"}
OTHER: Json = {"id": 8, "is_bot": True, "first_name": "Other", "username": "sayso_bot2"}
ANN: Json = {"id": 5, "is_bot": False, "first_name": "Ann"}
GROUP: Json = {"id": -1007, "type": "supergroup", "title": "Team"}


@pytest.fixture
def bot() -> Bot:
    """The bot, as if it had asked Telegram who it is."""
    bot = Bot("7:" + "A" * 35)
    bot._bot_user = User(**SAYSO)
    return bot


def written(text: str, **more: Any) -> Message:
    body = {"message_id": 10, "date": 1_700_000_000, "chat": GROUP, "from": ANN, "text": text, **more}
    return Message.de_json(body, None)


def naming(text: str, part: str, kind: str = "mention", field: str = "entities", **more: Any) -> Message:
    """A message in which a part is a mention."""
    at = len(text[: text.index(part)].encode("utf-16-le")) // 2
    entity = {"type": kind, "offset": at, "length": len(part), **more}
    return written(text, **{field: [entity]}) if field == "entities" else captioned(text, entity)


def captioned(text: str, entity: Json) -> Message:
    photo = [{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}]
    body = {"message_id": 10, "date": 1_700_000_000, "chat": GROUP, "from": ANN, "photo": photo}
    return Message.de_json({**body, "caption": text, "caption_entities": [entity]}, None)


def test_its_name_may_stand_anywhere(bot: Bot) -> None:
    """In whatever case, behind an emoji, under a picture, or as a name without a username."""
    assert is_named(naming("🦜 hello @sayso_bot!", "@sayso_bot"), bot)
    assert is_named(naming("look, @SAYSO_BOT", "@SAYSO_BOT", field="caption"), bot)
    assert is_named(naming("hey Sayso", "Sayso", "text_mention", user=SAYSO), bot)


def test_others_are_not_it(bot: Bot) -> None:
    """A name that only begins alike is another's, and a name in plain words is none."""
    assert not is_named(naming("@sayso_bot2 hello", "@sayso_bot2"), bot)
    assert not is_named(naming("hey Other", "Other", "text_mention", user=OTHER), bot)
    assert not is_named(written("Sayso is nice"), bot)


def test_who_answers_it_means_it(bot: Bot) -> None:
    """Also what it wrote in the name of a business account; not what others wrote."""
    before: Json = {"message_id": 9, "date": 1_700_000_000, "chat": GROUP, "text": "Hello"}
    assert answers(written("Yes", reply_to_message={**before, "from": SAYSO}), bot)
    assert answers(written("Yes", reply_to_message={**before, "from": ANN, "sender_business_bot": SAYSO}), bot)
    assert not answers(written("Yes", reply_to_message={**before, "from": OTHER}), bot)
    assert not answers(written("Yes"), bot)


def test_a_topic_that_it_opened_is_no_message_of_its_own(bot: Bot) -> None:
    """To Telegram everything in a topic replies to what opened it."""
    opened = {"message_id": 9, "date": 1_700_000_000, "chat": GROUP, "from": SAYSO}
    opened["forum_topic_created"] = {"name": "Birds", "icon_color": 1}
    assert not is_meant(written("Hi", reply_to_message=opened, message_thread_id=9, is_topic_message=True), bot)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@Sayso_Bot hello", "hello"),
        ("@sayso_bot, hello", "hello"),
        ("hello @sayso_bot", "hello"),
        ("hello @sayso_bot!", "hello!"),
        ("what @sayso_bot says", "what says"),
        ("<@7>: hello", "hello"),
        ("one\n@sayso_bot\ntwo", "one\n\ntwo"),
        ("@sayso_bot2 and me@sayso_bot.com", "@sayso_bot2 and me@sayso_bot.com"),
        ("@sayso_bot", ""),
        ("<@77> hello", "<@77> hello"),
    ],
)
def test_its_name_is_not_spoken(bot: Bot, text: str, words: str) -> None:
    """What is left are the words, without the comma that parted them from it."""
    assert without_mention(text, bot) == words
