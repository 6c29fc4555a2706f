"""One voice connection for a guild, and a music cog that also wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest

from bot.adapters.discord.voice import Outcome, Trouble
from tests.adapters.discord.voice.scene import Scene, places, scene, siren, tone
from tests.doubles.discord.client import Tone

MUSIC = 300.0
"""Hz."""


@asynccontextmanager
async def lent(stage: Scene, channel: discord.VoiceChannel | None = None) -> AsyncIterator[discord.VoiceClient]:
    """A connection that somebody else opened, not deafened, and closes themselves."""
    client: discord.VoiceClient = await (channel or stage.talk).connect()
    try:
        yield client
        assert client.is_connected(), "what is lent must be given back as it was"
    finally:
        await client.disconnect(force=True)


@pytest.mark.parametrize("dave", [False, "bot_joins"])
async def test_an_idle_connection_is_borrowed(dave: bool | str) -> None:
    """One speech after the other goes over it, and it is left as it was found."""
    async with scene(dave=dave) as stage, lent(stage) as client:
        packets = siren(0.4)
        items = [stage.item(packets), stage.item(tone(0.2))]
        assert [await stage.end(item) for item in items] == [Outcome.HEARD] * 2
        heard = await stage.heard(len(packets) + 10)
        assert [packet.opus for packet in heard] == [*packets, *tone(0.2)]
        assert stage.guild.voice_client is client
        assert stage.guild.me.voice is not None
        assert not stage.guild.me.voice.self_deaf
        assert stage.room.channel is None
        assert stage.memory.held == {}
        assert len(stage.fake.voice_history) == 1
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("voice room")]


async def test_music_is_not_interrupted() -> None:
    """Who wants to speak while music plays is told so after a little while; the music never stops."""
    async with scene() as stage, lent(stage) as client:
        source = Tone(3.0, MUSIC)
        client.play(source)
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.TAKEN
        assert client.is_playing()
        assert client.source is source
        client.stop()


async def test_paused_music_is_still_music() -> None:
    """It will go on where it was."""
    async with scene() as stage, lent(stage) as client:
        client.play(Tone(3.0, MUSIC))
        client.pause()
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.TAKEN
        assert client.is_paused()
        client.stop()


async def test_the_end_of_a_song_is_waited_for() -> None:
    """If it is near."""
    async with scene() as stage, lent(stage) as client:
        client.play(Tone(0.1, MUSIC))
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD


async def test_a_connection_elsewhere_is_not_moved() -> None:
    """It is not ours to move."""
    async with scene() as stage:
        den = await stage.den()
        there = stage.known(den)
        assert isinstance(there, discord.VoiceChannel)
        async with lent(stage, there):
            item = stage.item(tone(0.2))
            assert await stage.end(item) is Outcome.LOST
            assert item.trouble == Trouble.TAKEN
            assert await stage.room.join(stage.talk) is Trouble.TAKEN
            assert await stage.room.join(there) is None


async def test_another_kind_of_client_cannot_be_borrowed() -> None:
    """Such as one that hands its sound to a server of its own."""

    class Foreign(discord.VoiceProtocol):
        async def connect(
            self,
            *,
            timeout: float,  # noqa: ASYNC109 (the library's own signature)
            reconnect: bool,
            self_deaf: bool = False,
            self_mute: bool = False,
        ) -> None:
            pass

        async def disconnect(self, *, force: bool) -> None:
            self.cleanup()

        async def on_voice_state_update(self, data: object, /) -> None:
            pass

        async def on_voice_server_update(self, data: object, /) -> None:
            pass

    async with scene() as stage:
        foreign = await stage.talk.connect(cls=Foreign)
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.TAKEN
        await foreign.disconnect(force=True)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD


async def test_a_lent_connection_that_is_won_back_goes_on() -> None:
    """Its owner mends it, and the speech goes on a little before where it was."""
    async with scene() as stage, lent(stage) as client:
        packets = siren(0.8)
        item = stage.item(packets)
        await stage.heard(20)
        await stage.fake.drop_voice(4006)
        # The library waits up to a second, and tries again.
        assert await asyncio.wait_for(item.ended, 10) is Outcome.HEARD
        heard = places(await stage.heard(len(packets)), packets)
        assert set(heard) == set(range(len(packets)))
        await stage.fake.until(client.is_connected)


async def test_music_may_use_our_connection() -> None:
    """Between two speeches; the next waits for its end, and leaving waits too."""
    async with scene(settings={"leave_seconds": 0.05}) as stage:
        await stage.end(stage.item(tone(0.2)))
        client = stage.guild.voice_client
        assert isinstance(client, discord.VoiceClient)
        client.play(Tone(0.5, MUSIC))
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.TAKEN
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.talk.members == [stage.guild.me])
        await asyncio.sleep(0.1)
        assert stage.guild.voice_client is client
        assert client.is_playing()
        await stage.fake.until(lambda: stage.guild.voice_client is None)


async def test_who_stops_our_sound_has_skipped_it() -> None:
    """A music cog's stop command stops what plays, whoever began it."""
    async with scene() as stage:
        item = stage.item(siren(2.0))
        await stage.heard(5)
        client = stage.guild.voice_client
        assert isinstance(client, discord.VoiceClient)
        client.stop()
        assert await stage.end(item) is Outcome.SKIPPED
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 1


async def test_a_pause_does_not_block_the_room() -> None:
    """Somebody's pause command hits a speech, and nobody would ever resume that."""
    async with scene() as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        await stage.heard(5)
        client = stage.guild.voice_client
        assert isinstance(client, discord.VoiceClient)
        client.pause()
        assert await stage.end(item) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))


async def test_a_paused_speech_can_be_skipped() -> None:
    """Its player does not read, and would never learn of it by itself."""
    async with scene() as stage:
        item = stage.item(siren(2.0))
        await stage.heard(5)
        client = stage.guild.voice_client
        assert isinstance(client, discord.VoiceClient)
        client.pause()
        stage.room.skip(item)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
