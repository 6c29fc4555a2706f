"""What the post keeps of one chat: who waits there, and when the next may go. Pure: knows no clock, sends nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from heapq import heappop, heappush
from math import inf

from telegram.error import TelegramError

from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.trouble import Late

MARGIN = 0.03
"""Seconds that are added to Telegram's windows: its clock is not ours."""

ALL = (30, 1.0)
EACH = (1, 1.0)
GROUP = (20, 60.0)
"""How many calls in how many seconds: of one bot, in one chat, in one group."""

SPARE = 5
"""How many of a group's calls are kept for what somebody waits for; how it goes is told with the rest."""

OVERTAKING = 25
"""How many answers in a row may go before a note in a chat; who presses buttons without end holds it up no longer."""


class Urgency(IntEnum):
    """What goes first."""

    ANSWER = 0
    """Somebody has just pressed or typed something."""
    NOTE = 1
    """What was asked for."""
    STATUS = 2
    """How it goes."""


class Window:
    """At most ``most`` calls in any ``seconds``, by the server's clock.

    The server counts a call at some moment between its beginning and its end, so it may be counted as late as that.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._length = most, seconds + MARGIN
        self._ends: deque[float] = deque(maxlen=most)
        self._running = 0
        self._held = -inf

    def begin(self) -> None:
        """A call has begun."""
        self._running += 1

    def end(self, now: float, *, made: bool) -> None:
        """It has ended; or was never ``made``."""
        self._running -= 1
        if made:
            self._ends.append(now)

    def hold(self, until: float) -> None:
        """Telegram wants none before."""
        self._held = max(self._held, until)

    def free(self, spare: int = 0) -> float:
        """From when on one more may begin and leave room for ``spare``; infinite if that hangs on what is running."""
        room = self._most - self._running - 1 - min(spare, self._most - 1)
        if room < 0:
            return inf
        return self._held if len(self._ends) <= room else max(self._held, self._ends[-room - 1] + self._length)

    def ends(self, now: float) -> list[float]:
        """When the last calls ended, those that are running taken as ending now."""
        return [*self._ends, *[now] * self._running]

    def after(self, ends: Sequence[float], now: float) -> float:
        """When one more may begin after calls that ended then."""
        full = ends[-self._most] + self._length if len(ends) >= self._most else now
        return max(now, self._held, full)

    def idle(self, now: float) -> bool:
        """Whether there is nothing to remember of it."""
        last = self._ends[-1] + self._length if self._ends else -inf
        return not self._running and max(last, self._held) <= now


@dataclass(eq=False, slots=True)
class Letter:
    """That a call waits for its turn until ``deadline``, or is having it; the rest as in :meth:`Post.send`.

    It knows nothing of the call itself, for it may be kept until its deadline.
    """

    urgency: Urgency
    number: int
    deadline: float
    again: bool = False
    key: Hashable = None
    repeated: int = 0
    error: TelegramError | None = None
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def __lt__(self, other: Letter) -> bool:
        return (self.urgency, self.number) < (other.urgency, other.number)

    @property
    def waits(self) -> bool:
        """Whether it still does."""
        return not self.turn.done()

    @property
    def granted(self) -> bool:
        """Whether it was given its turn."""
        return self.turn.done() and not self.turn.cancelled() and self.turn.exception() is None

    def anew(self) -> Letter:
        """The same, to wait for another turn."""
        error, self.error = self.error, None
        return replace(self, error=error, turn=asyncio.get_running_loop().create_future())

    def refuse(self, error: Exception) -> None:
        """It will not have its turn."""
        if self.waits:
            self.turn.set_exception(error)

    def expire(self) -> None:
        """Its time is over."""
        self.refuse(self.error or Late())


class Lane:
    """One chat's calls: one at a time, the most urgent first, within Telegram's limits."""

    def __init__(self, chat: int) -> None:
        self.chat = chat
        self.appointment: float | None = None
        self._windows = (Window(*EACH), Window(*GROUP)) if is_group(chat) else (Window(*EACH),)
        self._waiting: list[Letter] = []
        self._letter: Letter | None = None
        self._overtaken = 0
        self._paused = -inf
        self._since = -inf

    def __iter__(self) -> Iterator[Letter]:
        """Those that wait, in no order."""
        return (letter for letter in list(self._waiting) if letter.waits)

    def enter(self, letter: Letter, now: float) -> None:
        """Wait here."""
        if self._first() is None:
            self._since = now
        heappush(self._waiting, letter)

    @property
    def urgency(self) -> Urgency:
        """That of the first of those that wait; the least if nobody does."""
        first = self._first()
        return max(Urgency) if first is None else first.urgency

    def due(self) -> float | None:
        """From when on the first of those that wait may have its turn; None if nobody may, for now."""
        if (first := self._first()) is None:
            return None
        spare = SPARE if first.urgency is Urgency.STATUS else 0
        at = max(self._since, self._paused, *(window.free(spare) for window in self._windows))
        return None if at == inf else at

    def begin(self) -> None:
        """Give the first of those that wait its turn; there must be one."""
        self._letter = letter = self._first()
        assert letter is not None
        letter.turn.set_result(None)
        overtakes = letter.urgency is Urgency.ANSWER and self._note() is not None
        self._overtaken = self._overtaken + 1 if overtakes else 0
        for window in self._windows:
            window.begin()

    def end(self, now: float, *, made: bool) -> None:
        """The turn is over; the call was ``made`` or not."""
        self._letter = None
        for window in self._windows:
            window.end(now, made=made)

    def hold(self, until: float) -> None:
        """Telegram wants nothing of this chat before."""
        self._windows[0].hold(until)

    def pause(self, until: float) -> None:
        """There is no connection; it is tried again then."""
        self._paused = until

    def idle(self, now: float) -> bool:
        """Whether there is nothing to remember of it."""
        return self._first() is None and all(window.idle(now) for window in self._windows)

    def ahead(self, urgency: Urgency, key: Hashable = None) -> int:
        """How many go before the one that waits under the key, or before one more of this urgency."""
        here = next((letter for letter in self if key is not None and letter.key == key), None)
        return sum(letter.urgency <= urgency if here is None else letter < here for letter in self)

    def has(self, urgency: Urgency) -> bool:
        """Whether one that is as urgent has its turn."""
        return self._letter is not None and self._letter.urgency <= urgency

    def after(self, ahead: int, now: float) -> float:
        """When one could have its turn with so many ahead of it, if none took long."""
        ends = self._windows[-1].ends(now)  # of the longest
        for _ in range(ahead):
            ends.append(self._after(ends, now))
        return self._after(ends, now)

    def _after(self, ends: Sequence[float], now: float) -> float:
        return max(self._paused, *(window.after(ends, now) for window in self._windows))

    def _first(self) -> Letter | None:
        while self._waiting and not self._waiting[0].waits:
            heappop(self._waiting)
        note = self._note() if self._overtaken >= OVERTAKING else None
        return note or (self._waiting[0] if self._waiting else None)

    def _note(self) -> Letter | None:
        """The first note that waits."""
        return min((letter for letter in self if letter.urgency is Urgency.NOTE), default=None)
