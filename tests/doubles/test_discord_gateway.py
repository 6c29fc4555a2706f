"""The loopback Discord's gateway: shards, resuming, endings, and a second process with the same token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import INTENTS, Prompt, running, started

SECOND_SHARD = (1 << 22) + 5000


class Sharded(Prompt, discord.AutoShardedClient):
    """Starts its shards at once."""


def sharded(fake: FakeDiscord, **options: Any) -> Sharded:
    return Sharded(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05, **options)


def listen(bot: discord.Client) -> list[str]:
    heard: list[str] = []

    @bot.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)

    return heard


@asynccontextmanager
async def raw(fake: FakeDiscord) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A gateway connection by hand."""
    async with (
        aiohttp.ClientSession(connector=fake.connector()) as http,
        http.ws_connect("wss://gateway.discord.gg/?v=10&encoding=json") as ws,
    ):
        yield ws


async def identify(fake: FakeDiscord, ws: aiohttp.ClientWebSocketResponse) -> None:
    """As far as the guild."""
    await ws.send_json({"op": 2, "d": {"token": fake.token, "intents": 1}})
    told = [await ws.receive_json() for _ in range(3)]
    assert [frame["t"] for frame in told] == [None, "READY", "GUILD_CREATE"]


def opcodes(fake: FakeDiscord, *wanted: int) -> list[int]:
    return [frame["op"] for frame in fake.gateway_frames if frame["op"] in wanted]


async def test_guilds_are_told_to_their_shard_alone() -> None:
    """As many as /gateway/bot advises; (id >> 22) % n; each event reaches the bot once."""
    async with FakeDiscord(shards=2) as fake:
        other = fake.add_guild("Other", id=SECOND_SHARD)
        async with running(sharded(fake), fake) as bot:
            heard = listen(bot)
            assert [frame["d"]["shard"] for frame in fake.gateway_frames if frame["op"] == 2] == [[0, 2], [1, 2]]
            assert {guild.id: guild.shard_id for guild in bot.guilds} == {5000: 0, int(other.id): 1}
            await fake.say("zero")
            await fake.say("one", guild=other)
            await fake.say("direct", channel=fake.direct())
            await fake.until(lambda: len(heard) >= 2)
            assert sorted(heard) == ["one", "zero"]


async def test_a_process_may_take_only_some_shards() -> None:
    """It knows the guilds of those, and no others."""
    async with FakeDiscord(shards=2) as fake:
        fake.add_guild("Other", id=SECOND_SHARD)
        async with running(sharded(fake, shard_count=2, shard_ids=[1]), fake) as bot:
            assert [guild.id for guild in bot.guilds] == [SECOND_SHARD]


async def test_a_cut_connection_is_resumed_and_misses_nothing() -> None:
    """What was said meanwhile is told afterwards; READY comes only once."""
    async with FakeDiscord() as fake, started(fake) as bot:
        heard = listen(bot)
        fake.kill(forget=False)
        await fake.say("meanwhile")
        await fake.until(lambda: heard, 10.0)
        assert heard == ["meanwhile"]
        assert opcodes(fake, 2, 6) == [2, 6]
        assert fake.gateway.resumed == 1


async def test_asked_to_reconnect_the_bot_resumes() -> None:
    """Opcode 7."""
    async with FakeDiscord() as fake, started(fake) as bot:
        heard = listen(bot)
        fake.ask_reconnect()
        await fake.until(lambda: fake.gateway.resumed, 10.0)
        await fake.say("after")
        await fake.until(lambda: heard)
        assert opcodes(fake, 2, 6) == [2, 6]


async def test_a_session_that_is_over_cannot_be_resumed() -> None:
    """Opcode 9 answers the Resume, and the bot identifies anew."""
    async with FakeDiscord() as fake, started(fake):
        fake.kill(forget=True)
        await fake.until(lambda: opcodes(fake, 2, 6) == [2, 6, 2], 10.0)
        assert fake.gateway.resumed == 0


@pytest.mark.parametrize("code", [4000, 4009])
async def test_after_a_close_the_bot_comes_back(code: int) -> None:
    """Unknown error, session timed out: it resumes."""
    async with FakeDiscord() as fake, started(fake):
        await fake.close_gateway(code)
        await fake.until(lambda: fake.gateway.resumed, 10.0)


async def test_another_process_comes_after_a_crash() -> None:
    """The first is gone without a word and out of voice; the second, with the same token, hears and speaks."""
    async with FakeDiscord() as fake:
        async with started(fake) as first:
            talk = first.get_channel(7000)
            assert isinstance(talk, discord.VoiceChannel)
            await talk.connect(reconnect=False, timeout=1)
            fake.kill()
            assert fake.voice == {}
        async with started(fake) as second:
            heard = listen(second)
            guild = second.get_guild(5000)
            assert guild is not None
            assert guild.me.voice is None
            await fake.say("again")
            await fake.until(lambda: heard)
            again = second.get_channel(7000)
            assert isinstance(again, discord.VoiceChannel)
            await again.connect()
            assert fake.voice["5000"].live


async def test_a_goodbye_ends_the_session_and_its_voice() -> None:
    """Closed with 1000 or 1001 there is nothing to resume, and the bot is in no channel."""
    async with FakeDiscord() as fake:
        async with raw(fake) as ws:
            await identify(fake, ws)
            join = {"guild_id": "5000", "channel_id": "7000", "self_mute": False, "self_deaf": False}
            await ws.send_json({"op": 4, "d": join})
            await fake.until(lambda: fake.voice)
            await ws.close(code=1000)
        await fake.until(lambda: not fake.gateways)
        assert fake.gateway.sessions == []
        assert fake.voice == {}


async def test_the_library_says_no_goodbye() -> None:
    """Of discord.py: closing it, the socket is closed with 4000, so that its session stays to be resumed."""
    async with FakeDiscord() as fake:
        async with started(fake):
            pass
        await fake.until(lambda: not fake.gateways)
        assert len(fake.gateway.sessions) == 1


async def test_two_processes_at_once_both_hear() -> None:
    """As when a new one starts before the old one has ended."""
    async with FakeDiscord() as fake, started(fake) as one, started(fake) as other:
        first, second = listen(one), listen(other)
        await fake.say("x")
        await fake.until(lambda: first and second)
        assert len(fake.gateways) == 2


async def test_an_impossible_shard_is_refused() -> None:
    """4010."""
    async with FakeDiscord() as fake:
        with pytest.raises(discord.ConnectionClosed) as closed:
            async with running(sharded(fake, shard_count=1, shard_ids=[1]), fake):
                pass
        assert closed.value.code == 4010


async def test_heartbeats_are_answered() -> None:
    """With opcode 11, before and after identifying; what comes before Identify and needs it is 4003."""
    async with FakeDiscord() as fake, raw(fake) as ws:
        assert (await ws.receive_json())["op"] == 10
        await ws.send_json({"op": 1, "d": None})
        assert (await ws.receive_json())["op"] == 11
        await ws.send_json({"op": 8, "d": {"guild_id": "5000", "query": "", "limit": 0}})
        assert (await ws.receive()).data == 4003


async def test_an_unknown_opcode_is_told_to_the_test() -> None:
    """The fake does not pretend to know it."""
    async with FakeDiscord() as fake, raw(fake) as ws:
        await identify(fake, ws)
        await ws.send_json({"op": 99, "d": {}})
        await fake.until(lambda: fake.errors == ["gateway opcode 99"])


async def test_a_wrong_token_closes_the_gateway() -> None:
    """4004."""
    async with FakeDiscord() as fake, raw(fake) as ws:
        await ws.receive_json()
        await ws.send_json({"op": 2, "d": {"token": "wrong", "intents": 0}})
        assert (await ws.receive()).data == 4004
