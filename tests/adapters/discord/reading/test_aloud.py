"""Chat and answers as they are really heard: the real room, its connection and its packets."""

from __future__ import annotations

from bot.adapters.discord.rules import with_channel_rules, with_rules
from bot.adapters.discord.voice import Rooms
from bot.config import DiscordSettings
from bot.speaker import Speaker
from bot.speech import PACKET_SECONDS
from bot.store.records import ChannelSettings, GuildSettings
from tests.adapters.discord.reading.scene import LLM, SETTLE, connected, stationed
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import PIECE, FakeEngine, Script


async def test_chat_and_a_growing_answer_are_heard_in_the_channel(
    fake: FakeDiscord, speaker: Speaker, offline: FakeEngine
) -> None:
    """A message, and then an answer whose first words are heard while it is still being written."""
    offline.scripts = (Script(pieces=2),)
    store, settings = speaker.store.settings, DiscordSettings(settle_seconds=SETTLE, leave_seconds=60)
    await store.set_guild("discord:5000", extra=with_rules(GuildSettings(), bots=[LLM]))
    await store.set_channel("discord:5000", "6000", extra=with_channel_rules(ChannelSettings(), read=True))
    async with connected(fake) as bot:
        rooms = bot.rooms = Rooms(bot, speaker, settings)
        async with stationed(bot, speaker, rooms, settings):
            question = await fake.say("What is it?", by="bob")
            await fake.until(lambda: len(fake.heard()) > 10)
            answer = await fake.say("It is", by=LLM, reply_to=question)
            await fake.edit(answer, "It is four. And it")
            await fake.until(lambda: len(offline.finished) == 4)
            heard = len(fake.heard())
            await fake.until(lambda: len(fake.heard()) > heard)
            await fake.edit(answer, "It is four. And it is even.")
            await fake.until(lambda: len(offline.finished) == 5)
            await fake.until(lambda: not next(iter(rooms)).items)
        await rooms.close()
    said = [utterance.text for utterance in offline.finished]
    assert said == ["Bobby said", "What is it?", "llm said", "It is four.", "And it is even."]
    assert len(fake.heard()) * PACKET_SECONDS >= 5 * 2 * PIECE
