"""A guild's voice channel as Sayso uses it (skeleton: to be filled in by its owner; signatures are contracts)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import discord

from bot.adapters.discord.voice.playing import Item, Wait
from bot.adapters.discord.voice.trouble import Trouble
from bot.config import DiscordSettings
from bot.said import Said
from bot.speaker import Speaker

VoiceChannel = discord.VoiceChannel | discord.StageChannel


class Room:
    """What is heard in one guild: a playlist, and the connection it is played over.

    Connects when something is to be played and leaves when told or alone. Never stops a player it did not start.
    """

    guild: discord.Guild

    @property
    def channel(self) -> VoiceChannel | None:
        """Where it is connected now."""
        raise NotImplementedError

    @property
    def items(self) -> Sequence[Item]:
        """What plays, and then what waits, in order."""
        raise NotImplementedError

    async def join(self, channel: VoiceChannel, *, move: bool = True) -> Trouble | None:
        """Come into the channel; ``move`` even if listened to in another. None when there."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Stop everything and leave."""
        raise NotImplementedError

    def play(self, item: Item) -> None:
        """Add to the playlist; ``item.ended`` tells what became of it."""
        raise NotImplementedError

    def skip(self, item: Item | None = None) -> Item | None:
        """End one item (None: the one that plays); the next follows. None if there is nothing to skip."""
        raise NotImplementedError

    def stop(self) -> int:
        """End all items; returns how many. The connection stays."""
        raise NotImplementedError

    def wait(self, item: Item) -> Wait:
        """What stands before an item; nothing once it plays."""
        raise NotImplementedError


class Rooms:
    """The rooms of one client. ``restore`` brings the bot back to its channels after a restart."""

    def __init__(self, client: discord.Client, speaker: Speaker, settings: DiscordSettings) -> None:
        raise NotImplementedError

    def room(self, guild: discord.Guild) -> Room:
        """The room of a guild, made when it is first asked for."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Room]:
        raise NotImplementedError

    def find(self, guild: int) -> Room | None:
        """The room of a guild that has one."""
        raise NotImplementedError

    def best(self, said: Said) -> Item | None:
        """The item that plays this, if any."""
        raise NotImplementedError

    async def restore(self) -> None:
        """Rejoin the channels that the bot was in, if somebody still listens there."""
        raise NotImplementedError

    async def close(self) -> None:
        """Leave every channel, keeping in the store where it was."""
        raise NotImplementedError

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Somebody moved; leaves (after ``settings.leave_seconds``) where nobody is left to hear it."""
        raise NotImplementedError
