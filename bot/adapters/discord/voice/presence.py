"""Where the bot is in one guild: it comes when wanted, is won back when lost, and leaves when alone."""

from __future__ import annotations

import asyncio

import structlog

from bot.adapters.discord.places import VoiceChannel, has_listeners
from bot.adapters.discord.voice.access import find, may_speak, unheard
from bot.adapters.discord.voice.house import House, key_of
from bot.adapters.discord.voice.line import Line
from bot.adapters.discord.voice.link import REFUSED, Cause, Link
from bot.adapters.discord.voice.news import News
from bot.adapters.discord.voice.playing import Item, Outcome
from bot.adapters.discord.voice.playlist import Playlist
from bot.adapters.discord.voice.seat import Seat
from bot.adapters.discord.voice.trouble import Trouble
from bot.errors import SaysoError

log = structlog.get_logger()


class Presence:
    """The connection of a room, and what becomes of its playlist when that changes."""

    def __init__(self, guild: int, house: House, playlist: Playlist, news: News) -> None:
        self.guild = guild
        self.removed_from: int | None = None
        """The channel that somebody put the bot out of, until it is in one again."""
        self._house = house
        self._playlist = playlist
        self._seat = Seat(house, news.tell)
        self._noted: Link | None = None
        self._alone: asyncio.Task[None] | None = None
        self._wanted: int | None = None
        self._tries = 0
        self._door = asyncio.Lock()

    @property
    def link(self) -> Link | None:
        """The own connection, lost or not."""
        return self._seat.link

    @property
    def channel(self) -> VoiceChannel | None:
        """Where the bot is by its own connection."""
        link = self._seat.link
        return None if link is None or link.lost else link.channel

    @property
    def wanted(self) -> bool:
        """Whether it is in a channel, or wants to be in one again."""
        return self._seat.link is not None or self._wanted is not None

    @property
    def away(self) -> float | None:
        """In how many seconds to try again to come back where it wants to be; None if there is no such place."""
        if self._seat.link is not None or self._wanted is None:
            return None
        again = self._house.timing.again
        return again[min(self._tries, len(again) - 1)]

    async def reach(self, item: Item) -> Line | Trouble:
        """A line to the item's channel on which the bot may be heard, if that takes it away from nobody."""
        async with self._door:  # before the channel is looked at: a move in progress may change it
            channel = await self._find(item.channel)
            if not isinstance(channel, Trouble) and not item.begun.is_set() and not has_listeners(channel):
                return Trouble.EMPTY
            line = await self._come(channel, move=False)
        if isinstance(channel, Trouble) or isinstance(line, Trouble):
            return line
        return line if await may_speak(channel, self._house.timing.stage) else Trouble.MAY_NOT_SPEAK

    async def join(self, channel: VoiceChannel, *, move: bool) -> Trouble | None:
        """Come into the channel; what was to be heard in the one that is left is heard there."""
        async with self._door:
            before = self.channel
            line = await self._come(channel, move=move)
            if isinstance(line, Trouble):
                return line
            if line.ours and before is not None:
                self._playlist.redirect(before.id, channel.id)
        return None if await may_speak(channel, self._house.timing.grace) else Trouble.MAY_NOT_SPEAK

    async def mend(self) -> Trouble | None:
        """Win a lost connection back, where the bot is now. Without effect on one that lives."""
        link = self._seat.link
        if link is None or not link.lost:
            return None
        loss = await link.loss(self._house.timing.grace)
        log.info("voice_lost", guild=self.guild, cause=loss.cause.value, code=loss.code)
        async with self._door:
            if self._seat.link is not link:
                return None  # somebody had it join, or leave, in the meantime
            if loss.cause is Cause.REMOVED:
                return await self._removed(link)
            if loss.code in REFUSED:
                await self._seat.leave()
                await self._forget()
                return Trouble.NO_ANSWER
            return await self._return(link.channel.id, loss.channel)

    async def come_back(self) -> None:
        """Try again where the connection was lost and not won back, until there have been enough tries."""
        async with self._door:
            if self._seat.link is not None or self._wanted is None:
                return
            self._tries += 1
            if self._tries >= len(self._house.timing.again) or not await self._tempted(self._wanted):
                await self._forget()

    async def renew(self) -> None:
        """Give up a connection that lives but does not serve; the next that is wanted is a new one."""
        async with self._door:
            await self._seat.leave()

    async def leave(self) -> None:
        """Go, and do not come back after a restart."""
        async with self._door:
            await self._seat.leave()
            await self._forget()

    async def close(self) -> None:
        """Go, for this process ends."""
        self._stay()
        async with self._door:
            await self._seat.leave()

    def attend(self) -> None:
        """See who listens, and whether the bot may speak, and prepare to leave if nobody does."""
        line, channel = self._seat.line, self.channel
        if line is not None and line.alive() and line.client.channel is not None:
            line.trouble = unheard(line.client.channel)
        if channel is None or has_listeners(channel):
            self._stay()
        elif self._alone is None or self._alone.done():
            self._alone = asyncio.create_task(self._leave_alone(), name=f"voice alone {self.guild}")

    async def _come(self, channel: VoiceChannel | Trouble, *, move: bool) -> Line | Trouble:
        if isinstance(channel, Trouble):
            return channel
        if self._house.closed:
            return Trouble.NO_ANSWER
        line = await self._seat.take(channel, move=move)
        if isinstance(line, Line) and line.ours:
            await self._arrive(channel)
        return line

    async def _return(self, home: int, to: int | None) -> Trouble | None:
        """Back to where it was, or on to where it was moved, with all that is to be heard."""
        if to is not None and to != home:
            self._playlist.redirect(home, to)
        line = await self._come(await self._find(to or home), move=True)
        if not isinstance(line, Trouble):
            return None
        await self._seat.leave()
        if line is not Trouble.NO_ANSWER:
            await self._forget()
        return line

    async def _removed(self, link: Link) -> Trouble:
        """Somebody wants it gone; the end of the host's client is no such wish."""
        home = link.channel.id
        trouble = Trouble.GONE if await self._find(home) is Trouble.GONE else Trouble.REMOVED
        await self._seat.leave()
        if not link.client.is_closed():
            self.removed_from = home
            await self._forget()
        self._playlist.end(Outcome.LOST, trouble, channel=home)
        return trouble

    async def _arrive(self, channel: VoiceChannel) -> None:
        """Write down where the bot is, once for each connection."""
        if self._seat.link is self._noted:
            return
        self._noted, self.removed_from = self._seat.link, None
        self._wanted, self._tries = channel.id, 0
        log.info("voice_joined", guild=self.guild)
        self.attend()
        try:
            await self._house.keep.put(key_of(self.guild), {"channel": channel.id})
        except SaysoError as error:
            log.warning("voice_place_not_kept", guild=self.guild, error=type(error).__name__)

    async def _forget(self) -> None:
        self._noted = self._wanted = None
        self._stay()
        try:
            await self._house.keep.drop(key_of(self.guild))
        except SaysoError as error:
            log.warning("voice_place_not_dropped", guild=self.guild, error=type(error).__name__)

    async def _leave_alone(self) -> None:
        """Leave after a while, unless somebody comes, it is to stay, or another plays over our connection."""
        gone = False
        while not gone:
            await asyncio.sleep(self._house.settings.leave_seconds)
            async with self._door:  # who calls it elsewhere in this moment finds it gone from here, or not alone
                channel = self.channel
                if channel is None or await self._heard(channel):
                    return
                if gone := not self._lends():
                    await self._go(channel)

    async def _go(self, channel: VoiceChannel) -> None:
        self._alone = None  # from here on nobody's coming, nor our own going, keeps us from it
        self._playlist.end(Outcome.LOST, Trouble.EMPTY, channel=channel.id)
        await self._seat.leave()
        await self._forget()

    async def _tempted(self, home: int) -> bool:
        """Try to come; False if there is no reason to any more."""
        channel = await self._find(home)
        if channel is Trouble.GONE or (not isinstance(channel, Trouble) and not await self._heard(channel)):
            return False
        await self._come(channel, move=False)
        return True

    async def _heard(self, channel: VoiceChannel) -> bool:
        """Whether there is a reason to be in the channel."""
        return has_listeners(channel) or await self._house.stay(self.guild)

    def _lends(self) -> bool:
        """Whether somebody else's sound comes over our connection."""
        line, act = self._seat.line, self._playlist.first
        return line is not None and line.ours and line.lent(act.source if act else None)

    def _stay(self) -> None:
        task, self._alone = self._alone, None
        if task is not None:
            task.cancel()

    async def _find(self, id: int) -> VoiceChannel | Trouble:
        return await find(self._house.client, self.guild, id, self._house.settings.connect_seconds)
