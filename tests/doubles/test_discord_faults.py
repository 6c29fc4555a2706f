"""The loopback Discord's faults: refusals, limits, cut connections, answers that never come."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import started
from tests.doubles.discord.faults import reply


def text(bot: discord.Client) -> discord.TextChannel:
    found = bot.get_channel(6000)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_the_next_request_fails_and_the_one_after_does_not() -> None:
    """With the status and code that the test says; nothing was done."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fault = fake.fail_next("POST", "/channels/6000/messages", 403, 50013)
        with pytest.raises(discord.Forbidden) as refused:
            await text(bot).send("x")
        assert refused.value.code == 50013
        assert fake.said() == []
        await text(bot).send("x")
        assert (fault.hits, fault.met.is_set()) == (1, True)
        assert len(fake.said()) == 1


async def test_a_rate_limit_is_waited_out_by_the_library() -> None:
    """429 with the headers and body that discord.py understands: it sends again, and once."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fault = fake.fail_next("POST", "/messages", 429, retry_after=0.01, times=2)
        message = await text(bot).send("x")
        assert fault.hits == 2
        assert [found["id"] for found in fake.said()] == [str(message.id)]


async def test_a_long_rate_limit_is_an_error_for_who_wants_no_waiting() -> None:
    """``max_ratelimit_timeout``: the library raises what the fake said."""
    async with FakeDiscord() as fake:
        bot = discord.Client(intents=discord.Intents.none(), connector=fake.connector(), max_ratelimit_timeout=30)
        async with bot:
            await bot.login(fake.token)
            fake.fail_next("GET", "/users/2000", 429, retry_after=60)
            with pytest.raises(discord.RateLimited) as limited:
                await bot.fetch_user(2000)
            assert limited.value.retry_after == 60


async def test_a_cut_connection() -> None:
    """The request fails, and did nothing."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.fail_next("POST", "/messages", reset=True)
        with pytest.raises((aiohttp.ClientError, OSError)):
            await text(bot).send("x")
        assert fake.said() == []


async def test_a_lost_answer_and_exactly_one_message() -> None:
    """The message is made, though the bot does not hear of it; sent again with its nonce it is the same."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.lose_next_response("POST", "/messages")
        with pytest.raises((aiohttp.ClientError, OSError)):
            await text(bot).send("x", nonce="n1")
        [made] = fake.said()
        again = await text(bot).send("x", nonce="n1")
        assert str(again.id) == made["id"]
        assert len(fake.said()) == 1


async def test_a_request_may_be_held() -> None:
    """Nothing is done until the test lets it pass."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fault = fake.hold_next("POST", "/messages")
        sending = asyncio.create_task(text(bot).send("x"))
        await fault.met.wait()
        assert fake.said() == []
        assert fault.gate is not None
        fault.gate.set()
        await sending
        assert len(fake.said()) == 1


async def test_any_answer_may_be_given_instead() -> None:
    """``faults`` are asked first."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.faults.append(
            lambda method, path: reply({"message": "no", "code": 30001}, 400) if path.endswith("/typing") else None
        )
        with pytest.raises(discord.HTTPException, match="30001"):
            await text(bot).typing()


async def test_a_mistake_of_the_fakes_is_told_and_ends_the_request() -> None:
    """Not with 500, which the library would try again for half a minute."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.world.users.clear()
        with pytest.raises(discord.HTTPException):
            await bot.application_info()
        assert len(fake.errors) == 1
