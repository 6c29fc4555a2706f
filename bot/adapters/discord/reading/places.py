"""In which voice channel a message is heard, and whether anybody would hear it."""

from __future__ import annotations

import discord

from bot.adapters.discord.places import VoiceChannel, has_listeners, seat_of, voice_channel
from bot.adapters.discord.rules import ChannelRules, Rules
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.voice import Room


def place_of(
    message: discord.Message, guild: discord.Guild, rules: ChannelRules, person: object, here: VoiceChannel | None
) -> VoiceChannel | None:
    """Where a message of a channel that is read is heard; ``here`` is where the bot is.

    A voice channel's own chat is heard in that channel; others where the channel's rules say, else where ``person``
    sits, else ``here``.
    """
    if isinstance(message.channel, VoiceChannel):
        return message.channel
    return voice_channel(guild, rules.voice) or seat_of(person) or here


def is_open(voice: VoiceChannel, room: Room | None, rules: Rules) -> bool:
    """Whether the bot may be heard there by somebody, without leaving others who listen to it.

    Where somebody put it out it comes again when it is asked by a command, and not because people write.
    """
    here = room.channel if room else None
    if not has_listeners(voice) or (room is not None and room.removed_from == voice.id):
        return False
    if here is not None and here.id == voice.id:
        return True
    if not rules.auto_join or (here is not None and has_listeners(here)):
        return False
    may = voice.permissions_for(voice.guild.me)
    return may.view_channel and may.connect


def all_may_see(channel: object, voice: VoiceChannel) -> bool:
    """Whether all who listen there may see that text channel as well.

    Who is not known may what everybody may. Who is in a private thread is not known of everybody.
    """
    if isinstance(channel, discord.Thread):
        return not channel.is_private() and all_may_see(channel.parent, voice)
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    everybody = voice.guild.default_role
    people = (voice.guild.get_member(id) or everybody for id in voice.voice_states)
    return all(_is_bot(person) or channel.permissions_for(person).view_channel for person in people)


def answer_to(message: discord.Message, voice: VoiceChannel | None, locale: str) -> Target:
    """Where an answer to the message is heard: in the voice channel, else, or if that fails, as a note in reply."""
    return Target(
        Where.NOTE if voice is None else Where.VOICE,
        message.channel.id,
        guild=message.guild.id if message.guild else None,
        voice=None if voice is None else voice.id,
        reply_to=message.id,
        locale=locale,
        note_if_lost=True,
    )


def _is_bot(person: discord.Member | discord.Role) -> bool:
    return isinstance(person, discord.Member) and person.bot
