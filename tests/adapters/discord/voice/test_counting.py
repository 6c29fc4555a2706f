"""How many voice channels the bot is in, as Prometheus is told: whatever happens, it comes out even."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from prometheus_client import REGISTRY

from bot.adapters.discord.voice import Outcome
from bot.adapters.discord.voice.link import Link
from bot.metrics import VOICE_CONNECTIONS
from tests.adapters.discord.voice.scene import Bot, Scene, Sharded, scene, siren, tone


def connections() -> float:
    """What is counted now."""
    return REGISTRY.get_sample_value("tts_voice_connections", {"platform": "discord"}) or 0.0


@pytest.fixture(autouse=True)
def even() -> Iterator[None]:
    """Nothing is left of a test, in whichever way it ends; what others left behind is no matter of ours."""
    VOICE_CONNECTIONS.labels("discord").set(0)
    yield
    assert connections() == 0.0


async def until(stage: Scene, number: float) -> None:
    """It comes to be so many."""
    await stage.fake.until(lambda: connections() == number)


def another(stage: Scene, before: discord.Guild) -> bool:
    """Whether the library knows the guild anew."""
    guild = stage.bot.get_guild(before.id)
    return guild is not None and guild is not before


async def test_who_is_in_a_channel_is_counted_until_they_leave() -> None:
    """And coming where one is already counts once."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        assert connections() == 1.0
        assert await stage.room.join(stage.talk) is None
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert connections() == 1.0
        await stage.room.leave()
        assert connections() == 0.0
        await stage.room.leave()
        assert connections() == 0.0


async def test_who_leaves_is_counted_out_at_once() -> None:
    """Discord confirms it later."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        leaving = asyncio.create_task(stage.room.leave())
        link = stage.guild.voice_client
        assert isinstance(link, Link)
        while not link.lost:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert connections() == 0.0
        await leaving


async def test_a_connection_that_ended_in_its_making_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its websocket may be gone before whoever made it is told that it is there."""
    made = discord.VoiceClient.connect

    async def brief(link: Link, **how: Any) -> None:
        await made(link, **how)
        monkeypatch.undo()
        link._websocket_ended(4006)

    async with scene() as stage:
        monkeypatch.setattr(discord.VoiceClient, "connect", brief)
        assert await stage.room.join(stage.talk) is None
        assert connections() == 0.0
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel == stage.talk)
        assert connections() == 1.0


async def test_a_shutdown_counts_everybody_out() -> None:
    """What is left at the end of the scene is closed by it; the fixture looks."""
    async with scene() as stage:
        stage.item(siren(1.0))
        await until(stage, 1.0)


async def test_the_end_of_a_client_counts_out_too() -> None:
    """Of a host that does not take Sayso out first."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        await stage.bot.close()
        await until(stage, 0.0)


@pytest.mark.parametrize("code", [1006, 4006, 4014, 4015])
async def test_a_connection_that_is_won_back_is_one(code: int) -> None:
    """The lost one is counted out at once, the new one in."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        await stage.fake.drop_voice(code)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel == stage.talk)
        assert connections() == 1.0


async def test_a_connection_that_is_lost_for_good_is_none() -> None:
    """Though the bot wants to be there, and tries."""
    async with scene(settings={"connect_seconds": 0.1}) as stage:
        assert await stage.room.join(stage.talk) is None
        stage.fake.world.guild("5000").channels.pop(stage.fake.voice_channel)
        await stage.fake.drop_voice(4006)
        await stage.fake.until(lambda: stage.fake.refused_joins)
        await until(stage, 0.0)


async def test_a_refused_connection_is_none() -> None:
    """One that was never there is not counted out either, and the next that is, is one."""
    async with scene(settings={"connect_seconds": 10.0}) as stage:
        item = stage.item(tone(0.2))
        history = stage.fake.voice_history
        await stage.fake.until(lambda: bool(history) and history[0].ws is not None)
        await history[0].drop(4006)
        assert await stage.end(item) is Outcome.HEARD
        assert len(history) == 2
        assert connections() == 1.0


async def test_an_attempt_that_is_given_up_is_none() -> None:
    """In the middle of its making."""
    async with scene(settings={"connect_seconds": 0.1}) as stage:
        stage.fake.world.guild("5000").channels.pop(stage.fake.voice_channel)
        assert await stage.room.join(stage.talk) is not None
        assert connections() == 0.0


async def test_who_is_put_out_is_counted_out() -> None:
    """By somebody in the channel, or by another part of the same program."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        await stage.fake.disconnect_bot()
        await until(stage, 0.0)
        await stage.fake.until(lambda: stage.room.removed_from is not None)
        assert await stage.room.join(stage.talk) is None
        assert connections() == 1.0
        client = stage.guild.voice_client
        assert client is not None
        await client.disconnect(force=True)
        await until(stage, 0.0)


async def test_who_is_moved_is_in_one_channel() -> None:
    """By others, or because it is asked to come."""
    async with scene() as stage:
        den = await stage.den()
        assert await stage.room.join(stage.talk) is None
        await stage.fake.move_bot(den)
        await stage.fake.until(lambda: stage.room.channel is not None and stage.room.channel.id == int(den.id))
        await until(stage, 1.0)
        assert await stage.room.join(stage.talk, move=True) is None
        assert connections() == 1.0


@pytest.mark.parametrize("kind", [Bot, Sharded])
async def test_a_new_session_of_the_gateway_brings_no_second(kind: type[Bot]) -> None:
    """The voice connection of the old one is given up for one of the new."""
    async with scene(kind=kind) as stage:
        assert await stage.room.join(stage.talk) is None
        before = stage.guild
        stage.fake.invalidate()
        await stage.fake.until(lambda: another(stage, before))
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel is stage.talk)
        await until(stage, 1.0)


async def test_several_tell_of_one_end() -> None:
    """The websocket, the gateway, the library and the room, in any order."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        client = stage.guild.voice_client
        assert client is not None
        await asyncio.gather(
            stage.fake.drop_voice(4014), client.disconnect(force=True), stage.fake.disconnect_bot(), stage.room.leave()
        )
        await until(stage, 0.0)
