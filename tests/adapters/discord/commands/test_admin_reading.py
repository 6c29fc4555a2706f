"""A server decides which of its channels are read aloud, and by which rules."""

from __future__ import annotations

from bot.adapters.discord.rules import Rules, channel_rules_of, rules_of
from bot.speaker import Speaker
from tests.adapters.discord.commands.administered import (
    ANN_ID,
    GENERAL,
    GUILD,
    TALK,
    answer,
    kept,
)
from tests.adapters.discord.commands.online import Online
from tests.doubles.discord import FakeDiscord


async def test_a_channel_is_read_in_its_own_voice(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """What is decided for a channel is kept for the channel, and its thread means its parent."""
    thread = fake.add_thread("aside")
    said = await answer(
        fake,
        "channel",
        {
            "channel": thread,
            "read": True,
            "voice-channel": TALK,
            "voice": "heart",
            "engine": "edge",
            "language": "en",
        },
    )
    assert "read aloud: yes" in said
    assert f"<#{TALK}>" in said
    held = await speaker.store.settings.channel(GUILD, GENERAL)
    assert (held.voice, held.engine, held.language) == ("heart", "edge", "en")
    assert (channel_rules_of(held).read, channel_rules_of(held).voice) == (True, int(TALK))
    assert {change.channel for change in await speaker.store.settings.audit(GUILD)} == {GENERAL}


async def test_without_a_name_it_is_this_channel(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The one in which the command was used."""
    await answer(fake, "channel", read=True)
    assert channel_rules_of(await speaker.store.settings.channel(GUILD, GENERAL)).read
    await answer(fake, "channel", read=False)
    assert not channel_rules_of(await speaker.store.settings.channel(GUILD, GENERAL)).read


async def test_a_channel_is_set_free_again(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """From its voice channel, and from its voice."""
    await answer(fake, "channel", {"voice-channel": TALK, "voice": "heart"})
    assert f"<#{TALK}>" in await answer(fake, "channel", anywhere=False)
    said = await answer(fake, "channel", anywhere=True, voice="default")
    assert "where the writer sits" in said
    held = await speaker.store.settings.channel(GUILD, GENERAL)
    assert (held.voice, channel_rules_of(held).voice) == (None, None)
    assert "do not go together" in await answer(fake, "channel", {"voice-channel": TALK, "anywhere": True})


async def test_a_channel_takes_no_more_than_the_server(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """A barred engine and a banned voice are refused for a channel, too."""
    await speaker.store.settings.set_guild(GUILD, allowed_engines=["offline"], banned_voices=["heart"])
    assert "`offline`" in await answer(fake, "channel", engine="edge")
    assert "banned" in await answer(fake, "channel", voice="heart")
    held = await speaker.store.settings.channel(GUILD, GENERAL)
    assert (held.voice, held.engine) == (None, None)


async def test_what_keeps_a_channel_from_being_read_is_said(fake: FakeDiscord, here: Online) -> None:
    """Missing permissions and the missing intent, each with what to do about it."""
    fake.deny("connect", channel=TALK, who=fake.bot)
    fake.deny("view_channel", channel=GENERAL, who=fake.bot)
    guild = here.bot.get_guild(int(FakeDiscord.guild_id))
    assert guild is not None
    await fake.until(lambda: not guild.get_channel(int(GENERAL)).permissions_for(guild.me).view_channel)  # type: ignore[union-attr]
    said = await answer(fake, "channel", {"read": True, "voice-channel": TALK})
    assert "message content intent" in said
    assert "“Connect”" in said
    assert "“View Channel”" in said
    assert "⚠️" not in await answer(fake, "channel", read=False)


async def test_rules_for_reading_are_set_one_by_one(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """What is not named stays as it is."""
    robot = fake.add_user("robot", bot=True)
    await answer(
        fake,
        "autoread",
        {"announce": False, "prefix": "!", "ignore-mark": "none", "in-voice-only": False, "add-bot": robot},
    )
    await answer(fake, "autoread", {"stay": True, "auto-join": False, "all-bots": True})
    expected = Rules(
        announce=False,
        prefix="!",
        ignore_mark="",
        require_voice=False,
        bots=frozenset({int(robot.id)}),
        read_bots=True,
        auto_join=False,
        stay=True,
    )
    assert rules_of(await kept(speaker)) == expected
    said = await answer(fake, "autoread", {"remove-bot": robot, "all-bots": False, "prefix": "无"}, locale="zh-CN")
    assert "朗读的机器人：无" in said
    assert rules_of(await kept(speaker)).bots == frozenset()
    assert rules_of(await kept(speaker)).prefix == ""


async def test_a_person_is_no_bot(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """People are read by the other rules."""
    assert "is a person" in await answer(fake, "autoread", {"add-bot": ANN_ID})
    assert "at most 20" in await answer(fake, "autoread", prefix="x" * 21)
    assert "at most 20" in await answer(fake, "autoread", {"ignore-mark": " "})
    assert await speaker.store.settings.audit(GUILD) == []
