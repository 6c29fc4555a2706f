"""The loopback Discord: who connects to it, and that nothing is left behind."""

from __future__ import annotations

import asyncio

import discord
import pytest
from aiohttp import ClientConnectorCertificateError

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import plain, running, started


async def test_the_unpatched_library_connects_over_tls() -> None:
    """A client logs in, gets ready and knows the guild as it is."""
    async with FakeDiscord() as fake, started(fake) as bot:
        guild = bot.get_guild(5000)
        assert guild is not None
        assert {channel.name for channel in guild.channels} == {"general", "Talk", "Stage"}
        talk = guild.get_channel(7000)
        assert isinstance(talk, discord.VoiceChannel)
        assert [member.name for member in talk.members] == ["ann"]
        assert "discord.com" in fake.asked
        assert "gateway.discord.gg" in fake.asked
        assert fake.errors == []


async def test_it_connects_without_compression_as_well() -> None:
    """Plain frames are understood, too."""
    async with FakeDiscord(compress=False) as fake, started(fake) as bot:
        assert bot.get_guild(5000) is not None


async def test_a_wrong_token_is_refused() -> None:
    """The REST API answers 401."""
    async with FakeDiscord() as fake, plain(fake) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("not the token")


async def test_no_other_host_is_reached() -> None:
    """A name that is not Discord's fails the handshake: nothing leaves the machine."""
    async with FakeDiscord() as fake, plain(fake) as bot:
        await bot.login(fake.token)
        with pytest.raises(ClientConnectorCertificateError):
            await bot.http.get_from_cdn("https://example.com/")


async def test_an_unknown_request_is_told_to_the_test() -> None:
    """What the fake does not know is answered with 404, and listed."""
    async with FakeDiscord() as fake, started(fake) as bot:
        with pytest.raises(discord.NotFound):
            await bot.fetch_invite("abc")
        assert fake.errors == ["no route GET /api/v10/invites/abc"]


async def test_nothing_is_left_behind() -> None:
    """When the fake has ended no task of it is alive, though a bot was connected, in voice, and waited for."""
    before = asyncio.all_tasks()
    async with FakeDiscord(dave="bot_joins") as fake:
        fake.hold_next("POST", "/typing")
        async with started(fake) as bot:
            channel = bot.get_channel(7000)
            assert isinstance(channel, discord.VoiceChannel)
            await channel.connect()
            assert fake.voice["5000"].live
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_two_fakes_do_not_meet() -> None:
    """Two may stand beside each other; each knows only its own token."""
    async with FakeDiscord() as one, FakeDiscord() as other, plain(one) as bot:
        assert one.port != other.port
        with pytest.raises(discord.LoginFailure):
            await bot.login(other.token)


async def test_what_ends_a_bot_is_raised() -> None:
    """A bot that cannot start does not make its test wait."""
    async with FakeDiscord(privileged_allowed=False) as fake:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(plain(fake), fake):
                pass
