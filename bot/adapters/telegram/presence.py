"""What people see while they wait: that a voice message is being recorded.

Telegram does not say how often it may be shown, but counts it; and each time costs us what a note would. So what comes
at once is not announced, and where many wait it is shown less often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import telegram
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.adapters.boundary import contained
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.trouble import Fate, fate, patience

FIRST = 0.15
"""Seconds of waiting before it is shown: what is in the cache is there sooner."""

EVERY = 4.0
"""Seconds after which it is shown again: Telegram shows it for five."""

EACH = 0.1
"""Seconds that each place adds to that where there are many."""

AT_ONCE = 8
"""In how many places it is being shown at a time; the others wait for that, who has waited for longest first."""


@dataclass(eq=False, slots=True)
class _Show:
    """What is shown in a place: for how many, by which task, and whether that is just being sent."""

    waiting: int = 0
    task: asyncio.Task[object] | None = None
    leaving: bool = False


class Presence:
    """Shows ``record_voice`` in a place while somebody waits there: one loop a place, however many wait."""

    def __init__(self, bot: telegram.Bot, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._bot, self._sleep = bot, sleep
        self._shows: dict[Place, _Show] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()
        self._closed = False

    @contextmanager
    def recording(self, place: Place) -> Iterator[None]:
        """Show it from here to the end of the block, if that is not over at once. Never raises, never waits."""
        show = self._shows.setdefault(place, _Show())
        show.waiting += 1
        if show.task is None and not self._closed:
            self._begin(place, show)
        try:
            yield
        finally:
            show.waiting -= 1
            if not show.waiting:
                self._end(place, show)

    async def close(self) -> None:
        """Show nothing any more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, place: Place, show: _Show) -> None:
        loop = self._loop(place, show)
        task = show.task = asyncio.create_task(contained(loop, "presence_crashed", chat=place.chat))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: loop.close())  # a task that is cancelled before its first step never had it

    def _end(self, place: Place, show: _Show) -> None:
        # What is on the wire is left alone: to break it off would cost a connection, which the note may need.
        if not show.leaving:
            self._forget(place, show)
            if show.task is not None:
                show.task.cancel()

    def _forget(self, place: Place, show: _Show) -> None:
        if self._shows.get(place) is show:
            del self._shows[place]

    async def _loop(self, place: Place, show: _Show) -> None:
        pause: float | None = FIRST
        try:
            while pause is not None and show.waiting:
                await self._sleep(pause)
                async with self._room:
                    pause = await self._sent(place, show)
        finally:
            if not show.waiting:  # who comes from now on begins anew
                self._forget(place, show)

    async def _sent(self, place: Place, show: _Show) -> float | None:
        show.leaving = True
        try:
            return await self._shown(place)
        finally:
            show.leaving = False

    async def _shown(self, place: Place) -> float | None:
        """Show it once; in how many seconds again, or None if never."""
        every = max(EVERY, EACH * len(self._shows))
        try:
            await self._bot.send_chat_action(action=ChatAction.RECORD_VOICE, **place.arguments())
        except TelegramError as error:
            became = fate(error)
            if became is Fate.REFUSED:
                return None
            return max(every, patience(error)) if became is Fate.BUSY else every
        return every
