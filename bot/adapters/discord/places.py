"""Who sits in which voice channel, and who of a server is to be heard at all."""

from __future__ import annotations

from typing import TypeAlias

import discord

from bot.adapters.discord.rules import Rules

VoiceChannel: TypeAlias = discord.VoiceChannel | discord.StageChannel


def seat_of(person: object) -> VoiceChannel | None:
    """The voice channel that somebody sits in, as far as the bot can see: only where it is a member itself."""
    voice = person.voice if isinstance(person, discord.Member) else None
    return voice.channel if voice else None


def voice_channel(guild: discord.Guild, id: int | None) -> VoiceChannel | None:
    """The voice channel of that id, if there is one."""
    found = guild.get_channel(id) if id is not None else None
    return found if isinstance(found, VoiceChannel) else None


def has_listeners(voice: VoiceChannel) -> bool:
    """Whether people are there. Who is not known counts as one of them."""
    members = map(voice.guild.get_member, voice.voice_states)
    return any(member is None or not member.bot for member in members)


def has_role(person: object, rules: Rules) -> bool:
    """Whether somebody has one of the roles that the server asks for, if it asks for any."""
    return not rules.roles or bool(roles_of(person) & rules.roles)


def roles_of(person: object) -> frozenset[int]:
    """The ids of somebody's roles."""
    return frozenset(role.id for role in person.roles) if isinstance(person, discord.Member) else frozenset()
