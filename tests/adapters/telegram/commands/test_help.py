"""/start and /help: what there is, in a few lines, for where they are asked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.menu import DECIDERS, PEOPLE
from bot.adapters.words import LOCALES
from bot.config import TelegramSettings
from bot.speaker import Speaker
from tests.adapters.telegram.commands.talking import answer, talking
from tests.doubles.telegram import FakeTelegram, Person


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


@pytest.mark.parametrize("typed", ["/start", "/help", "/start something"])
async def test_in_a_private_chat_one_just_writes(fake: FakeTelegram, speaker: Speaker, ann: Person, typed: str) -> None:
    """That is said first, and what else there is after it."""
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say(typed))
    assert told.text.splitlines()[:3] == ["I turn words into voice messages.", "", "Just write: /say hello"]
    assert "@sayso_bot" in told.text
    assert "Administrators" not in told.text


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_command_is_named(fake: FakeTelegram, speaker: Speaker, ann: Person, locale: str) -> None:
    """In every language, as it is typed, and so that Telegram sees a command in it."""
    ann.language_code = locale.lower()
    group = fake.group(members=[ann])
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/help@sayso_bot", group))
    named = set(re.findall(r"(?<!\w)/([a-z]+)(?!\w)", told.text))
    assert named == {*PEOPLE, *DECIDERS} - {"help"}


@pytest.mark.parametrize(("sees_all", "words"), [(False, "I see only commands and answers"), (True, "I can see what")])
async def test_a_group_is_told_what_is_seen_of_it(
    fake: FakeTelegram, speaker: Speaker, ann: Person, sees_all: bool, words: str
) -> None:
    """As the bot's privacy mode is."""
    fake.bot.can_read_all_group_messages = sees_all
    group = fake.group(members=[ann])
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/help", group))
    assert words in told.text


async def test_a_channel_is_told_nothing_of_groups(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """There everything is seen, and only administrators write."""
    channel = fake.channel(admins=[ann])
    async with talking(fake, speaker):
        asked = await ann.say("/help", channel)
        told = await fake.until(lambda: next((one for one in channel.messages if one.reply_to is asked), None))
    assert "this group" not in told.text
    assert "/settings" in told.text


async def test_who_comes_from_inline_mode_is_told_of_it(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """And led back by a button."""
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/start inline"))
    assert told.text.startswith("Choose any chat, write some words after @sayso_bot")
    chats = told.button("Choose a chat")["switch_inline_query_chosen_chat"]
    assert chats == {"allow_user_chats": True, "allow_group_chats": True, "allow_channel_chats": True}


@pytest.mark.parametrize("why", ["the owner", "BotFather"])
async def test_where_there_is_no_inline_mode_nobody_is_told_of_it(
    fake: FakeTelegram, speaker: Speaker, ann: Person, why: str
) -> None:
    """Whoever has switched it off."""
    fake.bot.supports_inline_queries = why != "BotFather"
    settings = TelegramSettings(inline=why != "the owner")
    async with talking(fake, speaker, settings=settings):
        told = await answer(fake, await ann.say("/start inline"))
    assert told.text.startswith("I turn words into voice messages.")
    assert "@sayso_bot" not in told.text
