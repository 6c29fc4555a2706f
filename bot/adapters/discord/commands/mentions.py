"""The names behind the mentions in a text that somebody typed."""

from __future__ import annotations

import re

import discord

_MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})>")


def names_of(text: str, interaction: discord.Interaction) -> dict[str, str]:
    """``{"<@42>": "Ann"}`` for each mention whose name is at hand. Asks Discord nothing."""
    found = {mark[0]: _name(mark[1], int(mark[2]), interaction) for mark in _MENTION.finditer(text)}
    return {mention: name for mention, name in found.items() if name}


def _name(sigil: str, id: int, interaction: discord.Interaction) -> str | None:
    guild = interaction.guild
    if sigil.startswith("@") and sigil != "@&":
        return _person(id, interaction)
    if guild is None:
        return None
    named = guild.get_role(id) if sigil == "@&" else guild.get_channel_or_thread(id)
    return named.name if named else None


def _person(id: int, interaction: discord.Interaction) -> str | None:
    if id == interaction.user.id:
        return interaction.user.display_name
    member = interaction.guild.get_member(id) if interaction.guild else None
    person = member or interaction.client.get_user(id)
    return person.display_name if person else None
