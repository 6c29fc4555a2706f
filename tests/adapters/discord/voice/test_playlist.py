"""The order in which items are heard, and how they end before they were."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.adapters.discord.voice import Item, Outcome, Trouble, Wait
from bot.adapters.discord.voice.act import Act
from bot.adapters.discord.voice.playlist import Playlist
from bot.adapters.discord.voice.source import LEAD
from bot.errors import Abandoned
from bot.said import Figures, Said
from bot.speech import Request, Speech
from tests.adapters.discord.voice.scene import QUICK, clip, places, said, scene, siren, speech, tone
from tests.doubles.discord.rtp import SILENCE

BO = 2
"""Somebody else."""

REST = 20.0
"""Seconds."""


async def test_a_skipped_item_ends_and_the_next_follows() -> None:
    """Five packets of silence, as Discord wants it, and then the next, over the same connection and in one count."""
    async with scene() as stage:
        first, second = stage.item(siren(2.0)), stage.item(tone(0.3))
        await stage.heard(10)
        assert stage.room.skip() is first
        assert first.ended.result() is Outcome.SKIPPED
        assert await stage.end(second) is Outcome.HEARD
        session = stage.fake.voice["5000"]
        await stage.fake.until(lambda: session.packets[-1].opus == SILENCE)
        sounds = [packet.opus for packet in session.packets]
        cut = next(at for at, packet in enumerate(sounds) if at > LEAD and packet == SILENCE)
        assert sounds[cut : cut + 5 + LEAD] == [SILENCE] * (5 + LEAD)
        assert sounds[cut + 5 + LEAD] == tone(0.3)[0]
        assert [packet.seq for packet in session.packets] == list(
            range(session.packets[0].seq, session.packets[0].seq + len(sounds))
        )
        assert len({packet.nonce for packet in session.packets}) == len(sounds)


async def test_an_item_that_waits_can_be_skipped() -> None:
    """It is not heard; what plays goes on."""
    async with scene() as stage:
        packets = siren(0.4)
        first, second, third = stage.item(packets), stage.item(siren(1.0)), stage.item(tone(0.2))
        await stage.heard(1)
        assert stage.room.skip(second) is second
        assert second.ended.result() is Outcome.SKIPPED
        assert stage.room.items == [first, third]
        assert [await stage.end(first), await stage.end(third)] == [Outcome.HEARD] * 2
        assert [packet.opus for packet in await stage.heard(30)] == [*packets, *tone(0.2)]


async def test_there_is_nothing_to_skip() -> None:
    """Neither in an empty room, nor what is over."""
    async with scene() as stage:
        assert stage.room.skip() is None
        item = stage.item(tone(0.2))
        await stage.end(item)
        assert stage.room.skip(item) is None
        assert stage.room.stop() == 0
        assert not stage.room.cancel(item)


async def test_stop_ends_all_and_stays() -> None:
    """The bot remains in the channel and is ready for the next."""
    async with scene() as stage:
        items = [stage.item(siren(2.0)) for _ in range(3)]
        await stage.heard(5)
        assert stage.room.stop() == 3
        assert [item.ended.result() for item in items] == [Outcome.SKIPPED] * 3
        assert stage.room.items == []
        assert stage.room.channel == stage.talk
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 1


async def test_an_item_may_be_taken_back() -> None:
    """Which is told apart from a skip."""
    async with scene() as stage:
        playing, waiting = stage.item(siren(2.0)), stage.item(siren(2.0))
        await stage.heard(5)
        assert stage.room.cancel(waiting)
        assert stage.room.cancel(playing)
        assert [item.ended.result() for item in (playing, waiting)] == [Outcome.CANCELLED] * 2


async def test_the_wait_is_what_stands_before() -> None:
    """What is left of the one that plays, and the length of those between; a guess where it is not known yet."""
    async with scene() as stage:
        first, second = stage.item(siren(2.0)), stage.item(siren(1.0))
        growing = stage.item(Speech(), text="One two three four five six seven eight nine ten.")
        last = stage.item(tone(0.2))
        assert stage.room.wait(first) == Wait(0, 0.0)
        await stage.heard(50)
        ahead, seconds = stage.room.wait(second)
        assert ahead == 1
        assert 0 < seconds <= 1.0
        guess = stage.room.wait(last).seconds - stage.room.wait(growing).seconds
        assert stage.room.wait(last).ahead == 3
        assert 2.0 < guess < 6.0
        stage.room.stop()
        assert stage.room.wait(last) == Wait(0, 0.0)


async def test_what_is_too_late_is_not_begun() -> None:
    """Its deadline has passed already, or passes while others play; one that plays is not cut off."""
    async with scene() as stage:
        late = stage.item(tone(0.2), deadline=time.time() - 1)
        playing = stage.item(siren(0.8), deadline=time.time() + 0.6)
        waiting = stage.item(tone(0.2), deadline=time.time() + 0.6)
        assert [await stage.end(item) for item in (late, waiting)] == [Outcome.EXPIRED] * 2
        assert stage.room.items == [playing]
        assert await stage.end(playing) is Outcome.HEARD


async def test_what_is_made_too_slowly_expires() -> None:
    """Its turn has come, but there is no sound before its time is over."""
    async with scene() as stage:
        item, growing = stage.item(slow := Speech(), deadline=time.time() + 0.3), stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.EXPIRED
        assert not slow.done
        assert await stage.end(growing) is Outcome.HEARD


async def test_nothing_is_said_to_nobody() -> None:
    """Who asked for it has gone: it is lost, with the reason, and the bot does not even come. Bots are nobody."""
    async with scene() as stage:
        await stage.fake.human_voice(stage.fake.voice_channel, by=stage.fake.add_user("robot", bot=True))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: len(stage.talk.members) == 1 and stage.talk.members[0].bot)
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.EMPTY
        assert stage.fake.voice_history == []


async def test_what_was_late_is_not_said_to_nobody() -> None:
    """Everybody may leave while the first words are still being made; who comes then hears the next."""
    async with scene() as stage:
        item = stage.item(slow := Speech())
        await stage.fake.until(lambda: stage.room.channel == stage.talk)
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.talk.members == [stage.guild.me])
        slow.append(tone(0.4))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.EMPTY
        await stage.fake.human_voice(stage.fake.voice_channel)
        await stage.fake.until(lambda: len(stage.talk.members) == 2)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD


async def test_who_has_nothing_to_say_yet_lets_others_go_first() -> None:
    """A text that is still being written keeps nobody waiting, and is heard when there is something of it."""
    async with scene() as stage:
        slow = stage.item(growing := Speech())
        await stage.fake.until(lambda: stage.room.channel == stage.talk)
        quick = stage.item(tone(0.4), user=BO)
        assert await stage.end(quick) is Outcome.HEARD
        assert not slow.ended.done()
        growing.append(siren(0.4))
        growing.finish(clip(20))
        assert await stage.end(slow) is Outcome.HEARD
        assert [packet.opus for packet in await stage.heard(40)] == [*tone(0.4), *siren(0.4)]


async def test_who_plays_is_not_overtaken() -> None:
    """Who let somebody go first comes next, and not in the middle."""
    async with scene() as stage:
        slow, quick = stage.item(growing := Speech()), stage.item(siren(0.6), user=BO)
        last = stage.item(tone(0.2), user=BO)
        await stage.heard(1)
        growing.append(tone(0.4))
        growing.finish(clip(20))
        await asyncio.sleep(0)
        assert stage.room.items == [quick, slow, last]
        assert [await stage.end(item) for item in (quick, slow, last)] == [Outcome.HEARD] * 3
        assert [packet.opus for packet in await stage.heard(60)] == [*siren(0.6), *tone(0.4), *tone(0.2)]


async def test_what_stops_coming_ends() -> None:
    """Its asker is told so, its making is given up, and what waits behind it is heard."""
    async with scene() as stage:
        stalled, waiting = stage.item(growing := Speech()), stage.item(tone(0.2), user=BO)
        gone = asyncio.Event()
        stalled.said._leave = gone.set
        growing.append(siren(0.4))
        assert await stage.end(stalled) is Outcome.FAILED
        assert gone.is_set()
        with pytest.raises(Abandoned):
            await growing.clip()
        assert await stage.end(waiting) is Outcome.HEARD
        assert [packet.opus for packet in await stage.heard(30)] == [*siren(0.4), *tone(0.2)]


async def listed(*items: Item) -> tuple[Playlist, list[Act]]:
    """Items on a playlist without a room, which have gathered what there is of their speeches."""
    playlist = Playlist()
    acts = [Act(item, lambda _: None, playlist.remove, REST) for item in items]
    for act in acts:
        playlist.add(act)
    for _ in range(3):
        await asyncio.sleep(0)
    return playlist, acts


def item(packets: Sequence[bytes] | None, user: int = 1, channel: int = 1) -> Item:
    """Something to be heard; None if there is nothing of it yet."""
    return Item(said(Speech() if packets is None else speech(packets)), channel, user)


async def test_nobody_overtakes_themselves() -> None:
    """What one person asked for comes in the order in which they asked."""
    playlist, acts = await listed(item(None), item(tone(0.2)), item(tone(0.2), BO))
    assert playlist.next is acts[2]
    acts[2].end(Outcome.HEARD)
    assert playlist.next is acts[0]
    playlist.withdraw()


async def test_nobody_takes_the_bot_elsewhere_out_of_turn() -> None:
    """Who waits for the first word in one channel does not lose it to another."""
    playlist, acts = await listed(item(None), item(tone(0.2), BO, 2))
    assert playlist.next is acts[0]
    playlist.withdraw()


async def test_who_was_taken_back_is_not_next() -> None:
    """Though it is still on the list in this moment."""
    playlist, acts = await listed(item(tone(0.2)), item(tone(0.2)))
    acts[0].item.ended.cancel()
    assert playlist.next is acts[1]
    acts[1].item.ended.cancel()
    assert playlist.next is None
    playlist.withdraw()


async def test_the_wait_does_not_count_who_lets_one_go_first() -> None:
    """And does not say that it is over while a text is still being written."""
    texts = _endless()
    growing = Item(Said(Request("g", "u", texts), flowing := Speech(), Figures(0.0)), 1, 2)
    flowing.append(siren(1.0))
    playlist, acts = await listed(item(None), growing, item(tone(0.4), BO))
    assert playlist.wait(acts[2].item).ahead == 1
    assert playlist.wait(acts[2].item).seconds > 2.0
    assert playlist.wait(acts[1].item) == Wait(0, 0.0)
    assert playlist.wait(acts[0].item).ahead == 2
    playlist.withdraw()


async def test_the_wait_is_as_long_as_the_rest_may_take() -> None:
    """Behind something of which nothing comes any more it is not told that it is over in a moment."""
    async with scene(timing=replace(QUICK, rest=9.0)) as stage:
        stage.item(growing := Speech(), text="Hi.")
        waiting = stage.item(tone(0.2), user=BO)
        growing.append(siren(0.4))
        await stage.fake.until(lambda: stage.room.wait(waiting).seconds > 6.0)
        assert stage.room.wait(waiting).ahead == 1
        growing.append(siren(0.4))
        growing.finish(clip(40))
        assert stage.room.wait(waiting).seconds < 9.0
        assert await stage.end(waiting) is Outcome.HEARD


async def _endless() -> AsyncIterator[str]:
    yield "One. "
    await asyncio.Event().wait()


@pytest.mark.parametrize("begun", [True, False])
async def test_the_end_of_the_process_is_no_outcome(begun: bool) -> None:
    """What was not heard may be wanted after the next start, so nobody is told that it was lost."""
    async with scene() as stage:
        items = [stage.item(siren(2.0)), stage.item(tone(0.2))]
        if begun:
            await stage.heard(5)
        await stage.rooms.close()
        assert all(item.ended.cancelled() for item in items)
        late = stage.item(tone(0.2))
        assert late.ended.cancelled()


async def test_who_stops_waiting_stops_the_sound() -> None:
    """To wait for the end is to want it: a task that is cancelled while it waits takes the item along, and no more."""
    async with scene() as stage:
        playing, waiting, last = stage.item(siren(2.0)), stage.item(siren(2.0)), stage.item(tone(0.2))
        await stage.heard(5)
        waiting.ended.cancel()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(playing.ended, 0.01)
        assert await stage.end(last) is Outcome.HEARD
        assert stage.room.items == []
        assert len(stage.fake.heard()) < 100


async def test_no_two_players_send_at_once() -> None:
    """However fast items are skipped, every packet has a number of its own."""
    async with scene() as stage:
        items = [stage.item(siren(1.0)) for _ in range(5)]
        for item in items[:-1]:
            await stage.fake.until(item.begun.is_set)
            stage.room.skip(item)
        stage.room.skip()
        last = stage.item(tone(0.2))
        assert await stage.end(last) is Outcome.HEARD
        packets = stage.fake.voice["5000"].packets
        assert [b.seq - a.seq for a, b in pairwise(packets)] == [1] * (len(packets) - 1)
        assert places(stage.fake.heard()[:1], siren(1.0)) == [0]
