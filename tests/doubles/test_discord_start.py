"""The loopback Discord: who connects to it, and that nothing is left behind."""

from __future__ import annotations

import asyncio

import discord
import pytest

from tests.doubles.discord import FakeDiscord

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True)


def client(fake: FakeDiscord) -> discord.Client:
    return discord.Client(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)


async def test_the_unpatched_library_connects_over_tls() -> None:
    """A client logs in, gets ready and knows the guild."""
    async with FakeDiscord() as fake, client(fake) as bot:
        task = asyncio.create_task(bot.start(fake.token))
        await fake.until(bot.is_ready)
        guild = bot.get_guild(5000)
        assert guild is not None
        assert {channel.name for channel in guild.channels} == {"general", "Talk", "Stage"}
        assert fake.errors == []
        await bot.close()
        await task


async def test_a_wrong_token_is_refused() -> None:
    """The REST API answers 401."""
    async with FakeDiscord() as fake, client(fake) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("not the token")


async def test_no_other_host_is_reached() -> None:
    """A name that is not Discord's fails the handshake: nothing leaves the machine."""
    async with FakeDiscord() as fake, client(fake) as bot:
        await bot.login(fake.token)
        with pytest.raises(Exception, match="certificate verify failed"):
            await bot.http.get_from_cdn("https://example.com/")
