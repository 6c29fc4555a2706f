"""The one voice connection of a guild: the bot's own, or one that is lent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import discord
import structlog

from bot.adapters.discord.places import VoiceChannel, has_listeners
from bot.adapters.discord.voice.access import barred, unheard
from bot.adapters.discord.voice.house import House
from bot.adapters.discord.voice.line import Line
from bot.adapters.discord.voice.link import REFUSED, Link
from bot.adapters.discord.voice.trouble import Trouble

log = structlog.get_logger()


class Seat:
    """Comes, goes over and leaves, to be asked for one thing at a time.

    ``changed`` is called when the own connection is lost.
    """

    def __init__(self, house: House, changed: Callable[[], None]) -> None:
        self.link: Link | None = None
        """The bot's own connection, lost or not."""
        self.line: Line | None = None
        """What was last given out to play over."""
        self._house = house
        self._changed = changed

    async def take(self, channel: VoiceChannel, *, move: bool) -> Line | Trouble:
        """A line to the channel; ``move`` even away from people who listen in another."""
        taken = await self._take(channel, move=move)
        if isinstance(taken, Line):
            self.line = taken
        return taken

    async def leave(self) -> None:
        """Give up the own connection."""
        link, self.link = self.link, None
        if link is not None:
            await link.hang_up()

    async def _take(self, channel: VoiceChannel, *, move: bool) -> Line | Trouble:
        if self.link is not None and self.link.lost:
            await self.leave()
        held = channel.guild.voice_client
        if held is not None and held is not self.link:
            return _lent(held, channel)
        if self.link is not None:
            if self.link.channel.id == channel.id:
                return self._same(self.link, channel)
            if not move and has_listeners(self.link.channel):
                return Trouble.ELSEWHERE
        if (trouble := barred(channel)) is not None:
            return trouble
        await self.leave()
        return await self._connect(channel)

    def _same(self, link: Link, channel: VoiceChannel) -> Line:
        line = self.line
        return line if line is not None and line.client is link else _line(link, channel)

    async def _connect(self, channel: VoiceChannel) -> Line | Trouble:
        """Try until ``connect_seconds`` are over; most refusals of a voice server are gone with a new session."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._house.settings.connect_seconds
        for pause in self._house.timing.pauses:
            await asyncio.sleep(pause)
            if loop.time() >= end:
                break
            if (made := await self._attempt(channel, end - loop.time())) is not None:
                return made
        return Trouble.NO_ANSWER

    async def _attempt(self, channel: VoiceChannel, seconds: float) -> Line | Trouble | None:
        """One connection in the making; None if the next may have more luck."""
        made: list[Link] = []

        def make(client: discord.Client, where: discord.abc.Connectable) -> Link:
            made.append(Link(client, where, self._changed, self._house.timing.hang_up))
            return made[0]

        try:
            link = await channel.connect(timeout=seconds, reconnect=False, cls=make, self_deaf=True)
        except BaseException as error:
            for link in made:
                await link.hang_up()
            if isinstance(error, asyncio.CancelledError) and not _cancelling():
                return None  # the library gives its own attempt up when the bot is moved in the middle of it
            if not isinstance(error, _EXPECTED):
                raise
            log.info("voice_not_connected", guild=channel.guild.id, error=type(error).__name__)
            return _trouble(error)
        self.link = link
        return _line(link, channel)


_EXPECTED = (TimeoutError, discord.ConnectionClosed, discord.ClientException, aiohttp.ClientError, OSError)


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _trouble(error: BaseException) -> Trouble | None:
    if isinstance(error, discord.ConnectionClosed):
        return Trouble.NO_ANSWER if error.code in REFUSED else None
    if isinstance(error, TimeoutError):
        return Trouble.NO_ANSWER
    # The library's word for it that somebody else has connected meanwhile.
    return Trouble.TAKEN if isinstance(error, discord.ClientException) else None


def _lent(held: discord.VoiceProtocol, channel: VoiceChannel) -> Line | Trouble:
    """Somebody else's connection, for one speech; only if it is in the channel, and one of the library's own kind."""
    if not isinstance(held, discord.VoiceClient) or held.channel.id != channel.id:
        return Trouble.TAKEN
    return _line(held, channel)


def _line(client: discord.VoiceClient, channel: VoiceChannel) -> Line:
    return Line(client, unheard(channel))
