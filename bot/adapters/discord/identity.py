"""Discord's ids as the rest of the house knows them: strings that begin with ``discord:``."""

from __future__ import annotations

import discord

PREFIX = "discord:"

OURS = "sayso"
"""What the nonces of Sayso's own texts, and the ids of its buttons, begin with."""


_READING = "read-"


def guild_key(guild: int | None, channel: int) -> str:
    """The lane of a server, or of a conversation outside of one."""
    return f"{PREFIX}{guild}" if guild else f"{PREFIX}dm:{channel}"


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
