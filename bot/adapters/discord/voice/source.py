"""What discord.py's player reads: packets as they are, and silence where there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import discord

from bot.adapters.discord.voice.feed import Feed
from bot.speech import PACKET_SECONDS

SILENCE = b"\xf8\xff\xfe"
"""20 ms of nothing, in Opus. It is never end-to-end encrypted."""

LEAD = 10
"""Packets of silence before the first word: 200 ms, in which listeners' clients make ready to play."""

ENOUGH = 10
"""Packets that must lie ready to begin or to go on: 200 ms, so that slow synthesis does not stutter."""

REWIND = 15
"""Packets that are sent again over a new connection: 300 ms, for those that were on their way."""


class Wire(Protocol):
    """What a source must know of the connection. Asked from the player's thread."""

    def alive(self) -> bool: ...

    def audible(self) -> bool: ...


class Source(discord.AudioSource):
    """Plays a feed from packet ``at`` on, once, over one wire.

    ``read`` never blocks: what is late is silence. While nobody would hear it over the wire, or not only those who
    should, the position stays where it is. All attributes but ``closed`` are written by the player's thread alone;
    ``tell`` is called from there when one of them has changed so that somebody should look.
    """

    def __init__(self, feed: Feed, wire: Wire, at: int, tell: Callable[[], None], *, patience: int) -> None:
        self.at = at
        """The next packet."""
        self.reads = 0
        self.begun = False
        """Whether a word was sent."""
        self.finished = False
        """Whether it came to its end."""
        self.passed = 0
        """How many utterances it has begun."""
        self.held = 0
        """Packets in a row that the wire made it wait."""
        self.stalls = 0
        """How often synthesis fell behind."""
        self.late = 0
        """Packets of silence because of that."""
        self.dry = 0
        """Packets in a row that there was nothing to play."""
        self.closed = False
        self._feed = feed
        self._wire = wire
        self._tell = tell
        self._patience = patience
        self._floor = at
        self._lead = LEAD
        self._gather = True
        self._broken = False

    def is_opus(self) -> bool:
        return True

    def close(self) -> None:
        """End with the next packet."""
        self.closed = True

    def read(self) -> bytes:
        """The next 20 ms, nothing at the end."""
        self.reads += 1
        if self.closed:
            return b""
        if not self._wire.alive():
            self._broken = True
            return self._hold()
        if self._broken:
            self._go_back()
        if self._lead:
            self._lead -= 1
            return SILENCE
        return self._next() if self._wire.audible() else self._hold()

    def _hold(self) -> bytes:
        self.held += 1
        if self.held == self._patience:
            self._tell()
        return SILENCE

    def _go_back(self) -> None:
        self._broken = False
        self.at = max(self._floor, self.at - REWIND)
        self._lead = LEAD

    def _next(self) -> bytes:
        self.held = 0
        whole = self._feed.whole  # before the count: what comes in between is then only seen a packet later
        ready = len(self._feed.packets) - self.at
        if ready <= 0 and whole:
            self.finished = True
            return b""
        if ready < (ENOUGH if self._gather and not whole else 1):
            return self._wait()
        self._gather, self.dry = False, 0
        packet = self._feed.packets[self.at]
        self._reach(self.at)
        self.at += 1
        return packet

    def _wait(self) -> bytes:
        if self.begun:
            self.stalls += not self._gather
            self.late += 1
        self._gather = True
        self.dry += 1
        return SILENCE

    def _reach(self, at: int) -> None:
        marks = self._feed.marks
        passed = self.passed
        while passed < len(marks) and marks[passed] <= at:
            passed += 1
        if passed > self.passed or not self.begun:
            self.passed, self.begun = passed, True
            self._tell()


def seconds(packets: int) -> float:
    """How long so many packets last."""
    return packets * PACKET_SECONDS
