"""Several engines that are alike, seen as one: the least busy speaks, and who fails is left out until well again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine, Voice


def always() -> bool:
    """Of a server elsewhere nobody knows better."""
    return True


@dataclass(frozen=True, slots=True)
class Member:
    """An engine of the pool. Twice the ``weight`` gets twice the utterances. One that is not ``awake`` is only asked
    when no other has a slot free, for it would have to be started first."""

    engine: Engine
    label: str
    weight: float = 1.0
    awake: Callable[[], bool] = always


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """How a member is doing: ``out`` is why it is left out, empty if it is not; ``outstanding`` are its calls now."""

    label: str
    out: str
    outstanding: int
    spoken: int
    failed: int


class Pool:
    """An engine over engines, entered by whoever made them; entering the pool begins to look after their health.

    * A call goes to the member with the fewest calls for its weight among those that are well, awake and have a slot
      free; then to one that sleeps; and if all are busy, to the least busy.
    * A member that fails before its first sound, other than because of the input, hands the call to the next, so that
      nothing is lost; each is asked once. After ``failures`` in a row, or at once if it says how long to stay away, it
      is left out.
    * Every ``check_seconds`` each member is asked (:meth:`Engine.check`); one that was left out and answers is back.
    * If nobody is well, all are asked nevertheless before a call is given up.
    """

    def __init__(
        self,
        name: str,
        members: Sequence[Member],
        *,
        failures: int = 2,
        check_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not members:
            raise ValueError("a pool needs at least one member")
        self._name = name
        self._members = tuple(members)

    @property
    def name(self) -> str:
        """The pool's name, which its members share."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What every member can do, with the slots of all together."""
        raise NotImplementedError

    @property
    def health(self) -> Sequence[MemberHealth]:
        """How each member is doing."""
        raise NotImplementedError

    async def voices(self) -> Sequence[Voice]:
        """The voices of all members."""
        raise NotImplementedError

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak by the least busy member that can; see the class. Raises the first error if none could."""
        raise NotImplementedError

    async def check(self) -> str:
        """How many of the members can speak (``"2 of 3"``); raises an EngineError if none can."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
