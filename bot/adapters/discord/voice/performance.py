"""One act from its turn to its end: over one line after the other if need be."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum

import discord
import structlog

from bot.adapters.discord.voice.act import Act
from bot.adapters.discord.voice.house import Timing
from bot.adapters.discord.voice.line import Line, Playback
from bot.adapters.discord.voice.news import News
from bot.adapters.discord.voice.playing import Outcome
from bot.adapters.discord.voice.playlist import Playlist
from bot.adapters.discord.voice.presence import Presence
from bot.adapters.discord.voice.trouble import Trouble
from bot.errors import SaysoError
from bot.speech import PACKET_SECONDS

log = structlog.get_logger()

_LOOK = 1.0
"""Seconds between two looks at what nobody tells of."""

_TRIES = 3
"""How many runs in a row may come to nothing."""

_SOMETHING = 50
"""Packets that a run must send to have come to something."""


class Run(Enum):
    """How one run ended."""

    DONE = "done"
    STOPPED = "stopped"
    """By somebody else, in this process."""
    BROKEN = "broken"
    """The line is no good."""


class Performance:
    """Plays acts over what its presence reaches.

    The act is ended, but for a cancellation or an exception, or if it has nothing to play and lets another go first.
    """

    def __init__(self, presence: Presence, playlist: Playlist, timing: Timing, news: News) -> None:
        self._presence = presence
        self._playlist = playlist
        self._timing = timing
        self._news = news

    async def play(self, act: Act) -> None:
        """Play it to its end, as long as it is its turn."""
        tries = 0
        while self._its_turn(act):
            line = await self._presence.reach(act.item)
            if isinstance(line, Trouble):
                act.end(Outcome.LOST, line)
                return
            if not await self._ready(act, line):
                act.end(Outcome.LOST, Trouble.TAKEN)
                return
            if not self._its_turn(act):
                return
            if line.trouble is Trouble.EMPTY and not act.item.begun.is_set():
                act.end(Outcome.LOST, Trouble.EMPTY)  # they left while it was being made
                return
            before = act.at
            run = await self._run(act, line)
            tries = 1 if act.at - before >= _SOMETHING else tries + 1
            await self._after(act, line, run, tries)

    async def _after(self, act: Act, line: Line, run: Run, tries: int) -> None:
        if act.over or run is Run.DONE:
            act.end(act.verdict)
        elif run is Run.STOPPED:
            act.end(*((Outcome.LOST, Trouble.TAKEN) if line.busy else (Outcome.SKIPPED, None)))
        elif line.alive() and line.trouble is not None:
            act.end(Outcome.LOST, line.trouble)
        elif tries > _TRIES:
            act.end(Outcome.LOST, Trouble.NO_ANSWER)
        elif (trouble := await self._better(act, line, tries)) is not None:
            act.end(Outcome.LOST, trouble)

    async def _better(self, act: Act, line: Line, tries: int) -> Trouble | None:
        """A better line after a run that broke; what stands in its way."""
        await asyncio.sleep(self._timing.pauses[min(tries, len(self._timing.pauses)) - 1])
        if line.client is not self._presence.link:
            return None
        if not line.alive():
            return await self._presence.mend()
        if not line.lent(act.source):
            await self._presence.renew()
        return None

    async def _ready(self, act: Act, line: Line) -> bool:
        """Wait for the first packet, and for the line to be alive, if it is lent, and free. False if it is not free."""
        await self._news.until(lambda: not self._its_turn(act) or act.feed.ready or not line.alive(), _LOOK)
        dead = not line.ours and not line.alive()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.lent if dead else self._timing.quiet):
                await self._news.until(lambda: not self._its_turn(act) or _free(line), 0.05)
        return not self._its_turn(act) or not line.busy

    def _its_turn(self, act: Act) -> bool:
        return self._playlist.next is act

    async def _run(self, act: Act, line: Line) -> Run:
        """Until it ends, or the line is no good any more."""
        if act.over or not line.alive():
            return Run.BROKEN
        try:
            playback = act.begin(line, self._news, self._patience(line))
        except discord.ClientException:
            return Run.BROKEN  # lost, or taken by another, in this very moment
        try:
            run = await self._watch(act, line, playback)
        finally:
            act.halt()
        # Two threads must not send at once; one that hangs, hangs on a connection that is dead.
        with suppress(TimeoutError):
            await asyncio.wait_for(playback.over.wait(), _LOOK)
        _count(act)
        return run

    async def _watch(self, act: Act, line: Line, playback: Playback) -> Run:
        source, reads, since = act.source, 0, asyncio.get_running_loop().time()
        assert source is not None
        while not playback.over.is_set():
            await self._news.wait(_LOOK)
            await self._tell(act)
            now = asyncio.get_running_loop().time()
            reads, since = (source.reads, now) if source.reads != reads else (reads, since)
            if act.stalled:
                act.give_up()
            if now - since > self._timing.stuck or source.held >= self._patience(line):
                return Run.BROKEN
            if line.ours and not line.alive():
                return Run.BROKEN
            if not act.over:
                line.wake(source)
        if playback.error is not None or not line.alive():
            return Run.BROKEN
        return Run.DONE if source.finished else Run.STOPPED

    async def _tell(self, act: Act) -> None:
        try:
            await act.report()
        except SaysoError as error:
            log.warning("voice_progress_not_kept", error=type(error).__name__)

    def _patience(self, line: Line) -> int:
        """How many packets in a row a line may make it wait."""
        seconds = self._timing.audible if line.ours else self._timing.lent
        return round(seconds / PACKET_SECONDS)


def _free(line: Line) -> bool:
    return not line.busy and (line.ours or line.alive())


def _count(act: Act) -> None:
    """Note how often synthesis was too slow for the player."""
    if act.source is not None and act.source.stalls:
        log.info("voice_starved", times=act.source.stalls, seconds=round(act.source.late * PACKET_SECONDS, 2))
