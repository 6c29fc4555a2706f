"""Who may have things said, and who may end what others asked for."""

from __future__ import annotations

import discord

from bot.adapters.discord.rules import Rules
from bot.adapters.discord.voice import Item, Room

VoiceChannel = discord.VoiceChannel | discord.StageChannel


def is_moderator(interaction: discord.Interaction) -> bool:
    """Whether the person keeps order where they are."""
    return interaction.permissions.manage_messages


def has_role(interaction: discord.Interaction, rules: Rules) -> bool:
    """Whether the person has one of the roles that the server asks for, if it asks for any."""
    if not rules.roles:
        return True
    member = interaction.user
    return isinstance(member, discord.Member) and any(role.id in rules.roles for role in member.roles)


def seat_of(interaction: discord.Interaction) -> VoiceChannel | None:
    """The voice channel that the person sits in, if the bot is a member there too."""
    member = interaction.user
    if not isinstance(member, discord.Member) or home_of(interaction) is None:
        return None
    return member.voice.channel if member.voice else None


def home_of(interaction: discord.Interaction) -> discord.Guild | None:
    """The server, if the bot itself is a member of it and is not only brought along by a user."""
    return None if interaction.guild_id is None else interaction.client.get_guild(interaction.guild_id)


def may_steer(interaction: discord.Interaction, room: Room | None, item: Item | None) -> bool:
    """Whether the person may end ``item``: they asked for it, or hear it, or are a moderator."""
    if (item is not None and item.user == interaction.user.id) or is_moderator(interaction):
        return True
    seat = seat_of(interaction)
    return seat is not None and room is not None and room.channel is not None and room.channel.id == seat.id
