"""An item on the playlist, and how far it has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.adapters.discord.voice.feed import Feed
from bot.adapters.discord.voice.line import Line, Playback
from bot.adapters.discord.voice.news import News
from bot.adapters.discord.voice.playing import Item, Outcome
from bot.adapters.discord.voice.source import REWIND, Source, seconds
from bot.adapters.discord.voice.trouble import Trouble
from bot.errors import Abandoned, Cancelled, Expired
from bot.speech import PACKET_SECONDS
from bot.tts.text import estimate_seconds

_UNKNOWN = 5.0
"""Seconds that a text which is still being written is thought to last yet."""

_PAUSE = 1.0
"""Seconds without anything to play after which people are told how long that may last."""


class Act:
    """Plays an item, perhaps in several runs over several lines.

    ``changed`` is called when there is news of its speech, ``ended`` once, when its outcome is known. ``rest`` is how
    many seconds its rest may keep people waiting.
    """

    def __init__(self, item: Item, changed: Callable[[Act], None], ended: Callable[[Act], None], rest: float) -> None:
        self.item = item
        self.feed = Feed(item.said.speech, lambda: changed(self))
        self.source: Source | None = None
        self._ended = ended
        self._rest = rest
        self._line: Line | None = None
        self._start = round(item.start / PACKET_SECONDS)
        self._told = 0
        self._timer: asyncio.TimerHandle | None = None
        self._length = _expected(item)
        self._more = 0.0 if self._length else _UNKNOWN
        self._closed = False
        # Whoever gives up waiting for it by cancelling the future does not want it either.
        item.ended.add_done_callback(lambda _: self._close())

    @property
    def over(self) -> bool:
        """Whether its outcome is known."""
        return self.item.ended.done()

    @property
    def at(self) -> int:
        """The packet that it has come to."""
        return self.source.at if self.source is not None else self._start

    @property
    def finished(self) -> bool:
        """Whether its last run came to the end."""
        return self.source is not None and self.source.finished

    @property
    def left(self) -> float:
        """About how many seconds of it are still to be heard."""
        made = seconds(len(self.feed.packets))
        whole = made if self.feed.whole else max(made + self._more, self._length)
        return max(0.0, whole - seconds(self.at), self._rest - self._dry if self._dry > _PAUSE else 0.0)

    @property
    def stalled(self) -> bool:
        """Whether its rest does not come."""
        return self._dry > self._rest

    @property
    def _dry(self) -> float:
        return seconds(self.source.dry) if self.source is not None else 0.0

    @property
    def verdict(self) -> Outcome:
        """The outcome if all that there is of its speech was heard."""
        match self.feed.error:
            case None:
                return Outcome.HEARD
            case Cancelled():
                return Outcome.CANCELLED
            case Expired():
                return Outcome.EXPIRED
            case _:
                return Outcome.FAILED

    def end(self, outcome: Outcome, trouble: Trouble | None = None) -> None:
        """Stop playing and tell the outcome; the first one counts."""
        if not self.over:
            self.item.trouble = trouble
            self.item.ended.set_result(outcome)
        self._close()

    def give_up(self) -> None:
        """Nothing more is hoped for: whoever waits for the rest is told, and what there is of it is the whole."""
        said = self.item.said
        if not said.speech.done:
            said.speech.fail(Abandoned("It was given up before it was whole."))
        said.cancel()

    def withdraw(self) -> None:
        """Stop playing without an outcome: it may be wanted again after the next start."""
        self.item.ended.cancel()
        self._close()

    def expire(self, after: float) -> None:
        """End it if it has not begun after so many seconds."""
        if after <= 0:
            self.end(Outcome.EXPIRED)
        else:
            self._timer = asyncio.get_running_loop().call_later(after, self._late)

    def begin(self, line: Line, news: News, patience: int) -> Playback:
        """The next run, over this line. Raises discord.ClientException if it is busy or gone."""
        at = self.at if self.source is None else max(self._start, self.at - REWIND)
        source = Source(self.feed, line, at, news.call, patience=patience)
        playback = line.play(source, news.tell)
        self.source, self._line = source, line
        return playback

    def halt(self) -> None:
        """End the run."""
        if self.source is not None and self._line is not None:
            self._line.stop(self.source)

    async def report(self) -> None:
        """Tell who asked that it has begun, and which sentence."""
        if self.source is None or not self.source.begun:
            return
        self.item.begun.set()
        self._cancel_timer()
        if (passed := self.source.passed) > self._told:
            self._told = passed
            if self.item.progress is not None:
                await self.item.progress(seconds(self.feed.marks[passed - 1]))

    def _late(self) -> None:
        if not self.item.begun.is_set():
            self.end(Outcome.EXPIRED)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._cancel_timer()
        self.feed.close()
        self.halt()
        self._ended(self)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _expected(item: Item) -> float:
    request = item.said.request
    if not isinstance(request.text, str):
        return 0.0
    return estimate_seconds(request.text) / (request.rate or 1.0)
