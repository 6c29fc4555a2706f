"""Coming into channels and leaving them: when, and what is said if it does not work."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bot.adapters.discord.voice import Item, Outcome, Trouble
from bot.adapters.words import LOCALES, word
from tests.adapters.discord.voice.scene import Memory, said, scene, siren, speech, tone
from tests.doubles.discord.world import Event

KEY = "discord:voice:5000"


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_trouble_is_put_in_words(trouble: Trouble, locale: str) -> None:
    """In every language, about the channel, and with what to do: at least two sentences."""
    phrase = word(f"voice.trouble.{trouble}", locale, channel="<#7>")
    assert len([part for part in phrase.replace("。", ".").split(".") if part.strip()]) >= 2


async def test_it_comes_when_asked_and_is_deaf() -> None:
    """It does not listen to anybody, and it is kept where it is."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        assert stage.room.channel == stage.talk
        assert stage.guild.me.voice is not None
        assert stage.guild.me.voice.self_deaf
        assert stage.memory.held == {KEY: {"channel": stage.talk.id}}
        assert await stage.room.join(stage.talk) is None
        assert len(stage.fake.voice_history) == 1


async def test_it_leaves_when_told() -> None:
    """What plays and waits ends, and a restart does not bring it back."""
    async with scene() as stage:
        items = [stage.item(siren(2.0)), stage.item(tone(0.2))]
        await stage.heard(5)
        await stage.room.leave()
        assert [item.ended.result() for item in items] == [Outcome.SKIPPED] * 2
        assert stage.room.channel is None
        assert stage.guild.voice_client is None
        assert stage.memory.held == {}
        await stage.fake.until(lambda: not stage.fake.voice)
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD


@pytest.mark.parametrize(
    ("denied", "trouble"),
    [
        ("connect", Trouble.MAY_NOT_CONNECT),
        ("view_channel", Trouble.MAY_NOT_CONNECT),
        ("speak", Trouble.MAY_NOT_SPEAK),
    ],
)
async def test_what_it_may_not_is_known_beforehand(denied: str, trouble: Trouble) -> None:
    """Discord would answer with silence; so Discord is not even asked."""
    async with scene() as stage:
        stage.fake.deny(denied, channel=stage.fake.voice_channel)
        await stage.fake.until(lambda: not getattr(stage.talk.permissions_for(stage.guild.me), denied))
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == trouble
        assert await stage.room.join(stage.talk) is trouble
        assert stage.fake.voice_history == []
        assert stage.fake.refused_joins == []


@pytest.mark.parametrize(("moves", "trouble"), [(False, Trouble.FULL), (True, None)])
async def test_a_full_channel_has_room_for_who_may_move_members(moves: bool, trouble: Trouble | None) -> None:
    """Everybody else has to wait."""
    async with scene() as stage:
        channel = stage.fake.world.channel(stage.fake.voice_channel)
        channel.user_limit = 1
        stage.fake.world.channel_event("CHANNEL_UPDATE", channel)
        if not moves:
            stage.fake.deny("move_members", channel=channel, who=stage.fake.bot)
        await stage.fake.until(lambda: stage.talk.user_limit == 1 and (moves or stage.talk.overwrites))
        assert await stage.room.join(stage.talk) is trouble


async def test_nobody_speaks_in_the_afk_channel() -> None:
    """Discord mutes everybody there."""
    async with scene() as stage:
        guild = stage.fake.world.guild("5000")
        stage.fake.world.emit(Event("GUILD_UPDATE", {**guild.payload(), "afk_channel_id": "7000"}, guild.id))
        await stage.fake.until(lambda: stage.guild.afk_channel == stage.talk)
        assert await stage.room.join(stage.talk) is Trouble.MAY_NOT_SPEAK


async def test_a_voice_server_that_does_not_answer() -> None:
    """The attempt ends in time, and the next item has a fresh one."""
    async with scene(settings={"connect_seconds": 0.3}) as stage:
        # The bot believes it may; Discord knows better, and says nothing.
        guild = stage.fake.world.guild("5000")
        channel = guild.channels.pop(stage.fake.voice_channel)
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.NO_ANSWER
        assert len(stage.fake.refused_joins) >= 1
        assert stage.guild.voice_client is None
        guild.channels[channel.id] = channel
        assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD


async def test_a_muted_bot_says_so() -> None:
    """It would speak, and nobody hear it."""
    async with scene() as stage:
        assert await stage.room.join(stage.talk) is None
        guild = stage.fake.world.guild("5000")
        guild.members[stage.fake.bot_id].voice.mute = True
        stage.fake.world.voice_event(guild, guild.members[stage.fake.bot_id])
        await stage.fake.until(lambda: stage.guild.me.voice is not None and stage.guild.me.voice.mute)
        item = stage.item(tone(0.2))
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.MAY_NOT_SPEAK


async def test_it_makes_itself_a_speaker_on_a_stage() -> None:
    """If it may: as audience it would not be heard."""
    async with scene() as stage:
        await stage.fake.human_voice(stage.fake.stage_channel)
        await stage.fake.until(lambda: stage.channel(stage.fake.stage_channel).members)
        item = stage.item(tone(0.2), stage.fake.stage_channel)
        assert await stage.end(item) is Outcome.HEARD
        assert stage.guild.me.voice is not None
        assert not stage.guild.me.voice.suppress


@pytest.mark.parametrize("granted", [True, False])
async def test_it_asks_to_speak_on_a_stage(granted: bool) -> None:
    """If it may not make itself a speaker it asks; until that is granted nothing is played."""
    async with scene() as stage:
        stage.fake.deny("mute_members", channel=stage.fake.stage_channel, who=stage.fake.bot)
        await stage.fake.human_voice(stage.fake.stage_channel)
        await stage.fake.until(lambda: stage.channel(stage.fake.stage_channel).members)
        await stage.fake.until(lambda: stage.channel(stage.fake.stage_channel).overwrites)
        item = stage.item(tone(0.2), stage.fake.stage_channel)
        guild = stage.fake.world.guild("5000")
        me = guild.members[stage.fake.bot_id]
        await stage.fake.until(lambda: me.voice.asked_to_speak)
        if granted:
            me.voice.suppress = False
            stage.fake.world.voice_event(guild, me)
        assert await stage.end(item) is (Outcome.HEARD if granted else Outcome.LOST)
        assert item.trouble == (None if granted else Trouble.MAY_NOT_SPEAK)


async def test_it_does_not_leave_people_for_others() -> None:
    """Who listens to it is not left alone because somebody wants it elsewhere; a command may do so."""
    async with scene() as stage:
        den = await stage.den()
        playing, other = stage.item(siren(0.4)), stage.item(tone(0.2), den.id)
        assert await stage.end(playing) is Outcome.HEARD
        assert await stage.end(other) is Outcome.LOST
        assert other.trouble == Trouble.ELSEWHERE
        there = stage.known(den)
        assert there is not None
        assert await stage.room.join(there, move=False) is Trouble.ELSEWHERE
        assert stage.room.channel == stage.talk
        assert await stage.room.join(there) is None
        assert stage.room.channel == there
        assert stage.memory.held == {KEY: {"channel": int(den.id)}}


async def test_it_goes_over_when_nobody_listens_any_more() -> None:
    """Then it is free for others at once."""
    async with scene() as stage:
        den = await stage.den()
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.talk.members == [stage.guild.me])
        assert await stage.end(stage.item(tone(0.2), den.id)) is Outcome.HEARD
        assert stage.room.channel == stage.known(den)


async def test_a_command_takes_the_item_along() -> None:
    """What plays when the bot is called elsewhere goes on there."""
    async with scene() as stage:
        den = await stage.den()
        there = stage.known(den)
        assert there is not None
        packets = siren(0.6)
        item = stage.item(packets)
        await stage.heard(10)
        assert await stage.room.join(there) is None
        assert await stage.end(item) is Outcome.HEARD
        assert {packet.opus for packet in await stage.heard(len(packets))} == set(packets)
        assert stage.fake.voice["5000"].channel_id == den.id


async def test_going_over_does_not_hang() -> None:
    """Not even where the voice server sends nothing, where the library's own way takes 30 s."""
    async with scene(rtcp_every=None) as stage:
        den = await stage.den()
        there = stage.known(den)
        assert there is not None
        assert await stage.room.join(stage.talk) is None
        assert await asyncio.wait_for(stage.room.join(there), 1.5) is None


async def test_it_leaves_when_it_is_alone() -> None:
    """After a while; a restart does not bring it back."""
    async with scene(settings={"leave_seconds": 0.1}) as stage:
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.room.channel is None)
        await stage.fake.until(lambda: stage.memory.held == {})
        assert stage.guild.voice_client is None


async def test_it_leaves_in_the_middle_of_an_item() -> None:
    """What nobody listens to any more is lost, with the reason."""
    async with scene(settings={"leave_seconds": 0.1}, dave="bot_joins") as stage:
        item = stage.item(siren(3.0))
        await stage.heard(5)
        await stage.fake.human_voice(None)
        assert await stage.end(item) is Outcome.LOST
        assert item.trouble == Trouble.EMPTY
        assert stage.room.channel is None


async def test_it_stays_when_somebody_comes_back_in_time() -> None:
    """A short way out is no end."""
    async with scene(settings={"leave_seconds": 0.3}) as stage:
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: not stage.talk.members or stage.talk.members == [stage.guild.me])
        await stage.fake.human_voice(stage.fake.voice_channel)
        await stage.fake.until(lambda: len(stage.talk.members) == 2)
        await asyncio.sleep(0.4)
        assert stage.room.channel == stage.talk


async def test_who_calls_it_while_it_is_leaving_has_it() -> None:
    """It makes sure that it is alone and goes in one step, and is then free to come."""
    async with scene(settings={"leave_seconds": 0.0}) as stage:
        den = await stage.den()
        there = stage.known(den)
        assert there is not None
        assert await stage.room.join(stage.talk) is None
        stage.memory.answer = asyncio.Event()
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.memory.asked)
        joining = asyncio.create_task(stage.room.join(there))
        with suppress(TimeoutError):  # the answer comes in the moment of going over, if that did not wait for it
            async with asyncio.timeout(0.2):
                while stage.room.channel is not None:  # noqa: ASYNC110
                    await asyncio.sleep(0)
        stage.memory.answer.set()
        assert await joining is None
        await asyncio.sleep(0.1)
        assert stage.room.channel == there
        assert stage.memory.held == {KEY: {"channel": int(den.id)}}


async def test_it_stays_alone_where_it_is_to() -> None:
    """A guild may want it to remain."""
    async with scene(settings={"leave_seconds": 0.0}) as stage:
        stage.memory.staying.add(5000)
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: len(stage.talk.members) == 1)
        await asyncio.sleep(0.05)
        assert stage.room.channel == stage.talk


async def test_bots_are_no_company() -> None:
    """A bot left with other bots is alone."""
    async with scene(settings={"leave_seconds": 0.1}) as stage:
        robot = stage.fake.add_user("robot", bot=True)
        await stage.fake.human_voice(stage.fake.voice_channel, by=robot)
        await stage.end(stage.item(tone(0.2)))
        await stage.fake.human_voice(None)
        await stage.fake.until(lambda: stage.room.channel is None)


async def test_after_a_restart_it_is_where_it_was() -> None:
    """If somebody still listens there."""
    memory = Memory()
    memory.held[KEY] = {"channel": 7000}
    async with scene(memory=memory) as stage:
        await stage.rooms.restore()
        assert stage.room.channel == stage.talk
        await stage.rooms.close()
        assert memory.held == {KEY: {"channel": 7000}}


@pytest.mark.parametrize("channel", [7000, 1, 6000])
async def test_after_a_restart_it_does_not_come_back_to_nobody(channel: int) -> None:
    """Nor into what is gone, or no voice channel."""
    memory = Memory()
    memory.held = {KEY: {"channel": channel}, "discord:voice:1": {"channel": 7}}
    async with scene(memory=memory, user_in_voice=False) as stage:
        await stage.rooms.restore()
        assert stage.room.channel is None
        # What belongs to another shard's guild is not ours to forget.
        assert memory.held == {"discord:voice:1": {"channel": 7}}


async def test_after_a_restart_it_comes_back_to_where_it_is_to_stay() -> None:
    """Though nobody is there."""
    memory = Memory()
    memory.held[KEY] = {"channel": 7000}
    memory.staying.add(5000)
    async with scene(memory=memory, user_in_voice=False) as stage:
        await stage.rooms.restore()
        assert stage.room.channel == stage.talk


async def test_after_a_restart_in_an_outage_it_comes_back_when_that_is_over() -> None:
    """A server that is not there just now is no reason to forget where the bot was, and one end of it is enough."""
    memory = Memory()
    memory.held[KEY] = {"channel": 7000}
    async with scene(memory=memory) as stage:
        await stage.fake.remove_guild(unavailable=True)
        await stage.fake.until(lambda: stage.guild.unavailable)
        await stage.rooms.restore()
        assert memory.held == {KEY: {"channel": 7000}}
        stage.fake.restore_guild()
        await stage.fake.until(lambda: stage.room.channel == stage.talk)
        await stage.room.leave()
        stage.fake.restore_guild()
        await asyncio.sleep(0.1)
        assert stage.room.channel is None


async def test_it_comes_nowhere_once_it_is_closed() -> None:
    """What was asked for before, or while it closed, is refused; in a guild that it had no room in as well."""
    async with scene() as stage:
        joining = asyncio.create_task(stage.room.join(stage.talk))
        await asyncio.sleep(0)
        late = asyncio.create_task(stage.room.join(stage.talk))
        await stage.rooms.close()
        await joining
        assert await late is Trouble.NO_ANSWER
        assert await stage.room.join(stage.talk) is Trouble.NO_ANSWER
        assert stage.guild.voice_client is None
        other = stage.fake.add_guild("Other")
        await stage.fake.until(lambda: stage.bot.get_guild(int(other.id)))
        guild = stage.bot.get_guild(int(other.id))
        assert guild is not None
        item = Item(said(speech(tone(0.2))), 1, 1)
        stage.rooms.room(guild).play(item)
        assert item.ended.cancelled()


async def test_after_a_restart_what_is_closed_comes_back_nowhere() -> None:
    """A start that still goes on when the plug-in is taken out does not bring the bot back."""
    memory = Memory()
    memory.held[KEY] = {"channel": 7000}
    async with scene(memory=memory) as stage:
        await stage.rooms.close()
        await stage.rooms.restore()
        assert stage.guild.voice_client is None
        assert stage.fake.voice_history == []


async def test_a_room_that_does_nothing_costs_nothing() -> None:
    """No task and no connection before the first item, and none after the bot has left."""
    async with scene() as stage:
        room = stage.room
        assert _tasks() == set()
        await stage.end(stage.item(tone(0.2)))
        assert _tasks() != set()
        await room.leave()
        assert _tasks() == set()
        assert list(stage.rooms) == [room]
        assert stage.rooms.find(5000) is room


async def test_a_guild_that_is_left_has_no_room() -> None:
    """What was to be heard there ends."""
    async with scene() as stage:
        item = stage.item(siren(1.0))
        await stage.heard(1)
        await stage.rooms.on_guild_remove(stage.guild)
        assert item.ended.done()
        assert stage.rooms.find(5000) is None


def _tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("voice")}
