"""The names behind the mentions in a text. Nothing here asks Discord."""

from __future__ import annotations

import re
from collections.abc import Callable

import discord

MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})>")

Find = Callable[[int], discord.abc.User | None]
"""Who is known by this id, besides the server's members."""


def named(text: str, guild: discord.Guild | None, find: Find) -> dict[str, str]:
    """``{"<@42>": "Ann"}`` for each mention whose name is at hand."""
    found = {mark[0]: _called(mark[1], int(mark[2]), guild, find) for mark in MENTION.finditer(text)}
    return {mention: name for mention, name in found.items() if name}


def names_of(text: str, interaction: discord.Interaction) -> dict[str, str]:
    """The same for what somebody typed into a command."""
    asker = interaction.user
    return named(text, interaction.guild, lambda id: asker if id == asker.id else interaction.client.get_user(id))


def name_of(person: discord.abc.User) -> str:
    """What people here call the person; a name that cannot be said gives way to the next."""
    names = (person.display_name, person.global_name or "", person.name)
    return next((name for name in names if any(map(str.isalnum, name))), person.name)


def _called(sigil: str, id: int, guild: discord.Guild | None, find: Find) -> str | None:
    if sigil in ("@", "@!"):
        person = (guild.get_member(id) if guild else None) or find(id)
        return name_of(person) if person else None
    if guild is None:
        return None
    named = guild.get_role(id) if sigil == "@&" else guild.get_channel_or_thread(id)
    return named.name if named else None
