"""Time that passes only when nobody has anything else to do: an asyncio event loop on a virtual clock.

    def test_a_day_passes() -> None:
        async def day() -> float:
            await asyncio.sleep(86_400)
            return asyncio.get_running_loop().time()

        assert run(day()) == 86_400

Whenever nothing is ready to run, the clock jumps to the next timer, so that a simulated day takes milliseconds and
every run is the same. Hand ``asyncio.get_running_loop().time`` to whatever wants a clock. A program that waits for
something that no timer can bring raises :class:`Deadlock` in place of hanging. There are no sockets, subprocesses or
threads in virtual time: what waits for one of those looks like a deadlock.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(AssertionError):
    """Everybody waits, and no timer is set that would wake anybody."""


class _Selector(selectors.DefaultSelector):
    """Waits by moving the clock on. A wait without end is a deadlock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("everybody waits, and no timer is set")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time starts at ``start`` and moves only by jumps to the next timer."""

    def __init__(self, start: float = 0.0) -> None:
        self._virtual = _Selector()
        self._virtual.now = start
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run ``main`` to its end in virtual time, and whatever it left running to its cancellation; like asyncio.run."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start)) as runner:
        return runner.run(main)


def now() -> float:
    """What time it is in the running loop."""
    return asyncio.get_running_loop().time()
