"""The lists that people choose from while they type."""

from __future__ import annotations

import discord
import structlog
from discord import app_commands

from bot.adapters.discord.identity import channel_key, guild_key, parent, user_key
from bot.adapters.tongues import languages
from bot.adapters.words import language
from bot.log import where
from bot.speaker import Speaker
from bot.tts.languages import language_names

log = structlog.get_logger()

MOST = 25
"""Choices that Discord shows."""

LONGEST = 100
"""Characters of a choice's name and of its value."""


async def voice_choices(
    speaker: Speaker, interaction: discord.Interaction, typed: str, *, engine: str | None = None
) -> list[app_commands.Choice[str]]:
    """The voices that may be meant, the likeliest first. Never raises: Discord would show nothing at all then."""
    guild = guild_key(interaction.guild_id, interaction.channel_id or 0)
    channel = channel_key(parent(interaction.channel))
    try:
        found = await speaker.choices(user_key(interaction.user.id), guild, typed, MOST, engine, channel)
    except Exception as error:  # noqa: BLE001 (the adapter's boundary; what is typed can still be sent as it is)
        log.error("choices_failed", error=type(error).__name__, where=where(error))
        return []
    fitting = (choice for choice in found if 0 < len(choice.value) <= LONGEST)
    return [app_commands.Choice(name=choice.label[:LONGEST] or choice.value, value=choice.value) for choice in fitting]


async def prepare(speaker: Speaker) -> None:
    """Let the first person who types wait no longer than the next: the list is made once, in about 100 ms."""
    try:
        await speaker.choices("", "")
    except Exception as error:  # noqa: BLE001 (as above; whoever types first makes it then)
        log.error("choices_failed", error=type(error).__name__, where=where(error))


def engine_choices(speaker: Speaker, typed: str) -> list[app_commands.Choice[str]]:
    """The engines whose names contain what was typed."""
    names = (name for name in speaker.stage.engines if typed.casefold().strip() in name.casefold())
    return [app_commands.Choice(name=name, value=name) for name in names][:MOST]


def language_choices(speaker: Speaker, typed: str, locale: str) -> list[app_commands.Choice[str]]:
    """The languages that some engine speaks, by code or by what they are called."""
    wanted = typed.casefold().strip()
    named = {tag: (language(tag, locale), *language_names(tag)) for tag in languages(speaker)}
    fitting = {
        tag: names[0]
        for tag, names in named.items()
        if tag.startswith(wanted) or any(wanted in name.casefold() for name in names)
    }
    shown = sorted(fitting.items(), key=lambda item: (item[0] != wanted, item[1]))[:MOST]
    return [app_commands.Choice(name=f"{name} ({tag})"[:LONGEST], value=tag) for tag, name in shown]
