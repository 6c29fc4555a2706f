"""Settings of guilds and channels, and their audit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.store import ChannelSettings, GuildSettings, Store, settings
from tests.doubles.store import Clock

GUILD, CHANNEL, ANN = "discord:42", "discord:420", "discord:1"

ALL: dict[str, Any] = {
    "voice": "aria",
    "engine": "edge",
    "language": "en",
    "rate": 1.5,
    "locked": True,
    "banned_voices": frozenset({"b", "a"}),
    "allowed_engines": frozenset({"edge"}),
    "max_chars": 300,
    "per_user": 3,
    "per_guild": 30,
    "blocked_users": frozenset({"discord:9"}),
    "extra": {"read_aloud": ["discord:7"], "roles": {"speaker": None}},
}


async def test_nothing_is_decided_yet(store: Store) -> None:
    """A new guild and a new channel have the defaults."""
    assert await store.settings.guild(GUILD) == GuildSettings()
    assert await store.settings.channel(GUILD, CHANNEL) == ChannelSettings()


async def test_every_field_is_kept(url: str) -> None:
    """Each setting survives a restart in the form in which it was set."""
    async with Store.open(url) as store:
        written = await store.settings.set_guild(GUILD, **ALL)
        await store.settings.set_channel(GUILD, CHANNEL, voice="guy", extra={"thread": True})
    async with Store.open(url) as store:
        read = await store.settings.guild(GUILD)
        channel = await store.settings.channel(GUILD, CHANNEL)
    assert read == written == GuildSettings(**ALL)
    assert channel == ChannelSettings(voice="guy", extra={"thread": True})


async def test_changes_add_up(store: Store) -> None:
    """A change leaves the other fields as they are; None sets one back."""
    await store.settings.set_guild(GUILD, voice="aria", locked=True)
    changed = await store.settings.set_guild(GUILD, voice=None, max_chars=100)
    assert changed == GuildSettings(locked=True, max_chars=100)
    assert await store.settings.guild(GUILD) == changed


async def test_extra_is_set_as_a_whole(store: Store) -> None:
    """What an adapter keeps is replaced by what it gives."""
    await store.settings.set_guild(GUILD, extra={"a": 1, "b": 2})
    changed = await store.settings.set_guild(GUILD, extra={"b": 3})
    assert changed.extra == {"b": 3}


async def test_a_wrong_change_names_what_is_allowed(store: Store) -> None:
    """A name that does not exist, or not for a channel, is answered with those that do."""
    with pytest.raises(ValueError, match="no setting 'lock' here; there are: voice, engine"):
        await store.settings.set_guild(GUILD, lock=True)
    with pytest.raises(ValueError, match="no setting 'locked' here; there are: voice, engine, language, rate, extra"):
        await store.settings.set_channel(GUILD, CHANNEL, locked=True)
    with pytest.raises(ValueError, match="locked must be True or False"):
        await store.settings.set_guild(GUILD, voice="aria", locked="yes")
    assert await store.settings.guild(GUILD) == GuildSettings()


async def test_channels_are_their_guilds(store: Store) -> None:
    """The same channel id in two guilds is two channels."""
    await store.settings.set_channel("a", "1", voice="aria")
    assert await store.settings.channel("b", "1") == ChannelSettings()
    assert await store.settings.channel("a", "1") == ChannelSettings(voice="aria")


async def test_reset_of_a_channel_leaves_its_guild(store: Store) -> None:
    """One channel goes back; the guild and its other channels stay."""
    await store.settings.set_guild(GUILD, locked=True)
    await store.settings.set_channel(GUILD, "1", voice="aria")
    await store.settings.set_channel(GUILD, "2", voice="guy")
    await store.settings.reset(GUILD, "1")
    assert await store.settings.channel(GUILD, "1") == ChannelSettings()
    assert await store.settings.channel(GUILD, "2") == ChannelSettings(voice="guy")
    assert await store.settings.guild(GUILD) == GuildSettings(locked=True)


async def test_reset_of_a_guild_takes_its_channels(store: Store) -> None:
    """Everything decided in the guild goes back."""
    await store.settings.set_guild(GUILD, locked=True)
    await store.settings.set_channel(GUILD, "1", voice="aria")
    await store.settings.reset(GUILD, by=ANN)
    assert await store.settings.channel(GUILD, "1") == ChannelSettings()
    assert await store.settings.guild(GUILD) == GuildSettings()
    newest = (await store.settings.audit(GUILD))[0]
    assert (newest.name, newest.by) == ("reset", ANN)


async def test_the_audit_says_who_changed_what_and_when(store: Store, clock: Clock) -> None:
    """One line for each field that really changed, newest first."""
    await store.settings.set_guild(GUILD, by=ANN, locked=True)
    clock.advance(5)
    await store.settings.set_channel(GUILD, CHANNEL, by="discord:2", voice="aria")
    clock.advance(5)
    await store.settings.set_guild(GUILD, banned_voices=["b", "a"], locked=True)
    lines = [(c.at - clock.now, c.by, c.channel, c.name, c.old, c.new) for c in await store.settings.audit(GUILD)]
    assert lines == [
        (0, None, None, "banned_voices", [], ["a", "b"]),
        (-5, "discord:2", CHANNEL, "voice", None, "aria"),
        (-10, ANN, None, "locked", False, True),
    ]
    assert len(await store.settings.audit(GUILD, limit=1)) == 1
    assert await store.settings.audit("another") == []


async def test_the_audit_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old lines make room for new ones, each guild for itself."""
    monkeypatch.setattr(settings, "AUDIT_KEPT", 3)
    await store.settings.set_guild("another", max_chars=7)
    for number in range(1, 8):
        await store.settings.set_guild(GUILD, max_chars=number)
    assert [change.new for change in await store.settings.audit(GUILD)] == [7, 6, 5]
    assert len(await store.settings.audit("another")) == 1


async def test_two_processes_change_different_fields(url: str, clock: Clock) -> None:
    """Neither undoes the other's change."""
    async with Store.open(url, clock=clock) as one, Store.open(url, clock=clock) as other:
        for number in range(1, 11):
            await asyncio.gather(
                one.settings.set_guild(GUILD, max_chars=number), other.settings.set_guild(GUILD, per_user=number)
            )
        clock.advance(60)
        both = await one.settings.guild(GUILD)
        assert (both.max_chars, both.per_user) == (10, 10)
        assert both == await other.settings.guild(GUILD)


async def test_the_channels_of_a_guild_are_listed(store: Store) -> None:
    """Those of which something was decided, each with that, and none of another guild."""
    await store.settings.set_channel(GUILD, "2", voice="guy")
    await store.settings.set_channel(GUILD, "1", extra={"thread": True})
    await store.settings.set_channel("discord:43", "3", voice="aria")
    assert dict(await store.settings.channels(GUILD)) == {
        "1": ChannelSettings(extra={"thread": True}),
        "2": ChannelSettings(voice="guy"),
    }
    await store.settings.reset(GUILD)
    assert await store.settings.channels(GUILD) == {}


OLD, NEW = "telegram:-42", "telegram:-1001234567890"


async def test_what_a_guild_decided_moves_to_its_new_id(url: str, clock: Clock) -> None:
    """A group that becomes a supergroup keeps every setting of its own and of its topics; the old id is as new."""
    async with Store.open(url, clock=clock) as store:
        await store.settings.set_guild(OLD, **ALL)
        await store.settings.set_channel(OLD, "1", voice="guy", extra={"telegram": {"mode": "off"}})
        await store.settings.set_channel(OLD, "2", language="ja")
        await store.settings.set_guild(GUILD, voice="emma")
        assert await store.settings.guild(NEW) == GuildSettings()
        assert await store.settings.move(OLD, NEW)
        assert await store.settings.guild(OLD) == GuildSettings()
        assert await store.settings.channels(OLD) == {}
    async with Store.open(url, clock=clock) as store:
        assert await store.settings.guild(NEW) == GuildSettings(**ALL)
        assert await store.settings.channel(NEW, "1") == ChannelSettings(
            voice="guy", extra={"telegram": {"mode": "off"}}
        )
        assert set(await store.settings.channels(NEW)) == {"1", "2"}
        assert await store.settings.guild(GUILD) == GuildSettings(voice="emma")


async def test_the_copies_in_memory_move_as_well(store: Store) -> None:
    """Who asked a moment ago, under either id, is not answered from memory."""
    await store.settings.set_guild(OLD, locked=True)
    await store.settings.set_channel(OLD, "1", voice="guy")
    before = [await store.settings.guild(NEW), await store.settings.channel(NEW, "1")]
    await store.settings.move(OLD, NEW)
    assert before == [GuildSettings(), ChannelSettings()]
    assert await store.settings.guild(OLD) == GuildSettings()
    assert await store.settings.channel(OLD, "1") == ChannelSettings()
    assert (await store.settings.guild(NEW)).locked
    assert await store.settings.channel(NEW, "1") == ChannelSettings(voice="guy")


async def test_a_move_overwrites_nothing(store: Store) -> None:
    """What the new id decided stays, rule by rule in each adapter's section; the old one's fills what it left open."""
    await store.settings.set_guild(
        OLD, voice="aria", rate=2.0, blocked_users=["telegram:9"], extra={"telegram": {"mode": "off", "roles": [1]}}
    )
    await store.settings.set_channel(OLD, "1", voice="guy", language="de")
    await store.settings.set_guild(NEW, voice="emma", extra={"telegram": {"mode": "always"}, "api": {"a": 1}})
    await store.settings.set_channel(NEW, "1", language="ja")
    await store.settings.move(OLD, NEW)
    assert await store.settings.guild(NEW) == GuildSettings(
        voice="emma",
        rate=2.0,
        blocked_users=frozenset({"telegram:9"}),
        extra={"telegram": {"mode": "always", "roles": [1]}, "api": {"a": 1}},
    )
    assert await store.settings.channel(NEW, "1") == ChannelSettings(voice="guy", language="ja")


async def test_the_audit_moves_and_says_so(store: Store) -> None:
    """The changes of before are found under the new id, and by whom it was moved; forgetting still reaches them."""
    await store.settings.set_guild(OLD, by=ANN, voice="aria")
    await store.settings.set_guild(NEW, rate=2.0)
    assert await store.settings.move(OLD, NEW, by="telegram:5")
    lines = [(line.name, line.by, line.old, line.new) for line in await store.settings.audit(NEW)]
    assert lines == [("moved", "telegram:5", OLD, NEW), ("rate", None, None, 2.0), ("voice", ANN, None, "aria")]
    assert await store.settings.audit(OLD) == []
    assert [line["guild"] for line in await store.settings.export(ANN)] == [NEW]


async def test_moving_again_does_nothing(store: Store) -> None:
    """Both groups tell of the change, and a platform may repeat itself."""
    assert not await store.settings.move(OLD, NEW)
    assert await store.settings.audit(NEW) == []
    await store.settings.set_guild(OLD, voice="aria")
    moved = await asyncio.gather(*(store.settings.move(OLD, NEW) for _ in range(4)))
    assert sorted(moved) == [False, False, False, True]
    await store.settings.set_guild(NEW, voice="emma")
    assert not await store.settings.move(NEW, NEW)
    assert not await store.settings.move(OLD, NEW)
    assert await store.settings.guild(NEW) == GuildSettings(voice="emma")
    assert [line.name for line in await store.settings.audit(NEW)].count("moved") == 1
