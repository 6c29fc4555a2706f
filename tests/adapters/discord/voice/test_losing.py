"""Connections that are lost while somebody speaks, and what becomes of the words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.adapters.discord.voice import Outcome, Trouble
from bot.adapters.discord.voice.link import Link, Loss
from bot.adapters.discord.voice.source import REWIND
from tests.adapters.discord.voice.scene import Scene, places, scene, siren, tone

CODES = [1006, 4006, 4009, 4014, 4015, 4022]


def gapless(heard: Sequence[int], count: int) -> None:
    """Every packet was heard; at most what was on its way twice."""
    assert sorted(set(heard)) == list(range(count))
    assert len(heard) - count <= REWIND


async def dropped(stage: Scene, code: int) -> None:
    """The voice websocket ends after some packets."""
    await stage.heard(20)
    await stage.fake.drop_voice(code)


@pytest.mark.parametrize("code", CODES)
async def test_no_word_is_lost_when_the_connection_is(code: int) -> None:
    """It is seen at once, a new connection is made, and it goes on a little before where it was."""
    async with scene() as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        await dropped(stage, code)
        assert await stage.end(item) is Outcome.HEARD
        gapless(places(await stage.heard(len(packets)), packets), len(packets))
        assert len(stage.fake.voice_history) == 2


@pytest.mark.parametrize("dave", ["bot_joins", "bot_first"])
async def test_the_new_connection_is_encrypted_before_the_next_word(dave: str) -> None:
    """A drop is no way around the encryption."""
    async with scene(dave=dave, key_exchange_delay=0.1) as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        await dropped(stage, 4006)
        assert await stage.end(item) is Outcome.HEARD
        gapless(places(await stage.heard(len(packets)), packets), len(packets))
        spoken = [packet for session in stage.fake.voice_history for packet in session.audio_packets()]
        assert all(packet.dave for packet in spoken)


async def test_it_does_not_hang_on_the_old_socket() -> None:
    """Where the voice server sends nothing by itself the library's own reconnect takes 30 s; ours does not."""
    async with scene(rtcp_every=None) as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        await dropped(stage, 4006)
        assert await stage.end(item) is Outcome.HEARD
        gapless(places(await stage.heard(len(packets)), packets), len(packets))


async def test_a_connection_that_never_holds_is_given_up() -> None:
    """After a few tries the item is lost, and the room goes on to the next."""
    async with scene() as stage:
        first, second = stage.item(siren(2.0)), stage.item(tone(0.2))
        while not first.ended.done():
            if stage.fake.voice and stage.fake.voice["5000"].live and stage.fake.voice["5000"].packets:
                await stage.fake.drop_voice(4006)
            await asyncio.sleep(0.005)
        assert (first.ended.result(), first.trouble) == (Outcome.LOST, Trouble.NO_ANSWER)
        assert await stage.end(second) is Outcome.HEARD


async def refused(stage: Scene, code: int, number: int) -> None:
    """A voice websocket is closed as soon as it is there."""
    history = stage.fake.voice_history
    await stage.fake.until(lambda: len(history) > number and history[number].ws is not None)
    await history[number].drop(code)


async def test_a_refused_connection_is_tried_again() -> None:
    """Most refusals are gone with a new session."""
    async with scene(settings={"connect_seconds": 10.0}) as stage:
        item = stage.item(tone(0.2))
        for number in range(2):
            await refused(stage, 4006, number)
        assert await stage.end(item) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 3


async def test_who_came_too_often_does_not_come_again() -> None:
    """That would only make it worse; nor does a restart."""
    async with scene() as stage:
        item = stage.item(siren(1.0))
        await dropped(stage, 4021)
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.NO_ANSWER
        assert len(stage.fake.voice_history) == 1
        assert stage.memory.held == {}


async def test_a_drop_between_two_items_is_mended() -> None:
    """The bot stays in its channel though nothing is said."""
    async with scene() as stage:
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.drop_voice(4006)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel == stage.talk)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 2


async def test_who_is_cut_off_for_long_comes_back() -> None:
    """When Discord does not answer for a while, the bot tries again later, though nothing is to be said."""
    async with scene(settings={"connect_seconds": 0.2}) as stage:
        assert await stage.room.join(stage.talk) is None
        guild = stage.fake.world.guild("5000")
        channel = guild.channels.pop(stage.fake.voice_channel)
        await stage.fake.drop_voice(4006)
        await stage.fake.until(lambda: stage.fake.refused_joins and stage.room.channel is None)
        guild.channels[channel.id] = channel
        await stage.fake.until(lambda: stage.room.channel == stage.talk)
        assert stage.memory.held == {"discord:voice:5000": {"channel": stage.talk.id}}


async def test_a_room_outlives_what_fails_while_it_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever discord.py raises, also at hanging up: the bot comes back, though nothing is said."""
    left = Link.hang_up

    async def broken(*_args: object) -> Loss:
        raise RuntimeError

    async def breaking(link: Link) -> None:
        monkeypatch.undo()
        await left(link)
        raise RuntimeError

    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        monkeypatch.setattr(Link, "loss", broken)
        monkeypatch.setattr(Link, "hang_up", breaking)
        await stage.fake.drop_voice(4006)
        await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.room.channel == stage.talk)


async def test_who_is_cut_off_for_good_gives_up() -> None:
    """After a few tries; the room is then as if it had never been there."""
    async with scene(settings={"connect_seconds": 0.1}) as stage:
        assert await stage.room.join(stage.talk) is None
        stage.fake.world.guild("5000").channels.pop(stage.fake.voice_channel)
        await stage.fake.drop_voice(4006)
        await stage.fake.until(lambda: not stage.memory.held, 8)
        assert stage.room.channel is None


async def test_who_is_put_out_does_not_come_back() -> None:
    """All that was to be heard there is lost, with the reason; a restart does not bring the bot back either."""
    async with scene() as stage:
        items = [stage.item(siren(1.0)), stage.item(tone(0.2))]
        await stage.heard(5)
        await stage.fake.disconnect_bot()
        assert [await stage.end(item) for item in items] == [Outcome.LOST] * 2
        assert [item.trouble for item in items] == [Trouble.REMOVED] * 2
        assert stage.room.channel is None
        assert stage.room.removed_from == stage.talk.id
        await stage.fake.until(lambda: not stage.memory.held)
        assert len(stage.fake.voice_history) == 1
        assert stage.guild.voice_client is None


async def test_who_was_put_out_comes_when_asked_again() -> None:
    """It was the last connection that was not wanted, not the next."""
    async with scene() as stage:
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.disconnect_bot()
        await stage.fake.until(lambda: stage.room.removed_from is not None)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert stage.room.removed_from is None


@pytest.mark.parametrize("dave", [False, "bot_joins"])
async def test_who_is_moved_goes_on_there(dave: bool | str) -> None:
    """The item goes on in the new channel, and so does all that waits."""
    async with scene(dave=dave) as stage:
        den = await stage.den()
        packets = siren(0.6)
        items = [stage.item(packets), stage.item(tone(0.2))]
        await stage.heard(20)
        await stage.fake.move_bot(den)
        assert [await stage.end(item) for item in items] == [Outcome.HEARD] * 2
        heard = await stage.heard(len(packets) + 10)
        gapless(places(heard[:-10], packets), len(packets))
        assert stage.fake.voice["5000"].channel_id == den.id
        assert [item.channel for item in items] == [int(den.id)] * 2
        assert stage.memory.held == {"discord:voice:5000": {"channel": int(den.id)}}


async def test_who_is_moved_while_silent_follows() -> None:
    """The connection to the new channel is there before the next word is wanted."""
    async with scene() as stage:
        den = await stage.den()
        assert await stage.room.join(stage.talk) is None
        await stage.fake.move_bot(den)
        await stage.fake.until(lambda: stage.room.channel is not None and stage.room.channel.id == int(den.id))
        assert stage.fake.voice["5000"].live


async def test_a_channel_that_is_deleted_is_gone() -> None:
    """Its items are lost, and others are heard elsewhere."""
    async with scene() as stage:
        den = await stage.den()
        items = [stage.item(siren(1.0), den.id), stage.item(tone(0.2), den.id), stage.item(tone(0.2))]
        await stage.heard(5)
        await stage.gone(den)
        assert [await stage.end(item) for item in items] == [Outcome.LOST, Outcome.LOST, Outcome.HEARD]
        assert [item.trouble for item in items] == [Trouble.GONE, Trouble.GONE, None]


async def test_a_channel_that_never_was_is_gone() -> None:
    """An item from before a restart may name a channel that was deleted since."""
    async with scene() as stage:
        item = stage.item(tone(0.2))
        item.channel = 1
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.GONE


async def test_somebody_in_the_same_process_may_put_it_out() -> None:
    """Another part of the host that disconnects the guild's client means it."""
    async with scene() as stage:
        item = stage.item(siren(1.0))
        await stage.heard(5)
        client = stage.guild.voice_client
        assert client is not None
        await client.disconnect(force=True)
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.REMOVED


async def test_the_end_of_the_client_is_no_wish_to_be_gone() -> None:
    """A host that is shut down without taking Sayso out first finds the bot in its channel after the next start."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        await stage.bot.close()
        await stage.fake.until(lambda: stage.room.channel is None)
        await stage.rooms.close()
        assert stage.memory.held == {"discord:voice:5000": {"channel": stage.talk.id}}
