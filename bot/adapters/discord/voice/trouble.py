"""Why the bot cannot be heard in a voice channel."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """What stands in the way. The words for people are under ``voice.trouble.<value>``."""

    MAY_NOT_CONNECT = "may_not_connect"
    """The permission to see or to join the channel is missing."""
    MAY_NOT_SPEAK = "may_not_speak"
    """The permission to speak, or on a stage to become a speaker, is missing; or it was muted, or nobody may speak."""
    FULL = "full"
    """The channel's user limit is reached."""
    TAKEN = "taken"
    """Another part of the host bot (a music cog) uses the guild's only voice connection."""
    ELSEWHERE = "elsewhere"
    """Sayso itself is heard in another channel of the guild where people listen."""
    GONE = "gone"
    """The channel does not exist any more."""
    REMOVED = "removed"
    """Somebody put the bot out of the channel; it does not come back by itself."""
    EMPTY = "empty"
    """Nobody is there to hear it, or everybody left, and so did the bot."""
    NO_ANSWER = "no_answer"
    """Discord's voice server did not answer in time, or refuses the connection (rate limit, encryption)."""
