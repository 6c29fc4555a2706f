"""The loopback Discord's intents: who is told what, and what is left out of it."""

from __future__ import annotations

import discord
import pytest

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import started

BLIND = discord.Intents(guilds=True, voice_states=True, guild_messages=True, dm_messages=True)


def listen(bot: discord.Client) -> list[discord.Message]:
    """Every message that the bot is told of."""
    heard: list[discord.Message] = []

    @bot.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message)

    return heard


async def test_without_the_content_intent_the_words_of_others_are_blank() -> None:
    """Not those that mention the bot, not its own, not direct ones; what is answered or forwarded goes by its own."""
    async with FakeDiscord(privileged_allowed=False) as fake, started(fake, BLIND) as bot:
        heard = listen(bot)
        said = await fake.say("secret", files={"a.txt": b"x"}, embeds=[{"title": "x"}], components=[])
        await fake.say("<@1000> open")
        await fake.say("direct", channel=fake.direct())
        channel = bot.get_channel(6000)
        assert isinstance(channel, discord.TextChannel)
        own = await channel.send("mine")
        await fake.say("answer", reply_to=fake.messages[str(own.id)])
        await fake.say(forward=said)
        await fake.until(lambda: len(heard) == 6)
        assert [message.content for message in heard] == ["", "<@1000> open", "direct", "mine", "answer", ""]
        assert heard[0].attachments == []
        assert heard[0].embeds == []
        assert heard[5].message_snapshots[0].content == ""


async def test_rest_is_as_blank() -> None:
    """Neither fetching one nor reading the history helps."""
    async with FakeDiscord() as fake, started(fake, BLIND) as bot:
        said = await fake.say("secret")
        channel = bot.get_channel(6000)
        assert isinstance(channel, discord.TextChannel)
        assert (await channel.fetch_message(int(said["id"]))).content == ""
        assert [message.content async for message in channel.history()] == [""]


async def test_a_reply_to_the_bot_mentions_it() -> None:
    """Unless the writer turned the mention off."""
    async with FakeDiscord() as fake, started(fake, BLIND) as bot:
        heard = listen(bot)
        channel = bot.get_channel(6000)
        assert isinstance(channel, discord.TextChannel)
        own = await channel.send("mine")
        target = fake.messages[str(own.id)]
        await fake.say("loud", reply_to=target)
        await fake.say("quiet", reply_to=target, allowed_mentions={"replied_user": False})
        await fake.until(lambda: len(heard) == 3)
        assert [message.content for message in heard] == ["mine", "loud", ""]


async def test_without_the_messages_intent_nothing_is_told() -> None:
    """The first event after them is the interaction's."""
    async with FakeDiscord() as fake, started(fake, discord.Intents(guilds=True, voice_states=True)) as bot:
        heard = listen(bot)
        await fake.say("x")
        await fake.human_voice(None)
        guild = bot.get_guild(5000)
        assert guild is not None
        await fake.until(lambda: not guild.voice_channels[0].members)
        assert heard == []


async def test_nothing_is_told_of_channels_out_of_sight() -> None:
    """Without VIEW_CHANNEL a message is not told of."""
    async with FakeDiscord() as fake, started(fake) as bot:
        heard = listen(bot)
        hidden = fake.add_channel("hidden")
        fake.deny("view_channel", channel=hidden)
        await fake.say("secret", channel=hidden)
        await fake.say("open")
        await fake.until(lambda: heard)
        assert [message.content for message in heard] == ["open"]


@pytest.mark.parametrize("intent", ["members", "presences", "message_content"])
async def test_privileged_intents_that_the_application_lacks_close_the_gateway(intent: str) -> None:
    """4014."""
    wanted = discord.Intents(guilds=True)
    setattr(wanted, intent, True)
    async with FakeDiscord(privileged_allowed=False) as fake:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with started(fake, wanted):
                pass
