"""The engine over the members."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain
from statistics import median
from types import TracebackType
from typing import Self

import structlog

from bot.errors import EngineError, LanguageNotSpoken, UnknownVoice
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.pool.member import Member, MemberHealth
from bot.tts.pool.seat import Seat
from bot.tts.pool.watch import Rhythm, Watch

_log = structlog.get_logger()

_FIRST_PAUSE = 1.0


class Pool:
    """An engine over engines, entered by whoever made them; entering the pool begins to look after their health.

    * A call goes to the member with the fewest calls for its weight among those that are well, awake and have a slot
      free, in turn where that is the same; then to one that sleeps; and if all are busy, to the least busy. Members
      that are known to have the voice come before those known not to.
    * A member that fails before its first sound, other than because of the input, hands the call to the next, so that
      nothing is lost; each is asked once. After ``failures`` in a row, or at once if it says how long to stay away, it
      is left out. A voice or language that one does not have another may.
    * Every ``check_seconds`` each member is asked (:meth:`Engine.check`), and has ``check_timeout`` for its answer if
      it sets itself no limit; one that was left out is asked sooner at first, then up to ``longest`` seconds apart.
      When it answers it is back, with one call at a time until it has spoken.
    * If nobody is well, all are asked nevertheless before a call is given up, those last that want to be left alone.
    """

    def __init__(
        self,
        name: str,
        members: Sequence[Member],
        *,
        failures: int = 2,
        check_seconds: float = 10.0,
        check_timeout: float = 15.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        if not members:
            raise ValueError("a pool needs at least one member")
        if any(member.weight <= 0 for member in members):
            raise ValueError("a member's weight is more than nothing")
        self._name = name
        self._seats = tuple(Seat(name, member, failures, clock) for member in members)
        rhythm = Rhythm(check_seconds, min(_FIRST_PAUSE, check_seconds), longest, check_timeout, sleep, chance)
        self._watches = tuple(Watch(seat, rhythm) for seat in self._seats)
        self._turns = 0
        self._able: tuple[Capabilities, ...] = ()
        self._together: Capabilities | None = None
        self._shelves: tuple[Sequence[Voice], ...] = ()
        self._voices: tuple[Voice, ...] = ()

    @property
    def name(self) -> str:
        """The pool's name, which its members share."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What every member can do, with the slots and the languages of all together."""
        able = tuple(seat.engine.capabilities for seat in self._seats)
        if self._together is None or able != self._able:
            self._able, self._together = able, _together(able)
        return self._together

    @property
    def health(self) -> Sequence[MemberHealth]:
        """How each member is doing."""
        return tuple(seat.health for seat in self._seats)

    async def voices(self) -> Sequence[Voice]:
        """The voices of all members, each name once."""
        shelves = tuple([await seat.learn() for seat in self._seats])
        # Engines keep what they know and hand it out again: that it is the same is seen without looking into it.
        if list(map(id, shelves)) != list(map(id, self._shelves)):
            named: dict[str, Voice] = {}
            for voice in chain.from_iterable(shelves):
                named.setdefault(voice.name, voice)
            self._shelves, self._voices = shelves, tuple(named.values())
        return self._voices

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak by the least busy member that can; see the class.

        Raises the first error if none could, with a note for each other, and with the shortest ``retry_after`` if every
        member has one.
        """
        failures: list[tuple[Seat, EngineError]] = []
        left = list(self._seats)
        while left:
            seat = self._next(left, utterance)
            call = seat.take()
            begun = False
            try:
                async with aclosing(seat.engine.synthesize(utterance)) as sound:
                    async for pcm in sound:
                        begun = True
                        yield pcm
                call.whole()
                return
            except EngineError as error:
                call.failed(error)
                if begun or not _passes_on(error):
                    raise
                failures.append((seat, error))
                _log.info("member_handed_on", engine=self._name, member=seat.member.label, error=type(error).__name__)
            finally:
                call.over()
        raise _verdict(failures)

    async def check(self) -> str:
        """How many of the members can speak (``"2 of 3"``); raises an EngineError if none can."""
        answers = await asyncio.gather(*(watch.ask() for watch in self._watches))
        failures = [(seat, error) for seat, error in zip(self._seats, answers, strict=True) if error is not None]
        if len(failures) == len(self._seats):
            raise _verdict(failures)
        return f"{len(self._seats) - len(failures)} of {len(self._seats)}"

    async def __aenter__(self) -> Self:
        for watch in self._watches:
            watch.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for watch in self._watches:
            await watch.stop()

    def _next(self, left: list[Seat], utterance: Utterance) -> Seat:
        """Takes out of ``left`` who is to be asked. Nothing is awaited between this and :meth:`Seat.take`."""
        seat = min(left, key=lambda seat: seat.rank(utterance))
        left.remove(seat)
        self._turns += 1
        seat.turn = self._turns
        return seat


def _passes_on(error: EngineError) -> bool:
    """Whether another member may do better."""
    return error.trips or isinstance(error, UnknownVoice | LanguageNotSpoken)


def _verdict(failures: Sequence[tuple[Seat, EngineError]]) -> EngineError:
    """The first error of those that say most: that it may go well later, or else at least that somebody is not well."""
    first = min((error for _, error in failures), key=lambda error: (not error.retryable, not error.trips))
    ill = [error.retry_after for _, error in failures if error.trips]
    for seat, error in failures:
        if error is not first:
            first.add_note(f"{seat.member.label} did not speak either: {error}")
    first.retry_after = min((after for after in ill if after is not None), default=None) if all(ill) else None
    return first


def _together(able: Sequence[Capabilities]) -> Capabilities:
    languages = frozenset().union(*(one.languages for one in able))
    obtainable = {language: how for one in able for language, how in one.obtainable.items()}
    return replace(
        able[0],
        languages=languages,
        max_chars=min(one.max_chars for one in able),
        slots=sum(one.slots for one in able),
        streaming=all(one.streaming for one in able),
        cloning=all(one.cloning for one in able),
        local=all(one.local for one in able),
        rtf=median(one.rtf for one in able),
        obtainable={language: how for language, how in obtainable.items() if language not in languages},
        codec=able[0].codec if len({one.codec for one in able}) == 1 else None,
    )
