"""The loopback Discord's world: guilds, members, roles, channels, threads, and who may do what."""

from __future__ import annotations

import discord
import pytest

from tests.doubles.discord import FakeDiscord, Kind, Permission
from tests.doubles.discord.client import INTENTS, started
from tests.doubles.discord.permissions import ALL, NONE, implied, named

MEMBERS = discord.Intents(guilds=True, voice_states=True, members=True)


def perms(bot: discord.Client, channel: int) -> discord.Permissions:
    found = bot.get_channel(channel)
    assert isinstance(found, discord.abc.GuildChannel)
    return found.permissions_for(found.guild.me)


async def test_the_fake_and_the_library_agree_on_permissions() -> None:
    """Roles, overwrites of a role and of a member add up here as discord.py adds them up from the events."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.deny("send_messages", "connect", channel=6000)
        fake.allow("send_messages", who=fake.bot, channel=6000)
        fake.deny("use_vad")
        fake.allow("manage_guild", who=fake.bot)
        await fake.until(lambda: perms(bot, 6000).manage_guild)
        guild = fake.world.guild(5000)
        for channel in guild.channels.values():
            ours = guild.permissions(fake.bot_id, channel)
            theirs = perms(bot, int(channel.id)).value
            for bit in (Permission.SEND_MESSAGES, Permission.CONNECT, Permission.USE_VAD, Permission.MANAGE_GUILD):
                assert bool(ours & bit) == bool(theirs & bit), (channel.name, bit)


async def test_setting_the_permissions_of_guild_5000_holds_for_the_bot() -> None:
    """The number is what the bot may, and nothing else."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.permissions &= ~Permission.SEND_VOICE_MESSAGES
        await fake.until(lambda: not perms(bot, 6000).send_voice_messages)
        assert fake.permissions & Permission.SEND_MESSAGES


def test_without_a_view_nothing_is_allowed() -> None:
    """Without VIEW_CHANNEL none, without SEND_MESSAGES no files ("Implicit Permissions"); an administrator has all."""
    assert implied(Permission.SEND_MESSAGES, thread=False) == NONE
    seen = Permission.VIEW_CHANNEL | Permission.ATTACH_FILES
    assert implied(seen, thread=False) == Permission.VIEW_CHANNEL
    assert implied(seen | Permission.SEND_MESSAGES_IN_THREADS, thread=True) & Permission.ATTACH_FILES
    assert implied(Permission.ADMINISTRATOR, thread=False) == ALL
    assert named("send_messages") is Permission.SEND_MESSAGES


async def test_people_have_names_roles_and_places() -> None:
    """A user that is added is a member with nick and roles, and sits in voice."""
    async with FakeDiscord() as fake:
        reader = fake.add_role("reader", "manage_messages")
        bob = fake.add_user("bob", nick="Bobby", roles=(reader,), voice=7000)
        async with started(fake) as bot:
            guild = bot.get_guild(5000)
            assert guild is not None
            member = guild.get_member(int(bob.id))
            assert member is not None
            assert (member.display_name, [role.name for role in member.roles]) == ("Bobby", ["@everyone", "reader"])
            assert member.voice is not None
            assert member.guild_permissions.manage_messages


async def test_without_the_presences_intent_only_people_in_voice_are_known() -> None:
    """GUILD_CREATE has only the bot and who is in voice; the others come with a request for members."""
    async with FakeDiscord() as fake:
        bob = fake.add_user("bob")
        async with started(fake) as bot:
            guild = bot.get_guild(5000)
            assert guild is not None
            assert guild.get_member(int(bob.id)) is None
            found = await guild.query_members("BO")
            assert [member.name for member in found] == ["bob"]
            assert (await guild.fetch_member(int(bob.id))).name == "bob"
            with pytest.raises(discord.NotFound):
                await guild.fetch_member(1)


async def test_members_come_and_go_for_those_who_have_the_intent() -> None:
    """GUILD_MEMBER_ADD, UPDATE and REMOVE."""
    async with FakeDiscord() as fake, started(fake, MEMBERS) as bot:
        guild = bot.get_guild(5000)
        assert guild is not None
        bob = fake.add_user("bob")
        await fake.until(lambda: guild.get_member(int(bob.id)) is not None)
        fake.change_member(bob, nick="Bobby")
        await fake.until(lambda: guild.get_member_named("Bobby") is not None)
        fake.leave(bob)
        await fake.until(lambda: guild.get_member(int(bob.id)) is None)


async def test_channels_and_threads_come_change_and_go() -> None:
    """CHANNEL_CREATE, UPDATE, DELETE and THREAD_CREATE; a thread has its parent's overwrites."""
    async with FakeDiscord() as fake, started(fake) as bot:
        forum = fake.add_channel("ideas", Kind.FORUM)
        post = fake.add_thread("first", parent=forum)
        guild = bot.get_guild(5000)
        assert guild is not None
        thread = await fake.until(lambda: guild.get_thread(int(post.id)))
        assert isinstance(thread.parent, discord.ForumChannel)
        fake.deny("send_messages_in_threads", channel=forum)
        await fake.until(lambda: not thread.permissions_for(guild.me).send_messages_in_threads)
        fake.change_channel(7000, user_limit=2)
        await fake.until(lambda: perms(bot, 7000) and guild.voice_channels[0].user_limit == 2)
        await fake.remove_channel(forum)
        await fake.until(lambda: guild.get_channel(int(forum.id)) is None)
        with pytest.raises(discord.NotFound) as refused:
            await thread.send("x")
        assert refused.value.code == 10003


async def test_a_new_guild_is_told_of_and_an_old_one_taken_away() -> None:
    """GUILD_CREATE while connected, GUILD_DELETE, and an outage that ends."""
    async with FakeDiscord() as fake, started(fake) as bot:
        other = fake.add_guild("Other", locale="ja")
        found = await fake.until(lambda: bot.get_guild(int(other.id)))
        assert found.preferred_locale is discord.Locale.japanese
        assert len(found.voice_channels) == 1
        await fake.remove_guild(other, unavailable=True)
        await fake.until(lambda: found.unavailable)
        fake.restore_guild(other)
        await fake.until(lambda: (again := bot.get_guild(int(other.id))) is not None and not again.unavailable)
        await fake.remove_guild(other)
        await fake.until(lambda: bot.get_guild(int(other.id)) is None)


async def test_a_guild_changes() -> None:
    """Its language, its tier, its channel for who is away."""
    async with FakeDiscord() as fake, started(fake) as bot:
        guild = bot.get_guild(5000)
        assert guild is not None
        fake.change_guild(locale="zh-CN", tier=2, afk=7000)
        await fake.until(lambda: guild.afk_channel is not None)
        assert guild.preferred_locale is discord.Locale.chinese
        assert guild.filesize_limit == fake.world.guild(5000).filesize_limit


async def test_who_leaves_a_guild_leaves_its_voice_channels() -> None:
    """Both are told; and the bot that is put out of a guild is out of voice, too."""
    async with FakeDiscord() as fake, started(fake, MEMBERS) as bot:
        guild = bot.get_guild(5000)
        assert guild is not None
        bob = fake.add_user("bob", voice=7000)
        await fake.until(lambda: len(guild.voice_channels[0].members) == 2)
        fake.leave(bob)
        await fake.until(lambda: len(guild.voice_channels[0].members) == 1)
        await guild.voice_channels[0].connect(timeout=1, reconnect=False)
        await fake.remove_guild()
        await fake.until(lambda: not bot.guilds)
        assert fake.voice == {}


async def test_nobody_acts_where_he_is_no_member() -> None:
    """A test that lets a stranger speak fails at once, and says why."""
    async with FakeDiscord() as fake:
        fake.add_user("stranger", guild=None)
        with pytest.raises(AssertionError, match="no member"):
            await fake.say("hi", by="stranger", channel=6000)


async def test_the_bot_finds_users_guilds_and_direct_channels() -> None:
    """GET of a user, a guild with its channels, a channel; POST of a direct one."""
    async with FakeDiscord() as fake, started(fake, INTENTS) as bot:
        user = await bot.fetch_user(2000)
        guild = await bot.fetch_guild(5000)
        channels = await guild.fetch_channels()
        assert {channel.id for channel in channels} == {6000, 7000, 7001}
        assert (await bot.fetch_channel(6000)).id == 6000
        direct = await user.create_dm()
        assert str(direct.id) == fake.direct().id
        await direct.send("hello")
        assert [message["content"] for message in fake.said(fake.direct())] == ["hello"]
        with pytest.raises(discord.NotFound):
            await bot.fetch_user(1)
        assert fake.errors == []


async def test_a_channel_out_of_sight_is_refused() -> None:
    """Without VIEW_CHANNEL: 50001."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.deny("view_channel", channel=6000)
        with pytest.raises(discord.Forbidden) as refused:
            await bot.fetch_channel(6000)
        assert refused.value.code == 50001


async def test_the_bots_own_nick() -> None:
    """It may be changed; the change is told without the members intent."""
    async with FakeDiscord() as fake, started(fake) as bot:
        guild = bot.get_guild(5000)
        assert guild is not None
        await guild.me.edit(nick="Reader")
        await fake.until(lambda: guild.me.nick == "Reader")
