"""What is done once, when the client is ready, though not everything is in order then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord.ext import commands

from bot.adapters.discord import install, uninstall
from bot.adapters.discord.station import Station
from bot.adapters.discord.target import Target, Where
from bot.errors import StoreError
from bot.queue import Entry, to_json
from bot.speaker import Speaker
from bot.speech import Request
from tests.doubles.discord import FakeDiscord

INTENTS = discord.Intents(guilds=True, voice_states=True)
NOTE = Target(Where.NOTE, 6000, 5000)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.discord.events.PAUSES", (0.01, 0.02))


class Bot(commands.Bot):
    """One that does not wait five seconds before a further session."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass


@asynccontextmanager
async def started(fake: FakeDiscord, speaker: Speaker) -> AsyncIterator[Station]:
    """Sayso in a bot that is ready."""
    bot = Bot("!", intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
    station = await install(bot, speaker)
    running = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.until(lambda: bot.is_ready() or running.done())
        yield station
    finally:
        await uninstall(bot)
        await bot.close()
        await asyncio.wait([running])


async def left(speaker: Speaker) -> None:
    """Something is in the journal from before."""
    request = Request("discord:5000", "discord:2000", "Hi.", target=NOTE.to_json(), deadline=time.time() + 600)
    body = to_json(request)
    assert body is not None
    await speaker.store.journal.accept(Entry(request.id, body, at=request.at, expires=request.deadline))


@pytest.mark.parametrize("error", [StoreError("locked"), OSError(), aiohttp.ServerDisconnectedError()])
async def test_what_fails_for_a_moment_at_the_start_is_tried_again(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Until it works: what was promised before is not given up for that."""
    tries, real = [], speaker.store.keep.all

    async def kept(prefix: str) -> Any:
        tries.append(1)
        if len(tries) <= 3:
            raise error
        return await real(prefix)

    await speaker.store.keep.put("discord:voice:5000", {"channel": 7000})
    monkeypatch.setattr(speaker.store.keep, "all", kept)
    async with FakeDiscord() as fake, started(fake, speaker):
        await fake.until(lambda: fake.voice and fake.voice["5000"].live)
        assert len(tries) == 4


async def test_a_server_that_has_an_outage_at_the_start_is_rejoined_at_its_end(speaker: Speaker) -> None:
    """The client is ready without it; what it is told of it later is enough."""
    await speaker.store.keep.put("discord:voice:5000", {"channel": 7000})
    async with FakeDiscord() as fake:
        members = fake.world.guild("5000").members
        me = members.pop(fake.bot_id)  # so that Discord does not send the guild
        async with started(fake, speaker) as station:
            await fake.until(lambda: "discord start" not in {task.get_name() for task in asyncio.all_tasks()})
            guild = station.client.get_guild(5000)
            assert guild is not None
            assert guild.unavailable
            members[fake.bot_id] = me
            fake.restore_guild()
            await fake.until(lambda: fake.voice and fake.voice["5000"].live)


async def test_who_goes_meanwhile_tries_no_more(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the start is left."""
    tries = []

    async def locked(_prefix: str) -> Any:
        tries.append(1)
        raise StoreError("locked")

    monkeypatch.setattr(speaker.store.keep, "all", locked)
    async with FakeDiscord() as fake, started(fake, speaker) as station:
        await fake.until(lambda: len(tries) > 2)
        await uninstall(station.client)
        assert "discord start" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_no_step_of_the_start_waits_for_another(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice server that is silent for long keeps no note."""
    await left(speaker)
    gate, real = asyncio.Event(), speaker.store.keep.all

    async def slow(prefix: str) -> Any:
        await gate.wait()
        return await real(prefix)

    monkeypatch.setattr(speaker.store.keep, "all", slow)
    async with FakeDiscord() as fake, started(fake, speaker):
        await fake.until(lambda: fake.notes(6000))
        gate.set()


async def test_a_step_that_crashes_is_not_made_again(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """That would only crash again; the others are made."""
    await left(speaker)
    tries = []

    async def broken(_prefix: str) -> Any:
        tries.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(speaker.store.keep, "all", broken)
    async with FakeDiscord() as fake, started(fake, speaker) as station:
        await fake.until(lambda: fake.notes(6000) and station.owners)
        assert tries == [1]


async def test_the_owners_of_a_bot_are_those_of_its_team_who_have_come(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not who was only invited, nor who may only look."""
    async with FakeDiscord() as fake:
        people = [fake.add_user(name) for name in ("cleo", "dan", "eve")]
        members = [
            {"user": person.payload(), "membership_state": state, "permissions": ["*"], "role": role, "team_id": "77"}
            for person, (state, role) in zip(people, [(2, "admin"), (1, "admin"), (2, "read_only")], strict=True)
        ]
        team = {"id": "77", "name": "Team", "icon": None, "owner_user_id": people[0].id, "members": members}
        fake.world.team = team
        async with started(fake, speaker) as station:
            await fake.until(lambda: station.owners)
            assert station.owners == {int(people[0].id)}


async def test_a_new_session_is_told_to_the_rooms(speaker: Speaker) -> None:
    """They have connections of the old one."""
    async with FakeDiscord() as fake, started(fake, speaker) as station:
        talk = station.client.get_channel(7000)
        assert isinstance(talk, discord.VoiceChannel)
        assert await station.rooms.room(talk.guild).join(talk) is None
        fake.invalidate()
        await fake.until(lambda: len(fake.voice_history) == 2 and fake.voice["5000"].live)
