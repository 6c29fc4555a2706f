"""When a message may leave: Telegram's limits, kept for each chat and for all together, with nobody held up by another.

Telegram takes one message a second in a chat, 20 a minute in a group, 30 a second in all (Bots FAQ, "My bot is hitting
limits"). What waits for its turn waits here, where it has a place and can be taken back, and not in the library, which
halts everything for everybody when one chat was too fast.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import TypeVar

import structlog
from telegram.error import Forbidden, TelegramError

from bot.adapters.telegram.lane import ALL, Lane, Letter, Urgency, Window
from bot.adapters.telegram.trouble import Fate, Late, Lost, fate, patience
from bot.adapters.telegram.turns import Turns

__all__ = ["Post", "Superseded", "Urgency"]

log = structlog.get_logger()

T = TypeVar("T")

PAUSES = (1.0, 3.0, 10.0, 30.0)
"""Seconds before each repetition of what could not be sent; the last is that of all further ones."""

SLACK = 0.2
"""Seconds that are waited longer than Telegram asks for."""

TOGETHER = 3.0
"""Seconds within which two chats that were too fast mean that all together were."""

TICK = 0.001
"""Seconds that are waited at least, so that a clock's last digit does not keep us awake."""

ROOM = 15
"""How many of all calls are left to what somebody waits for; see :meth:`Post.crowded`."""

CROWD = 1_000
"""How many chats and deadlines are remembered before those that do not matter any more are looked for."""


class Superseded(Exception):
    """What waited to be sent is out of date: a newer call under the same key takes its place."""


class Post:
    """Lets calls of one chat go one after the other, in their order by urgency, as fast as Telegram allows.

    Of the chats whose turn it is, the one with the most urgent call has it; nobody starves (:class:`Turns`).
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._numbers = count()
        self._lanes: dict[int, Lane] = {}
        self._crowd = CROWD
        self._all = Window(*ALL)
        self._turns = Turns()
        self._cut_off: set[Lane] = set()
        self._busy: _Busy | None = None
        self._deadlines: list[tuple[float, int, Letter]] = []
        self._watched = CROWD
        self._alarm: tuple[float, asyncio.Task[None]] | None = None
        self._closed = False

    async def send(
        self,
        chat: int,
        call: Callable[[], Awaitable[T]],
        urgency: Urgency = Urgency.NOTE,
        *,
        within: float = 60.0,
        again: bool = False,
        key: Hashable = None,
        otherwise: Callable[[TelegramError], bool] = lambda error: False,
    ) -> T:
        """Make the call when it is its turn, and again while Telegram surely did not take it (429, no connection).

        ``within`` is how many seconds it may begin, or be repeated; after that the last error is raised (:class:`Late`,
        a TimedOut, if it never had its turn). Raises what the call raises; :class:`Lost` when nobody knows whether
        Telegram took it, unless it may be made ``again`` all the same (it changes what is there, and adds nothing).
        Where ``otherwise`` says of a refusal that the call will now go about it in another way, it is made again, in
        the same place. A waiting call with the same ``key`` gives way to this one, and raises :class:`Superseded`.
        """
        lane, place = self._lane(chat), next(self._numbers)
        if key is not None:
            place = min([place, *self._supersede(lane, key)])
        letter = Letter(urgency, place, self._clock() + within, again, key)
        while True:
            await self._turn(lane, letter)
            try:
                result = await call()
            except TelegramError as error:
                if not self._repeats(lane, letter, error, otherwise):
                    raise _as_lost(error) from error.__cause__
            else:
                self._reached()
                return result
            finally:
                self._release(lane)
            letter = letter.anew()

    def ahead(self, chat: int, key: Hashable = None) -> int:
        """How many calls are before the note that waits under the key, or before one that is handed in now."""
        lane = self._lanes.get(chat)
        return 0 if lane is None else lane.ahead(Urgency.NOTE, key) + lane.has(Urgency.NOTE)

    def wait(self, chat: int, key: Hashable = None) -> float:
        """In about how many seconds a note could leave: the one that waits under the key, or one handed in now."""
        now, lane = self._clock(), self._lanes.get(chat)
        there = now if lane is None else lane.after(lane.ahead(Urgency.NOTE, key), now)
        most, seconds = ALL
        others = self._turns.ahead(Urgency.NOTE, now) * seconds / most
        return max(there, self._all.after(self._all.ends(now), now) + others) - now

    def crowded(self) -> bool:
        """Whether so much leaves or waits for its turn that what nobody needs had better not be handed in."""
        now = self._clock()
        return self._turns.next() <= now or self._all.free(ROOM) > now

    def drop(self, chat: int) -> None:
        """The chat is gone: what waits for its turn there is told so (``Forbidden``)."""
        for letter in self._lanes.get(chat, ()):
            letter.refuse(Forbidden("Forbidden: the bot may not write in this chat any more"))

    async def close(self) -> None:
        """Nothing leaves any more; what waits is told so (``asyncio.CancelledError``)."""
        self._closed = True
        for lane in self._lanes.values():
            for letter in lane:
                letter.turn.cancel()
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm[1].cancel()
            await asyncio.wait([alarm[1]])

    # -- turns

    def _lane(self, chat: int) -> Lane:
        """The lane of a chat; those of quiet ones are forgotten now and then."""
        if (lane := self._lanes.get(chat)) is None:
            lane = self._lanes[chat] = Lane(chat)
            if len(self._lanes) > self._crowd:
                now = self._clock()
                self._lanes = {chat: held for chat, held in self._lanes.items() if held is lane or not held.idle(now)}
                self._crowd = max(CROWD, 2 * len(self._lanes))
        return lane

    def _supersede(self, lane: Lane, key: Hashable) -> Iterator[int]:
        """Take out what waits under the key; where it stood."""
        for letter in lane:
            if letter.key == key:
                letter.refuse(Superseded())
                yield letter.number

    async def _turn(self, lane: Lane, letter: Letter) -> None:
        """Return when the call is to be made; the lane is then its until it is released."""
        if self._closed:
            raise asyncio.CancelledError
        if letter.deadline < (now := self._clock()):
            raise letter.error or Late()
        lane.enter(letter, now)
        self._turns.appoint(lane, now)
        self._dispatch()
        if letter.granted:
            return
        self._watch(letter)
        self._wake()
        try:
            await letter.turn
        except asyncio.CancelledError:
            if letter.granted:  # and the caller was cancelled before it knew
                self._release(lane, made=False)
            raise

    def _release(self, lane: Lane, *, made: bool = True) -> None:
        now = self._clock()
        lane.end(now, made=made)
        self._all.end(now, made=made)
        self._turns.appoint(lane, now)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give their turns to those that are due."""
        now = self._clock()
        while self._out_of_time() <= now:
            heappop(self._deadlines)[2].expire()
        while not self._closed and self._all.free() <= now and (lane := self._turns.take(now)) is not None:
            lane.begin()
            self._all.begin()
        self._wake()

    def _watch(self, letter: Letter) -> None:
        """Mind its deadline; those of letters that do not wait any more are forgotten now and then."""
        heappush(self._deadlines, (letter.deadline, letter.number, letter))
        if len(self._deadlines) > self._watched:
            self._deadlines = [each for each in self._deadlines if each[2].waits]
            heapify(self._deadlines)
            self._watched = max(CROWD, 2 * len(self._deadlines))

    def _next(self) -> float:
        """When the next turn may be given."""
        due = self._turns.next()
        return max(due, self._all.free()) if due < inf else inf

    def _out_of_time(self) -> float:
        """When the first of those that wait is."""
        while self._deadlines and not self._deadlines[0][2].waits:
            heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else inf

    def _wake(self) -> None:
        """Go on when the next turn may be given, or the first of those that wait is out of time."""
        at = min(self._next(), self._out_of_time())
        if self._closed or at == inf or (self._alarm is not None and self._alarm[0] <= at):
            return
        if self._alarm is not None:
            self._alarm[1].cancel()
        delay = max(TICK, at - self._clock())
        self._alarm = at, asyncio.create_task(self._ring(delay), name="telegram post")

    async def _ring(self, delay: float) -> None:
        await self._sleep(delay)
        self._alarm = None
        self._dispatch()

    # -- what goes wrong

    def _repeats(
        self, lane: Lane, letter: Letter, error: TelegramError, otherwise: Callable[[TelegramError], bool]
    ) -> bool:
        """Whether the call is to be made again; holds up whoever must wait until it may."""
        now, became = self._clock(), fate(error)
        if became is Fate.REFUSED:
            self._reached()
            return otherwise(error)
        if became is Fate.BUSY:
            until = now + patience(error) + SLACK
            self._too_fast(lane, now, until)
        elif became is Fate.UNKNOWN and not letter.again:
            return False
        else:
            until = now + PAUSES[min(letter.repeated, len(PAUSES) - 1)]
            letter.repeated += 1
            self._pause(lane, until)
        letter.error = error
        return until <= letter.deadline

    def _too_fast(self, lane: Lane, now: float, until: float) -> None:
        """Hold up the chat; and all, if another was too fast just now, for then all together were."""
        lane.hold(until)
        before, self._busy = self._busy, _Busy(lane.chat, now, until)
        together = before is not None and before.chat != lane.chat and now - before.at <= TOGETHER
        if before is not None and together:
            self._all.hold(min(until, before.until))
        log.warning("telegram_busy", chat=lane.chat, seconds=round(until - now, 1), all=together)

    def _pause(self, lane: Lane, until: float) -> None:
        """There is no connection, for this one at least."""
        if not self._cut_off:
            log.warning("telegram_unreached")
        lane.pause(until)
        self._cut_off.add(lane)

    def _reached(self) -> None:
        """Telegram answers: who waits for a connection need not any longer."""
        cut_off, self._cut_off = self._cut_off, set()
        for lane in cut_off:
            lane.pause(-inf)
            self._turns.appoint(lane, self._clock())


@dataclass(frozen=True, slots=True)
class _Busy:
    """A chat that was too fast."""

    chat: int
    at: float
    until: float


def _as_lost(error: TelegramError) -> TelegramError:
    """The error, as what it means if nobody knows what became of the call."""
    return error if fate(error) is not Fate.UNKNOWN or isinstance(error, Lost) else Lost(type(error).__name__)
