"""Whether the bot may come into a voice channel and be heard there: Discord answers a no with silence only."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import discord

from bot.adapters.discord.places import VoiceChannel, has_listeners
from bot.adapters.discord.voice.trouble import Trouble

_LOOK = 0.02
"""Seconds between two looks at what the gateway has told."""


async def find(client: discord.Client, guild: int, id: int, patience: float) -> VoiceChannel | Trouble:
    """The channel as it is known now; each session of the gateway, and each end of an outage, makes it another object.

    ``patience`` is for a guild that is not there just now.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while (place := client.get_guild(guild)) is not None:
                if isinstance(channel := place.get_channel(id), VoiceChannel):
                    return channel
                if not place.unavailable:
                    break
                await asyncio.sleep(_LOOK)
            return Trouble.GONE
    return Trouble.NO_ANSWER


def barred(channel: VoiceChannel) -> Trouble | None:
    """What keeps the bot from coming in, or from being heard once it is there."""
    guild = channel.guild
    allowed = channel.permissions_for(guild.me)
    if not (allowed.view_channel and allowed.connect):
        return Trouble.MAY_NOT_CONNECT
    if isinstance(channel, discord.VoiceChannel) and (not allowed.speak or channel == guild.afk_channel):
        return Trouble.MAY_NOT_SPEAK
    others = sum(user != guild.me.id for user in channel.voice_states)
    if channel.user_limit and others >= channel.user_limit and not allowed.move_members:
        return Trouble.FULL
    return None


def unheard(channel: VoiceChannel) -> Trouble | None:
    """What keeps people from hearing the bot, which is in the channel, just now."""
    here = channel.guild.me.voice
    if not has_listeners(channel):
        return Trouble.EMPTY
    return Trouble.MAY_NOT_SPEAK if here is not None and (here.mute or here.suppress) else None


async def may_speak(channel: VoiceChannel, patience: float) -> bool:
    """Whether the bot, which is in the channel, is heard there.

    On a stage it makes itself a speaker, or else asks to be one and waits ``patience`` seconds for that to be granted.
    """
    here = channel.guild.me.voice
    if here is None or not here.suppress:
        return here is None or not here.mute
    if isinstance(channel, discord.VoiceChannel):
        return False
    await _step_up(channel)
    return await _granted(channel, patience)


async def _step_up(channel: discord.StageChannel) -> None:
    me = channel.guild.me
    allowed = channel.permissions_for(me)
    with suppress(discord.HTTPException):  # whatever the answer, what counts is whether we may speak in the end
        if allowed.mute_members:
            await me.edit(suppress=False)
        elif allowed.request_to_speak and me.voice is not None and me.voice.requested_to_speak_at is None:
            await me.request_to_speak()


async def _granted(channel: discord.StageChannel, patience: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            # The library's cache tells nobody that it has changed.
            while (here := channel.guild.me.voice) is not None and here.suppress:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK)
            return True
    return False
