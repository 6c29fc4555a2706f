"""Discord's ids as the rest of the house knows them: strings that begin with ``discord:``."""

from __future__ import annotations

from collections.abc import Sequence

import discord

PREFIX = "discord:"

OURS = "sayso"
"""What the nonces of Sayso's own texts, and the ids of its buttons, begin with."""


_READING = "read-"


def guild_key(guild: int | None, channel: int) -> str:
    """The lane of a server, or of a conversation outside of one."""
    return f"{PREFIX}{guild}" if guild else f"{PREFIX}dm:{channel}"


def homes(interaction: discord.Interaction) -> Sequence[str]:
    """The lanes of whoever interacts alone: that of what only they hear, and their conversation with the bot, if that
    is where they are or the bot has met them there since its start.
    """
    user, here = interaction.user, interaction.channel_id if interaction.context.dm_channel else None
    met = user.dm_channel.id if user.dm_channel is not None else None
    return [guild_key(None, room) for room in dict.fromkeys((user.id, here, met)) if room is not None]


def user_key(user: int) -> str:
    """A person, the same in every server."""
    return f"{PREFIX}{user}"


def channel_key(channel: int) -> str:
    """A channel within its guild."""
    return str(channel)


def number(key: str) -> int:
    """The snowflake at the end of a key. Raises ValueError if there is none."""
    return int(key.rpartition(":")[2])


def shard_of(guild: int, count: int) -> int:
    """Which of ``count`` shards a guild belongs to (Discord's documentation, topics/gateway, "Sharding")."""
    return (guild >> 22) % max(1, count)


def reading_id(message: int) -> str:
    """The id of the request that reads a message: the next process finds it again by this."""
    return f"{_READING}{message}"


def message_of(request: str) -> int | None:
    """The message that is read by the request of that id, if it is one that reads one."""
    found = request.removeprefix(_READING)
    return int(found) if found != request and found.isdecimal() else None


def parent(channel: discord.abc.GuildChannel | discord.Thread | object) -> int:
    """The id of the channel whose settings hold: a thread's parent, else the channel itself.

    A private thread is not for all in its parent, so it has only settings of its own.
    """
    if isinstance(channel, discord.Thread) and not channel.is_private():
        return channel.parent_id
    return int(getattr(channel, "id", 0))
