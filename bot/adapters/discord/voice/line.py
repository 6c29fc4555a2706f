"""A voice connection as a speech is played over it: Sayso's own, or one that somebody else opened and lends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import discord

from bot.adapters.discord import seams
from bot.adapters.discord.voice.link import Link
from bot.adapters.discord.voice.source import Source
from bot.adapters.discord.voice.trouble import Trouble


class Playback:
    """One run of discord.py's player; ``over`` when its thread has sent its last."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.error: Exception | None = None


class Line:
    """``alive`` and ``audible`` may be asked from any thread.

    ``trouble`` is what keeps the people in the channel from hearing it just now, and is to be kept up to date.
    """

    def __init__(self, client: discord.VoiceClient, trouble: Trouble | None) -> None:
        self.client = client
        self.trouble = trouble

    @property
    def ours(self) -> bool:
        """Whether Sayso opened it, and so may close it."""
        return isinstance(self.client, Link)

    @property
    def busy(self) -> bool:
        """Whether something is played over it."""
        return self.client.is_playing() or self.client.is_paused()

    def lent(self, source: Source | None) -> bool:
        """Whether another sound than this one comes over it."""
        return self.busy and self.client.source is not source

    def alive(self) -> bool:
        """Whether what is sent now has a chance to arrive; the library's word for that comes up to 30 s late."""
        if isinstance(self.client, Link) and self.client.lost:
            return False
        websocket = self.client.ws
        # Not `closed`: the library leaves it to itself to close its side, and does so late.
        return self.client.is_connected() and bool(websocket) and websocket.ws.close_code is None

    def audible(self) -> bool:
        """Whether people would hear it: they do not what should be end-to-end encrypted and is not (yet)."""
        return self.trouble is None and not seams.speaks_in_clear(self.client)

    def play(self, source: Source, ended: Callable[[], None]) -> Playback:
        """Begin; ``ended`` is called on the loop. Raises discord.ClientException if it is busy or gone."""
        playback, loop = Playback(), asyncio.get_running_loop()

        def end(error: Exception | None) -> None:
            playback.error = error
            playback.over.set()
            ended()

        def after(error: Exception | None) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(end, error)

        self.client.play(source, after=after)
        return playback

    def stop(self, source: Source) -> None:
        """End what plays from this source, and nothing else."""
        source.close()
        # A player that does not read now would never see that; one that does ends by itself, with no race for the next.
        if self.client.source is source and (self.client.is_paused() or not self.client.is_connected()):
            self.client.stop()

    def wake(self, source: Source) -> None:
        """Go on if somebody paused our sound."""
        if self.client.source is source and self.client.is_paused():
            self.client.resume()
