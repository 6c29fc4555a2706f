"""What becomes of a room when the main gateway's session is over, and the library knows the guild anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.adapters.discord.voice import Outcome
from bot.adapters.discord.voice.source import REWIND
from tests.adapters.discord.voice.scene import QUICK, Bot, Scene, Sharded, places, scene, siren, tone

both = pytest.mark.parametrize("kind", [Bot, Sharded])


async def anew(stage: Scene) -> None:
    """The session cannot be resumed; another has begun, with other objects for the same things."""
    old = stage.guild
    stage.fake.invalidate()
    await stage.fake.until(lambda: _another(stage, old) and stage.bot.get_channel(int(stage.fake.voice_channel)))


def _another(stage: Scene, old: discord.Guild) -> bool:
    guild = stage.bot.get_guild(old.id)
    return guild is not None and guild is not old


@both
async def test_it_comes_back_over_the_new_session(kind: type[Bot]) -> None:
    """The voice connection of the old session is given up for one of the new, though nothing is said.

    That the bot has left is confirmed, though the library has forgotten the old connection.
    """
    async with scene(kind=kind, timing=replace(QUICK, hang_up=8.0)) as stage:
        assert await stage.room.join(stage.talk) is None
        await anew(stage)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel is stage.talk)
        client = stage.guild.voice_client
        assert isinstance(client, discord.VoiceClient)
        assert client.channel is stage.talk
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 2


@both
async def test_what_is_said_meanwhile_is_heard_whole(kind: type[Bot]) -> None:
    """It goes on over the new connection a little before where it was."""
    async with scene(kind=kind) as stage:
        packets = siren(1.0)
        item = stage.item(packets)
        await stage.heard(10)
        await anew(stage)
        assert await stage.end(item) is Outcome.HEARD
        heard = places(await stage.heard(len(packets)), packets)
        assert sorted(set(heard)) == list(range(len(packets)))
        assert len(heard) - len(packets) <= REWIND


@both
async def test_it_sees_who_leaves_after_it(kind: type[Bot]) -> None:
    """And goes when it is alone."""
    async with scene(kind=kind, settings={"leave_seconds": 0.1}) as stage:
        assert await stage.room.join(stage.talk) is None
        await anew(stage)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel is stage.talk)
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.guild.voice_client is None and not stage.memory.held)
        assert not stage.fake.voice


@both
async def test_it_sees_who_sits_elsewhere_after_it(kind: type[Bot]) -> None:
    """People who have gone over are not told that it is heard where they were."""
    async with scene(kind=kind) as stage:
        den = await stage.den(people=False)
        assert await stage.room.join(stage.talk) is None
        await anew(stage)
        await stage.fake.human_voice(den)
        await stage.fake.until(lambda: stage.people(den))
        assert await stage.end(stage.item(tone(0.2), den.id)) is Outcome.HEARD


async def test_what_the_old_session_is_told_is_not_somebodys_wish() -> None:
    """Discord takes the old session's voice away with it: nobody has put the bot out."""
    async with scene(kind=Sharded) as stage:
        assert await stage.room.join(stage.talk) is None
        link = stage.guild.voice_client
        assert isinstance(link, discord.VoiceClient)
        await anew(stage)
        nowhere: Any = {"user_id": stage.fake.bot_id, "channel_id": None, "session_id": "old"}
        await link.on_voice_state_update(nowhere)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel is stage.talk)
        assert stage.room.removed_from is None


async def test_a_guild_that_is_not_there_yet_is_waited_for() -> None:
    """A new session first has only the guilds' ids; their channels are not gone."""
    async with scene() as stage:
        packets = siren(1.0)
        item, members = stage.item(packets), stage.fake.world.guild("5000").members
        await stage.heard(10)
        me = members.pop(stage.fake.bot_id)  # so that Discord does not send the guild
        stage.fake.invalidate()
        await stage.fake.until(lambda: stage.guild.unavailable)
        await stage.fake.drop_voice(4006)
        await asyncio.sleep(0.1)
        assert not item.ended.done()
        members[stage.fake.bot_id] = me
        stage.fake.restore_guild()
        assert await stage.end(item) is Outcome.HEARD
