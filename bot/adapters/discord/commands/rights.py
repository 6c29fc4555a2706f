"""Who may end what others asked for."""

from __future__ import annotations

import discord

from bot.adapters.discord.places import VoiceChannel, seat_of
from bot.adapters.discord.voice import Item, Room


def home_of(interaction: discord.Interaction) -> discord.Guild | None:
    """The server, if the bot itself is a member of it and is not only brought along by a user."""
    return None if interaction.guild_id is None else interaction.client.get_guild(interaction.guild_id)


def may_steer(interaction: discord.Interaction, room: Room | None, item: Item | None) -> bool:
    """Whether the person may end ``item``, or with None everything: they asked for it, hear it, or keep order there."""
    if item is not None and item.user == interaction.user.id:
        return True
    where = room.channel if room is not None else None
    return where is not None and (seat_of(interaction.user) == where or _keeps_order(interaction.user, where))


def _keeps_order(person: discord.User | discord.Member, where: VoiceChannel) -> bool:
    """Whether somebody is a moderator where it is heard; in a text channel of their own many are."""
    return isinstance(person, discord.Member) and where.permissions_for(person).manage_messages
