"""What the commands work with: a chat's rules, who owns the bot, and a word in answer."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from telegram import Update

from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.incoming import Incoming, incoming
from bot.adapters.telegram.rules import Auto, Rules, with_rules
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings
from bot.errors import ConfigError
from bot.speaker import Speaker
from bot.store import GuildSettings
from tests.adapters.telegram.scene import online
from tests.doubles.telegram import FakeTelegram, Message


def came(message: Message, station: Station) -> Incoming:
    found = incoming(Update.de_json({"update_id": 1, "message": message.payload()}, station.bot))
    assert found is not None
    return found


async def test_a_chats_rules_are_those_of_its_lane(speaker: Speaker) -> None:
    """All defaults where nobody decided; topics have those of their chat."""
    async with FakeTelegram() as fake, online(fake, speaker) as station:
        extra = with_rules(GuildSettings(), auto=Auto.ALWAYS)
        await speaker.store.settings.set_guild(guild_key(-1001), extra=extra)
        assert await station.rules(guild_key(-1001)) == Rules(auto=Auto.ALWAYS)
        assert await station.rules(guild_key(-1002)) == Rules()
        assert await station.rules(guild_key(-1001, "AbC")) == Rules()


async def test_owners_are_named_in_the_settings(speaker: Speaker) -> None:
    """By their ids; what is none is told by its setting."""
    async with FakeTelegram() as fake:
        async with online(fake, speaker, settings=TelegramSettings(owners="42, 44")) as station:
            assert station.owns(42)
            assert not station.owns(43)
        with pytest.raises(ConfigError, match=r"telegram\.owners"):
            async with online(fake, speaker, settings=TelegramSettings(owners="ann")):
                pass


async def test_an_answer_is_a_reply_in_its_place(speaker: Speaker) -> None:
    """Into the topic, with its buttons, and nobody waits for it."""
    async with FakeTelegram() as fake, online(fake, speaker) as station:
        ann = fake.person()
        forum = fake.group(members=[ann], forum=True)
        topic = await ann.open_topic(forum, "News")
        asked = await ann.say("hello", forum, thread=topic)
        station.tell(came(asked, station), "Hello.")
        told = await fake.until(lambda: next((one for one in forum.messages if one.text == "Hello."), None))
        assert (told.reply_to, told.thread) == (asked, asked.thread)


async def test_an_answer_that_cannot_be_sent_is_only_noted(speaker: Speaker) -> None:
    """The chat goes on."""
    async with FakeTelegram() as fake, online(fake, speaker) as station:
        ann = fake.person()
        asked = await ann.say("hello")
        fake.faults.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user")
        with capture_logs() as logs:
            station.tell(came(asked, station), "Hello.")
            await fake.until(lambda: logs)
        assert [(line["event"], line["chat"]) for line in logs] == [("answer_not_sent", ann.id)]


async def test_what_it_shows_of_itself_holds_no_token(speaker: Speaker) -> None:
    """It may stand in a traceback."""
    async with FakeTelegram() as fake, online(fake, speaker) as station:
        assert fake.token not in repr(station)
