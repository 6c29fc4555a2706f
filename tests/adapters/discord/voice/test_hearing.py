"""What people hear in a voice channel, from the speech to the packets that arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.adapters.discord.voice import Outcome, Trouble
from bot.adapters.discord.voice.house import Timing
from bot.adapters.discord.voice.source import LEAD
from bot.errors import Cancelled, EngineTimeout, Expired
from bot.speech import PACKET_SAMPLES, SAMPLE_RATE, Speech, Spoken
from tests.adapters.discord.voice.scene import QUICK, UTTERANCE, Scene, clip, places, scene, siren, speech, tone
from tests.doubles.discord import Kind
from tests.doubles.discord.client import loudest
from tests.doubles.discord.rtp import SILENCE, RtpPacket

DAVE = [False, "bot_joins", "bot_first"]


def holes(packets: Sequence[RtpPacket]) -> list[float]:
    """Seconds of sender's time between one packet and the next, as the RTP header has it."""
    stamps = [packet.timestamp for packet in packets]
    return [(after - before) / SAMPLE_RATE for before, after in pairwise(stamps)]


@pytest.mark.parametrize("dave", DAVE)
async def test_a_speech_is_heard_whole(dave: bool | str) -> None:
    """Every packet arrives, once, in order, and encrypted if the channel is."""
    async with scene(dave=dave) as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        assert await stage.end(item) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))
        assert item.begun.is_set()
        assert item.trouble is None


async def test_it_sounds_as_it_was_made() -> None:
    """What arrives can be decoded: the pitch and the length are right."""
    async with scene() as stage:
        await stage.end(stage.item(tone(1.0, 523.0)))
        await stage.heard(50)
        sound = stage.fake.voice[stage.fake.guild_id].pcm()
        assert abs(loudest(sound) - 523.0) < 3
        assert abs(sound.shape[1] / SAMPLE_RATE - 1.0) < 0.05


async def test_it_begins_after_a_lead_and_has_no_holes() -> None:
    """200 ms of silence, then packet after packet to the end, and five of silence; the header counts on."""
    async with scene() as stage:
        await stage.end(stage.item(siren(0.6)))
        await stage.heard(30)
        session = stage.fake.voice[stage.fake.guild_id]
        await stage.fake.until(lambda: len(session.packets) >= LEAD + 30 + 5)
        assert [packet.opus == SILENCE for packet in session.packets] == [True] * LEAD + [False] * 30 + [True] * 5
        assert {after.seq - before.seq for before, after in pairwise(session.packets)} == {1}
        assert max(holes(session.packets)) <= 0.06
        assert session.speaking[-2:] == [1, 0]


@pytest.mark.parametrize("dave", ["bot_joins", "bot_first"])
async def test_a_slow_key_exchange_costs_no_word(dave: str) -> None:
    """As long as the keys are not there silence is sent, never a word in the clear."""
    async with scene(dave=dave, key_exchange_delay=0.3) as stage:
        packets = siren(0.4)
        assert await stage.end(stage.item(packets)) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))
        assert all(packet.dave for packet in stage.fake.voice[stage.fake.guild_id].audio_packets())


async def test_without_keys_nothing_is_said_at_all() -> None:
    """When encryption does not come about, on no connection, the item is lost and nobody overheard it."""
    async with scene(dave="bot_joins", key_exchange_delay=60.0) as stage:
        item = stage.item(siren(0.4))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == "no_answer"
        assert len(stage.fake.voice_history) > 1
        assert [packet for one in stage.fake.voice_history for packet in one.audio_packets()] == []


async def test_a_key_exchange_that_takes_long_is_waited_for() -> None:
    """Over one connection: a new one would only begin it anew."""
    timing = replace(QUICK, audible=Timing().audible)
    async with scene(dave="bot_joins", key_exchange_delay=2.2, timing=timing) as stage:
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
        assert len(stage.fake.voice_history) == 1


async def left_alone(stage: Scene) -> None:
    """Everybody has gone, and the bot knows."""
    await stage.fake.human_voice(None)
    await stage.fake.until(lambda: stage.talk.members == [stage.guild.me])


async def test_nothing_is_said_on_to_nobody() -> None:
    """What everybody has left is lost after a while, with the reason; it is not heard by Discord either."""
    async with scene(dave="bot_joins") as stage:
        packets = siren(2.0)
        item = stage.item(packets)
        await stage.heard(10)
        await left_alone(stage)
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.EMPTY
        sent = stage.fake.voice[stage.fake.guild_id].audio_packets()
        assert len(sent) < len(packets) / 2
        assert sum(not packet.dave for packet in sent) <= 1  # on its way when the group was torn down


@pytest.mark.parametrize("drop", [False, True])
async def test_who_comes_back_soon_hears_it_go_on(drop: bool) -> None:
    """It holds its place meanwhile, also over a connection that is lost; no word is missed, nor sent in the clear."""
    async with scene(dave="bot_joins", timing=replace(QUICK, audible=8.0)) as stage:
        packets = siren(0.8)
        item = stage.item(packets)
        await stage.heard(10)
        await left_alone(stage)
        if drop:
            await stage.fake.drop_voice(4006)
            await stage.fake.until(lambda: len(stage.fake.voice_history) == 2 and stage.fake.voice["5000"].packets)
        await asyncio.sleep(0.8)
        assert not item.ended.done()
        await stage.fake.human_voice(stage.fake.voice_channel)
        assert await stage.end(item) is Outcome.HEARD
        sent = [packet for one in stage.fake.voice_history for packet in one.audio_packets()]
        assert sum(not packet.dave for packet in sent) <= 1
        assert sorted(set(places(sent, packets)))[-20:] == list(range(len(packets)))[-20:]


async def test_who_is_muted_for_a_moment_misses_no_word() -> None:
    """It holds its place until it may speak again."""
    async with scene(timing=replace(QUICK, audible=8.0)) as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        await stage.heard(10)
        stage.fake.mute_bot()
        await asyncio.sleep(0.8)
        assert not item.ended.done()
        assert len(stage.fake.heard()) < len(packets)
        stage.fake.mute_bot(mute=False)
        assert await stage.end(item) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))


@pytest.mark.parametrize("how", ["mute", "suppress"])
async def test_who_may_not_speak_any_more_has_not_been_heard(how: str) -> None:
    """What is muted in the middle is lost after a while, with the reason."""
    async with scene() as stage:
        item = stage.item(siren(2.0))
        await stage.heard(10)
        stage.fake.mute_bot() if how == "mute" else stage.fake.let_speak(speak=False)
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.MAY_NOT_SPEAK
        assert stage.room.channel == stage.talk


async def test_everybody_leaves_and_comes_back_in_the_middle() -> None:
    """The keys are new then; no word is sent in the clear to who is back."""
    async with scene(dave="bot_joins") as stage:
        packets = siren(1.2)
        item = stage.item(packets)
        await stage.heard(10)
        session = stage.fake.voice[stage.fake.guild_id]
        await session.regroup()
        assert await stage.end(item) is Outcome.HEARD
        await stage.fake.until(lambda: not session.packets or session.packets[-1].opus == SILENCE)
        heard = session.audio_packets()
        assert sum(not packet.dave for packet in heard) <= 1  # on its way when the group was torn down
        assert sorted(set(places(heard, packets)))[-1] == len(packets) - 1


async def test_two_guilds_at_once() -> None:
    """Each has a room and a voice of its own, and both play at the same time."""
    async with scene() as stage:
        other = stage.fake.add_guild("Other")
        there = other.first(Kind.VOICE)
        await stage.fake.human_voice(there, by=stage.fake.add_user("bo", guild=other))
        await stage.fake.until(lambda: len(stage.bot.guilds) == 2)
        mine, theirs = siren(0.6), tone(0.6)
        items = [stage.item(mine), stage.item(theirs, there.id)]
        assert [await stage.end(item) for item in items] == [Outcome.HEARD] * 2
        await stage.fake.until(lambda: len(stage.fake.heard(other)) == len(theirs))
        assert [packet.opus for packet in stage.fake.heard(other)] == list(theirs)
        assert [packet.opus for packet in stage.fake.heard()] == list(mine)
        first, second = stage.fake.heard(), stage.fake.heard(other)
        assert max(first[0].at, second[0].at) < min(first[-1].at, second[-1].at)


async def test_the_beginning_plays_while_the_rest_is_made() -> None:
    """The first words are heard before there is a last one."""
    async with scene() as stage:
        packets, growing = siren(0.6), Speech()
        item = stage.item(growing)
        growing.append(packets[:15])
        await stage.heard(5)
        assert item.begun.is_set()
        growing.append(packets[15:])
        growing.finish(clip(len(packets)))
        assert await stage.end(item) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))


async def test_late_synthesis_is_silence_and_no_burst() -> None:
    """The sender's clock goes on while nothing comes, and what comes then is sent at its pace."""
    async with scene() as stage:
        packets, growing = siren(0.6), Speech()
        item = stage.item(growing)
        growing.append(packets[:15])
        await stage.heard(15)
        session = stage.fake.voice[stage.fake.guild_id]
        await stage.fake.until(lambda: len(session.packets) >= LEAD + 15 + 10)
        growing.append(packets[15:])
        growing.finish(clip(len(packets)))
        await stage.end(item)
        heard = await stage.heard(len(packets))
        assert places(heard, packets) == list(range(len(packets)))
        assert heard[15].timestamp - heard[14].timestamp > 10 * PACKET_SAMPLES
        assert heard[-1].at - heard[15].at > 0.5 * (len(packets) - 15) * 0.02


async def test_one_follows_the_other_with_a_small_gap() -> None:
    """Strictly in order, over one connection, with little more than the lead between them."""
    async with scene() as stage:
        first, second = siren(0.4), tone(0.4)
        items = [stage.item(first), stage.item(second)]
        assert [await stage.end(item) for item in items] == [Outcome.HEARD] * 2
        heard = await stage.heard(40)
        assert [packet.opus for packet in heard] == [*first, *second]
        assert len(stage.fake.voice_history) == 1
        assert heard[20].at - heard[19].at < 0.6
        assert sorted(packet.seq for packet in heard) == [packet.seq for packet in heard]


async def test_progress_is_told_with_each_sentence() -> None:
    """In seconds, in order, as it is heard."""
    async with scene() as stage:
        told: list[float] = []

        async def progress(seconds: float) -> None:
            told.append(seconds)

        item = stage.item(speech(siren(0.6), starts=(0.0, 0.2, 0.4)), progress=progress)
        await stage.end(item)
        assert told == [0.0, 0.2, 0.4]


async def test_a_failure_to_note_the_progress_does_not_stop_the_sound() -> None:
    """The store is the store, and sound is sound."""
    async with scene() as stage:

        async def progress(seconds: float) -> None:
            raise EngineTimeout("offline", "Anything of ours.")

        assert await stage.end(stage.item(siren(0.3), progress=progress)) is Outcome.HEARD


async def test_it_goes_on_where_it_was_before_a_restart() -> None:
    """What was heard then is not heard again, nor told."""
    async with scene() as stage:
        packets, told = siren(0.6), list[float]()

        async def progress(seconds: float) -> None:
            told.append(seconds)

        item = stage.item(speech(packets, starts=(0.0, 0.2, 0.4)), start=0.2, progress=progress)
        await stage.end(item)
        assert places(await stage.heard(20), packets) == list(range(10, 30))
        assert told == [0.2, 0.4]


@pytest.mark.parametrize(
    ("error", "outcome"), [(EngineTimeout("offline", "x"), Outcome.FAILED), (Expired("x"), Outcome.EXPIRED)]
)
async def test_what_was_made_before_a_failure_is_played(error: Exception, outcome: Outcome) -> None:
    """Half an answer is better than none, and its end is told as it was."""
    async with scene() as stage:
        packets, broken = siren(0.4), Speech()
        broken.append(packets)
        broken.fail(error)
        assert await stage.end(stage.item(broken)) is outcome
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))


async def test_what_is_taken_back_stops_in_the_middle() -> None:
    """Whoever cancels wants silence."""
    async with scene() as stage:
        growing, packets = Speech(), siren(2.0)
        growing.append(packets)
        item = stage.item(growing)
        await stage.heard(5)
        growing.fail(Cancelled("Cancelled."))
        assert await stage.end(item) is Outcome.CANCELLED
        assert len(stage.fake.heard()) < len(packets)


async def test_what_came_to_nothing_does_not_wait_for_its_turn() -> None:
    """Its asker is told at once, though another plays."""
    async with scene() as stage:
        playing, failed = stage.item(siren(2.0)), Speech()
        waiting = stage.item(failed)
        await stage.heard(1)
        failed.fail(EngineTimeout("offline", "x"))
        assert await stage.end(waiting) is Outcome.FAILED
        assert stage.room.items == [playing]


async def test_a_speech_without_sound_needs_no_connection() -> None:
    """What failed before its turn does not bring the bot into a channel."""
    async with scene() as stage:
        failed = Speech()
        failed.fail(EngineTimeout("offline", "x"))
        assert await stage.end(stage.item(failed)) is Outcome.FAILED


async def test_a_sentence_begins_where_its_engine_said() -> None:
    """Marks come while the speech is made, not only with its end."""
    async with scene() as stage:
        told, growing, packets = list[float](), Speech(), siren(0.6)

        async def progress(seconds: float) -> None:
            told.append(seconds)

        item = stage.item(growing, progress=progress)
        for at in (0, 15):
            growing.begin(Spoken(UTTERANCE, at * 0.02))
            growing.append(packets[at : at + 15])
        await stage.fake.until(lambda: told == [0.0, 0.3])
        growing.finish(clip(30))
        await stage.end(item)


async def test_an_item_that_crashes_does_not_take_the_room_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is heard."""
    async with scene() as stage:

        async def progress(seconds: float) -> None:
            raise ZeroDivisionError

        first, second = stage.item(siren(0.4), progress=progress), stage.item(tone(0.2))
        assert await stage.end(first) is Outcome.LOST
        assert await stage.end(second) is Outcome.HEARD
        await asyncio.sleep(0)
