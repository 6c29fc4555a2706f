"""What is said is ended, listed, and the bot called in and sent out."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from bot.adapters.discord.identity import guild_key
from bot.adapters.discord.rules import with_rules
from bot.adapters.discord.voice import Trouble
from bot.speaker import Speaker
from tests.adapters.discord.commands.online import Online, online
from tests.doubles.discord import FakeDiscord, Interaction, Kind

EPHEMERAL = 64
GUILD = guild_key(int(FakeDiscord.guild_id), 0)


async def _heard(ix: Interaction) -> tuple[str, bool]:
    """What was answered, and whether the asker alone sees it."""
    callback = await ix.wait_callback()
    if callback["type"] == 5:
        await ix.wait(lambda ix: ix.followups or ix.content)
        if ix.followups:
            return str(ix.followups[0].json["content"]), bool(ix.followups[0].json.get("flags", 0) & EPHEMERAL)
        return str(ix.content), ix.ephemeral
    return str(callback["data"]["content"]), ix.ephemeral


async def _playing(fake: FakeDiscord, here: Online, *texts: str, **who: Any) -> None:
    """So many things to be heard, the first of them begun."""
    for text in texts:
        there = len(here.room.items)
        await fake.slash("say", text=text, **who)
        await fake.until(partial(_more, here, there))
    here.room.begin()


def _more(here: Online, than: int) -> bool:
    return len(here.room.items) > than


# Ending


async def test_skip_ends_what_is_heard(speaker: Speaker) -> None:
    """And says whose it was."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await _playing(fake, here, "One.", "Two.")
        said, alone = await _heard(await fake.slash("skip"))
        assert said == f"⏭️ Skipped what <@{fake.user_id}> had asked for."
        assert not alone
        assert [item.said.request.text for item in here.room.items] == ["Two."]


async def test_skip_takes_ones_own_before_anothers(speaker: Speaker) -> None:
    """Who has something waiting means that."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea", voice=fake.voice_channel)
        await _playing(fake, here, "One.")
        await fake.slash("say", text="Hers.", by=bea)
        await fake.until(lambda: len(here.room.items) == 2)
        await _heard(await fake.slash("skip", by=bea))
        assert [item.said.request.text for item in here.room.items] == ["One."]


async def test_who_does_not_listen_skips_and_stops_nothing(speaker: Speaker) -> None:
    """They are told to join first."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea")
        await _playing(fake, here, "One.")
        for command in ("skip", "stop", "leave"):
            said, alone = await _heard(await fake.slash(command, by=bea))
            assert "Join me there first" in said
            assert alone
        assert len(here.room.items) == 1
        assert here.room.channel is not None


async def test_who_asked_for_the_first_stops_nobody_elses_from_outside(speaker: Speaker) -> None:
    """Once they have left the voice channel; their own they may still skip."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea", voice=fake.voice_channel)
        await _playing(fake, here, "Hers.", by=bea)
        await _playing(fake, here, "One.")
        await fake.human_voice(None, by=bea)
        guild = here.room.guild
        await fake.until(lambda: guild.get_member(int(bea.id)) is None or guild.get_member(int(bea.id)).voice is None)
        assert "use /skip for what is your own" in (await _heard(await fake.slash("stop", by=bea)))[0]
        assert len(here.room.items) == 2
        await _heard(await fake.slash("skip", by=bea))
        assert [item.said.request.text for item in here.room.items] == ["One."]


async def test_who_keeps_order_only_where_they_type_ends_nothing(speaker: Speaker) -> None:
    """A text channel of one's own makes nobody a moderator of the voice channel."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea")
        fake.allow("manage_messages", who=bea, channel=fake.text_channel)
        await _playing(fake, here, "One.")
        for command in ("skip", "stop", "leave"):
            assert "Join me there first" in (await _heard(await fake.slash(command, by=bea)))[0]
        assert len(here.room.items) == 1


async def test_a_moderator_ends_what_they_do_not_hear(speaker: Speaker) -> None:
    """Whoever keeps order in the voice channel."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        carl = fake.add_user("carl", roles=(fake.add_role("Mods", "manage_messages"),))
        await _playing(fake, here, "One.", "Two.")
        said, _ = await _heard(await fake.slash("stop", by=carl))
        assert said == "⏹️ Stopped; 2 were ended. I stay in the channel."
        assert here.room.items == []
        assert here.room.channel is not None


@pytest.mark.parametrize(
    ("locale", "said"), [("ja", "いま読み上げているものはありません"), ("zh-CN", "没有正在朗读的内容")]
)
@pytest.mark.parametrize("command", ["skip", "stop"])
async def test_where_nothing_is_said_there_is_nothing_to_end(
    speaker: Speaker, command: str, locale: str, said: str
) -> None:
    """In the language of who asks."""
    async with FakeDiscord() as fake, online(fake, speaker):
        told, alone = await _heard(await fake.slash(command, locale=locale))
        assert said in told
        assert alone


# Listing


async def test_the_queue_tells_who_and_where_but_not_what(speaker: Speaker) -> None:
    """For the asker alone, pinging nobody."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea", voice=fake.voice_channel)
        here.room.each = 30
        await _playing(fake, here, "Secret one.")
        await fake.slash("say", text="Secret two.", by=bea)
        await fake.until(lambda: len(here.room.items) == 2)
        ix = await fake.slash("queue")
        said, alone = await _heard(ix)
        playing, waiting = said.splitlines()[1:]
        assert f"<@{fake.user_id}> in <#{fake.voice_channel}>" in playing
        assert waiting == f"2. <@{bea.id}> in <#{fake.voice_channel}>, begins in about 30 s"
        assert "Secret" not in said
        assert alone
        assert (ix.callback or {})["data"]["allowed_mentions"]["parse"] == []


async def test_a_long_queue_is_cut(speaker: Speaker) -> None:
    """And says by how many."""
    async with FakeDiscord() as fake:
        people = [fake.add_user(f"user{number}", voice=fake.voice_channel) for number in range(18)]
        async with online(fake, speaker) as here:
            for number, person in enumerate(people):
                await fake.slash("say", text=f"Number {number}.", by=person)
            await fake.until(lambda: len(here.room.items) == 18)
            said, _ = await _heard(await fake.slash("queue"))
            assert len(said.splitlines()) == 17
            assert said.endswith("… and 3 more")


async def test_an_empty_queue_says_so(speaker: Speaker) -> None:
    """Also in direct messages, where there are only notes."""
    async with FakeDiscord() as fake, online(fake, speaker):
        for where in ({}, {"channel": fake.direct()}):
            assert "nothing waits" in (await _heard(await fake.slash("queue", **where)))[0]  # type: ignore[arg-type]


# Coming and going


async def test_it_comes_where_the_asker_sits(speaker: Speaker) -> None:
    """And says where it is."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        said, alone = await _heard(await fake.slash("join"))
        assert said == f"👋 I am in <#{fake.voice_channel}>."
        assert not alone
        assert here.room.channel.id == int(fake.voice_channel)


async def test_it_comes_where_it_is_sent(speaker: Speaker) -> None:
    """A stage too, and whoever asks from outside."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker) as here:
        await _heard(await fake.slash("join", {"channel": fake.stage_channel}))
        assert here.room.channel.id == int(fake.stage_channel)


async def test_who_sits_nowhere_has_to_say_where(speaker: Speaker) -> None:
    """The answer says how."""
    async with FakeDiscord(user_in_voice=False) as fake, online(fake, speaker) as here:
        said, alone = await _heard(await fake.slash("join"))
        assert "option “channel”" in said
        assert alone
        assert here.rooms.rooms == {}


async def test_nobody_sends_it_where_they_may_not_go_themselves(speaker: Speaker) -> None:
    """A closed channel is not opened by a bot."""
    async with FakeDiscord() as fake:
        bea = fake.add_user("bea")
        closed = fake.add_channel("closed", Kind.VOICE)
        fake.deny("connect", who=bea, channel=closed)
        async with online(fake, speaker) as here:
            said, alone = await _heard(await fake.slash("join", {"channel": closed}, by=bea))
            assert "You may not go into" in said
            assert alone
            assert here.rooms.rooms == {}


async def test_why_it_cannot_come_is_told(speaker: Speaker) -> None:
    """To the asker alone."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        here.room.trouble = Trouble.FULL
        said, alone = await _heard(await fake.slash("join"))
        assert "full" in said
        assert alone


async def test_it_is_not_taken_from_its_listeners(speaker: Speaker) -> None:
    """Only who hears it, or keeps order, moves it."""
    async with FakeDiscord() as fake:
        other = fake.add_channel("other", Kind.VOICE)
        bea = fake.add_user("bea", voice=other)
        async with online(fake, speaker) as here:
            await _heard(await fake.slash("join", by=bea))
            here.room.channel = here.bot.get_channel(int(fake.voice_channel))
            await _heard(await fake.slash("join", by=bea))
            await _heard(await fake.slash("join", {"channel": other.id}))
            assert here.room.moves == [False, False, True]


async def test_who_lacks_the_roles_does_not_call_it(speaker: Speaker) -> None:
    """As they may not have things said."""
    async with FakeDiscord() as fake:
        role = fake.add_role("Voice")
        settings = await speaker.store.settings.guild(GUILD)
        await speaker.store.settings.set_guild(GUILD, extra=with_rules(settings, roles=[int(role.id)]))
        async with online(fake, speaker) as here:
            said, alone = await _heard(await fake.slash("join"))
            assert f"<@&{role.id}>" in said
            assert alone
            assert here.rooms.rooms == {}


async def test_it_leaves_when_it_is_sent(speaker: Speaker) -> None:
    """What was to be heard ends with that."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        await _playing(fake, here, "One.")
        said, alone = await _heard(await fake.slash("leave"))
        assert said == f"👋 I have left <#{fake.voice_channel}>."
        assert not alone
        assert here.room.channel is None


async def test_who_is_not_there_cannot_leave(speaker: Speaker) -> None:
    """It is told how to be called."""
    async with FakeDiscord() as fake, online(fake, speaker):
        assert "/join" in (await _heard(await fake.slash("leave")))[0]
