"""Mentions in what somebody typed are said by name."""

from __future__ import annotations

from typing import Any

import discord

from bot.adapters.discord.mentions import names_of
from bot.speaker import Speaker
from tests.adapters.discord.commands.online import online
from tests.doubles.discord import FakeDiscord


async def _names(fake: FakeDiscord, speaker: Speaker, text: str, **where: Any) -> dict[str, str]:
    """The names in a text that ann types."""
    async with online(fake, speaker) as here:
        got: list[dict[str, str]] = []

        async def look(interaction: discord.Interaction) -> None:
            got.append(names_of(text, interaction))

        here.bot.add_listener(look, "on_interaction")
        await fake.slash("queue", **where)
        await fake.until(lambda: got)
        return got[0]


async def test_people_roles_and_channels_go_by_their_names(speaker: Speaker) -> None:
    """As they are called in this server."""
    async with FakeDiscord() as fake:
        role = fake.add_role("Readers")
        bea = fake.add_user("bea", nick="Queen Bea", voice=fake.voice_channel)
        text = f"<@{bea.id}> <@!{fake.user_id}> <@&{role.id}> <#{fake.voice_channel}> <@{fake.bot_id}>"
        assert await _names(fake, speaker, text) == {
            f"<@{bea.id}>": "Queen Bea",
            f"<@!{fake.user_id}>": "ann",
            f"<@&{role.id}>": "Readers",
            f"<#{fake.voice_channel}>": "Talk",
            f"<@{fake.bot_id}>": "speaker",
        }


async def test_who_is_not_at_hand_has_no_name(speaker: Speaker) -> None:
    """Nothing is asked of Discord for it; the text says "someone" in their stead."""
    async with FakeDiscord() as fake:
        asked = len(fake.requests)
        assert await _names(fake, speaker, "<@1> <@&2> <#3> <@abc> <:smile:4>") == {}
        assert not [request for request in fake.requests[asked:] if "/members/" in request.path]


async def test_in_direct_messages_there_are_only_people(speaker: Speaker) -> None:
    """Roles and channels are a server's."""
    async with FakeDiscord() as fake:
        text = f"<@{fake.user_id}> <#{fake.text_channel}> <@&{fake.guild_id}>"
        assert await _names(fake, speaker, text, channel=fake.direct()) == {f"<@{fake.user_id}>": "ann"}
