"""Who may decide for a server, and in which words they are answered."""

from __future__ import annotations

import dataclasses
import re
from typing import cast

import pytest

from bot.adapters.discord.rules import Rules
from bot.adapters.discord.voice import Rooms
from bot.adapters.words import LOCALES, translated, word
from bot.speaker import Speaker
from bot.store import ChannelSettings, GuildSettings
from bot.wishes import EVERY_GUILD
from tests.adapters.discord.commands.administered import (
    GUILD,
    SUBCOMMANDS,
    Counted,
    answer,
    ask,
    kept,
)
from tests.adapters.discord.commands.online import Online
from tests.doubles.discord import FakeDiscord


async def test_only_who_may_is_heard(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """A server can open the command to anybody; each subcommand still asks for the permission, and nothing is done."""
    (group,) = [command for command in fake.commands["global"] if command["name"] == "voice-admin"]
    assert SUBCOMMANDS.keys() == {option["name"] for option in group["options"]}
    bob = fake.add_user("bob")
    for name, options in SUBCOMMANDS.items():
        said = await answer(fake, name, options, by=bob)
        assert "Manage Server" in said or name == "global", f"{name}: {said}"
    assert await speaker.store.settings.audit(GUILD) == []
    assert await speaker.store.settings.audit(EVERY_GUILD) == []


@pytest.mark.parametrize("permission", ["manage_guild", "administrator"])
async def test_who_manages_the_server_may(fake: FakeDiscord, here: Online, speaker: Speaker, permission: str) -> None:
    """A role with the permission is enough."""
    bob = fake.add_user("bob", roles=(fake.add_role("staff", permission),))
    assert "edge" in await answer(fake, "engine", by=bob, engine="edge")
    assert (await kept(speaker)).engine == "edge"


async def test_the_owner_of_the_bot_may_everywhere(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Whoever runs the bot needs no permission of the server."""
    bob = fake.add_user("bob")
    here.station.owners = frozenset({int(bob.id)})
    await answer(fake, "lock", by=bob)
    assert (await kept(speaker)).locked


async def test_discord_shows_it_to_administrators_only(fake: FakeDiscord, here: Online) -> None:
    """By default, and in servers only."""
    (group,) = [command for command in fake.commands["global"] if command["name"] == "voice-admin"]
    assert group["default_member_permissions"] in (32, "32")
    assert group["contexts"] == [0]
    assert group["integration_types"] == [0]


async def test_it_works_only_where_the_bot_is_a_member(fake: FakeDiscord, here: Online) -> None:
    """Settings of a server that the bot does not know would have no effect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.bot, "get_guild", lambda _: None)
        assert "a member of" in await answer(fake, "lock")


async def test_nothing_is_offered_to_others(fake: FakeDiscord, here: Online) -> None:
    """What may be chosen is shown to who may choose."""
    bob = fake.add_user("bob")
    assert await fake.autocomplete("voice-admin engine", "engine", {"engine": ""}, by=bob) == []
    assert await fake.autocomplete("voice-admin ban", "voice", {"voice": "h"}, by=bob) == []
    assert await fake.autocomplete("voice-admin engine", "engine", {"engine": ""}) != []


@pytest.mark.parametrize("locale", LOCALES)
async def test_everything_is_said_in_the_persons_language(fake: FakeDiscord, here: Online, locale: str) -> None:
    """Each answer of each subcommand, without a word missing."""
    here.station.rooms = cast(Rooms, Counted())
    for name, options in SUBCOMMANDS.items():
        ix = await ask(fake, name, options, locale=locale)
        assert ix.original is not None
        said = (ix.content or "") + str(ix.original["embeds"])
        assert said.isascii() is False or locale == "en", f"{name}: {said}"


def test_every_setting_has_a_name() -> None:
    """Whatever is kept can be told from the audit."""
    kept_names = {item.name for kind in (Rules, GuildSettings, ChannelSettings) for item in dataclasses.fields(kind)}
    for name in sorted(kept_names | {"read", "where", "reset"}):
        assert word(f"admin.setting.{name}", "en")


def test_commands_are_named_as_they_are_called() -> None:
    """Where a phrase tells of another command, it is by the name that this person sees."""
    for locale in LOCALES:
        group = word("admin.group.name", locale)
        for key in ("owner", "banned", "in_use"):
            phrase = translated(f"admin.refused.{key}", locale) or ""
            named = re.findall(r"`/(\S+) ([^`]+)`", phrase)
            assert named, f"{locale}: {key}"
            names = {word(f"admin.{name}.name", locale) for name in ("engine", "voice", "unban")}
            assert {root for root, _ in named} == {group}, f"{locale}: {key}"
            assert {name for _, name in named} <= names, f"{locale}: {key}"
