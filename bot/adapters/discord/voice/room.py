"""A guild's voice channel as Sayso uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot.adapters.boundary import contained
from bot.adapters.discord.places import VoiceChannel
from bot.adapters.discord.voice.act import Act
from bot.adapters.discord.voice.house import House
from bot.adapters.discord.voice.news import News
from bot.adapters.discord.voice.performance import Performance
from bot.adapters.discord.voice.playing import Item, Outcome, Wait
from bot.adapters.discord.voice.playlist import Playlist
from bot.adapters.discord.voice.presence import Presence
from bot.adapters.discord.voice.trouble import Trouble
from bot.errors import Cancelled
from bot.log import where

log = structlog.get_logger()


class Room:
    """What is heard in one guild: a playlist, and the connection it is played over.

    Connects when something is to be played and leaves when told or alone. Never stops a player it did not start. The
    work is done by one task, which exists only while there is a connection or something to play.
    """

    def __init__(self, guild: int, house: House) -> None:
        self.guild = guild
        self._house = house
        self._news = News()
        self._playlist = Playlist()
        self._presence = Presence(guild, house, self._playlist, self._news)
        self._performance = Performance(self._presence, self._playlist, house.timing, self._news)
        self._owner: asyncio.Task[None] | None = None

    @property
    def channel(self) -> VoiceChannel | None:
        """Where it is connected now, by its own connection."""
        return self._presence.channel

    @property
    def removed_from(self) -> int | None:
        """The channel that somebody put the bot out of, until it is in one again."""
        return self._presence.removed_from

    @property
    def items(self) -> Sequence[Item]:
        """What plays, and then what waits, in order."""
        return self._playlist.items

    async def join(self, channel: VoiceChannel, *, move: bool = True) -> Trouble | None:
        """Come into the channel; ``move`` even if listened to in another. None when there, and heard there.

        What was to be heard in the channel that it leaves is heard in the new one. On a stage on which it may not yet
        speak it stays, and has asked to.
        """
        trouble = await self._presence.join(channel, move=move)
        if self._presence.link is not None:
            self._wake()
        return trouble

    async def leave(self) -> None:
        """Stop everything and leave."""
        self.stop()
        await self._halt()
        await self._presence.leave()

    def play(self, item: Item) -> None:
        """Add to the playlist; ``item.ended`` tells what became of it, or is cancelled if the room is closed first."""
        if self._house.closed:
            item.ended.cancel()
            return
        act = Act(item, self._changed, self._ended, self._house.timing.rest)
        self._playlist.add(act)
        if (deadline := item.said.request.deadline) is not None:
            act.expire(deadline - self._house.wall())
        self._wake()

    def skip(self, item: Item | None = None) -> Item | None:
        """End one item (None: the one that plays); the next follows. None if there is nothing to skip."""
        return self._end(item, Outcome.SKIPPED)

    def cancel(self, item: Item) -> bool:
        """End an item because its asker took it back. False if it is over already."""
        return self._end(item, Outcome.CANCELLED) is not None

    def stop(self) -> int:
        """End all items; returns how many. The connection stays."""
        return self._playlist.end(Outcome.SKIPPED)

    def wait(self, item: Item) -> Wait:
        """What stands before an item; nothing once it plays."""
        return self._playlist.wait(item)

    def attend(self) -> None:
        """Somebody came, went or was muted: see who listens, and prepare to leave if nobody does."""
        self._presence.attend()

    def review(self) -> None:
        """The guild is here anew: see whether the connection is one of this session, and who listens."""
        self._news.tell()
        self.attend()

    async def close(self) -> None:
        """Leave, for the house is closed; where it was remains in the store, and what waited has no outcome."""
        self._playlist.withdraw()
        await self._halt()
        await self._presence.close()

    def _end(self, item: Item | None, outcome: Outcome) -> Item | None:
        act = self._playlist.find(item)
        if act is None:
            return None
        act.end(outcome)
        return act.item

    def _ended(self, act: Act) -> None:
        self._playlist.remove(act)
        self._news.tell()

    def _changed(self, act: Act) -> None:
        """There is news of a speech. What was taken back, or came to nothing, need not wait for its turn to end."""
        if act.feed.error is not None and (isinstance(act.feed.error, Cancelled) or not act.feed.packets):
            act.end(act.verdict)
        self._news.tell()

    def _wake(self) -> None:
        self._news.tell()
        if self._owner is None or self._owner.done():
            self._owner = asyncio.create_task(self._own(), name=f"voice room {self.guild}")
            self._owner.add_done_callback(self._slept)

    def _slept(self, owner: asyncio.Task[None]) -> None:
        if not owner.cancelled() and (error := owner.exception()) is not None:
            log.error("voice_room_crashed", guild=self.guild, error=type(error).__name__, where=where(error))
        # Whatever ended the task, what was added since must not wait for the next item to come along.
        if self._playlist.first is not None and not self._house.closed:
            self._wake()

    async def _own(self) -> None:
        while not self._house.closed and (self._playlist.first or self._presence.wanted):
            act = self._playlist.turn()
            try:
                await (self._performance.play(act) if act is not None else self._sit())
            except Exception as error:  # noqa: BLE001 (discord.py and sockets: one item must not take the room along)
                log.error("voice_room_failed", guild=self.guild, error=type(error).__name__, where=where(error))
                await self._give_up(act)

    async def _sit(self) -> None:
        """Nothing is to be said: see that the connection lives, or that there is one again."""
        link, away = self._presence.link, self._presence.away
        if link is not None and link.lost:
            await self._presence.mend()
            return
        await self._news.wait(away)
        if away is not None and self._playlist.first is None:
            await self._presence.come_back()

    async def _give_up(self, act: Act | None) -> None:
        if act is None:
            await contained(self._presence.renew(), "voice_room_not_renewed", guild=self.guild)
        else:
            act.end(Outcome.LOST, Trouble.NO_ANSWER)

    async def _halt(self) -> None:
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.wait([self._owner])
