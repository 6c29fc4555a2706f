"""Where the bot is in one guild: it comes when wanted, is won back when lost, and leaves when alone."""

from __future__ import annotations

import asyncio

import discord
import structlog

from bot.adapters.discord.voice.access import VoiceChannel, listeners, may_speak
from bot.adapters.discord.voice.house import House, key_of
from bot.adapters.discord.voice.line import Line
from bot.adapters.discord.voice.link import Cause, Link
from bot.adapters.discord.voice.news import News
from bot.adapters.discord.voice.playing import Outcome
from bot.adapters.discord.voice.playlist import Playlist
from bot.adapters.discord.voice.seat import Seat
from bot.adapters.discord.voice.trouble import Trouble
from bot.errors import SaysoError

log = structlog.get_logger()


class Presence:
    """The connection of a room, and what becomes of its playlist when that changes."""

    def __init__(self, guild: discord.Guild, house: House, playlist: Playlist, news: News) -> None:
        self.guild = guild
        self.removed_from: int | None = None
        """The channel that somebody put the bot out of, until it is in one again."""
        self._house = house
        self._playlist = playlist
        self._seat = Seat(house, news.tell)
        self._noted: Link | None = None
        self._alone: asyncio.Task[None] | None = None

    @property
    def link(self) -> Link | None:
        """The own connection, lost or not."""
        return self._seat.link

    @property
    def channel(self) -> VoiceChannel | None:
        """Where the bot is by its own connection."""
        link = self._seat.link
        return None if link is None or link.lost else link.channel

    async def reach(self, id: int) -> Line | Trouble:
        """A line to a channel in which the bot may be heard, if that takes it away from nobody."""
        channel = self._channel(id)
        if channel is None:
            return Trouble.GONE
        line = await self._seat.take(channel, move=False)
        if isinstance(line, Trouble):
            return line
        if line.ours:
            await self._arrive(channel)
        return line if await may_speak(channel, self._house.timing.stage) else Trouble.MAY_NOT_SPEAK

    async def join(self, channel: VoiceChannel, *, move: bool) -> Trouble | None:
        """Come into the channel; what was to be heard in the one that is left is heard there."""
        before = self.channel
        line = await self._seat.take(channel, move=move)
        if isinstance(line, Trouble):
            return line
        if line.ours:
            if before is not None:
                self._playlist.redirect(before.id, channel.id)
            await self._arrive(channel)
        return None if await may_speak(channel, self._house.timing.grace) else Trouble.MAY_NOT_SPEAK

    async def mend(self) -> Trouble | None:
        """Win a lost connection back, where the bot is now. Without effect on one that lives."""
        link = self._seat.link
        if link is None or not link.lost:
            return None
        home = link.channel.id
        loss = await link.loss(self._house.timing.grace)
        log.info("voice_lost", guild=self.guild.id, cause=loss.cause.value, code=loss.code)
        if self._seat.link is not link:
            return None  # somebody had it join in the meantime
        if loss.cause is Cause.REMOVED:
            return await self._removed(home)
        if loss.channel is not None and loss.channel != home:
            self._playlist.redirect(home, loss.channel)
        trouble = await self._return(loss.channel or home)
        if trouble is not None:
            await self.leave()
        return trouble

    async def renew(self) -> None:
        """Give up a connection that lives but does not serve; the next that is wanted is a new one."""
        await self._seat.leave()

    async def leave(self) -> None:
        """Go, and do not come back after a restart."""
        await self._seat.leave()
        await self._forget()

    async def close(self) -> None:
        """Go, for this process ends."""
        self._stay()
        await self._seat.leave()

    def attend(self) -> None:
        """See who listens, and prepare to leave if nobody does."""
        line, channel = self._seat.line, self.channel
        if line is not None and line.alive():
            line.heard = listeners(line.client.channel) > 0
        if channel is None or listeners(channel):
            self._stay()
        elif self._alone is None or self._alone.done():
            self._alone = asyncio.create_task(self._leave_alone(), name=f"voice alone {self.guild.id}")

    async def _return(self, id: int) -> Trouble | None:
        channel = self._channel(id)
        if channel is None:
            return Trouble.GONE
        line = await self._seat.take(channel, move=True)
        if isinstance(line, Trouble):
            return line
        await self._arrive(channel)
        return None

    async def _removed(self, home: int) -> Trouble:
        """Somebody wants it gone; when the process or the host's client ends, that is no such wish."""
        trouble = Trouble.GONE if self._channel(home) is None else Trouble.REMOVED
        link = self._seat.link
        await self._seat.leave()
        if link is not None and not link.client.is_closed():
            self.removed_from = home
            await self._forget()
        self._playlist.end(Outcome.LOST, trouble, channel=home)
        return trouble

    async def _arrive(self, channel: VoiceChannel) -> None:
        """Write down where the bot is, once for each connection."""
        if self._seat.link is self._noted:
            return
        self._noted, self.removed_from = self._seat.link, None
        log.info("voice_joined", guild=self.guild.id)
        self.attend()
        try:
            await self._house.keep.put(key_of(self.guild.id), {"channel": channel.id})
        except SaysoError as error:
            log.warning("voice_place_not_kept", guild=self.guild.id, error=type(error).__name__)

    async def _forget(self) -> None:
        self._noted = None
        self._stay()
        try:
            await self._house.keep.drop(key_of(self.guild.id))
        except SaysoError as error:
            log.warning("voice_place_not_dropped", guild=self.guild.id, error=type(error).__name__)

    async def _leave_alone(self) -> None:
        """Leave after a while, unless somebody comes, it is to stay, or another plays over our connection."""
        while True:
            await asyncio.sleep(self._house.settings.leave_seconds)
            channel = self.channel
            if channel is None or listeners(channel) or await self._house.stay(self.guild.id):
                return
            if not self._lends():
                break
        self._playlist.end(Outcome.LOST, Trouble.EMPTY, channel=channel.id)
        await self.leave()

    def _lends(self) -> bool:
        """Whether somebody else's sound comes over our connection."""
        link, act = self._seat.link, self._playlist.first
        if link is None or not (link.is_playing() or link.is_paused()):
            return False
        return act is None or act.source is not link.source

    def _stay(self) -> None:
        task, self._alone = self._alone, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _channel(self, id: int) -> VoiceChannel | None:
        channel = self.guild.get_channel(id)
        return channel if isinstance(channel, VoiceChannel) else None
