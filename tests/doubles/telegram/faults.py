"""What goes wrong with the next calls: refusals, lost answers, cut connections, long waits, pages instead of JSON."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.refusal import Refusal

Gate = asyncio.Event | float


@dataclass(slots=True, eq=False)
class Fault:
    """Strikes the next ``times`` calls of a method ("" is any but getUpdates); with ``chat``, of that one only."""

    method: str
    times: int | None = 1
    """None is always."""
    chat: int | None = None
    refusal: Refusal | None = None
    status: int = 0
    """The HTTP status of a page that is no JSON."""
    cut: bool = False
    """The connection ends before anything is done."""
    lost: bool = False
    """It is done, and then the connection ends before the answer."""
    gate: Gate | None = None
    """It is done when this opens, or after so many seconds."""
    hits: int = 0
    """How often it struck."""
    met: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has struck."""

    def strikes(self, method: str, chat: Any) -> bool:
        """Whether this call is hit; counts it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method.lower() != method.lower() and (self.method or method.lower() == "getupdates"):
            return False
        if self.chat is not None and chat != self.chat:
            return False
        self.hits += 1
        self.met.set()
        return True

    async def wait(self) -> None:
        """Until its gate opens, if it has one."""
        if isinstance(self.gate, asyncio.Event):
            await self.gate.wait()
        elif self.gate is not None:
            await asyncio.sleep(self.gate)

    def release(self) -> None:
        """Lets go what it holds."""
        if isinstance(self.gate, asyncio.Event):
            self.gate.set()


@dataclass(slots=True, eq=False)
class Faults:
    """What is to go wrong, in the order in which it was said; a call is struck once."""

    planned: list[Fault] = field(default_factory=list)

    def blind(self, method: str) -> Fault | None:
        """The fault that hits a call before a byte of it is read: a cut that asks for no chat."""
        cuts = (fault for fault in self.planned if fault.cut and fault.chat is None)
        return next((fault for fault in cuts if fault.strikes(method, None)), None)

    def strike(self, method: str, chat: Any) -> Fault | None:
        """The fault that hits this call."""
        return next((fault for fault in self.planned if fault.strikes(method, chat)), None)

    def refuse(
        self,
        method: str,
        code: int,
        description: str,
        *,
        times: int | None = 1,
        chat: Any = None,
        **parameters: Any,
    ) -> Fault:
        """Answered with this code and description, and parameters like ``retry_after``; nothing is done."""
        return self._plan(method, times, chat, refusal=Refusal(code, description, **parameters))

    def lose(self, method: str, *, times: int | None = 1, chat: Any = None) -> Fault:
        """Done, but the answer never comes: the connection is cut."""
        return self._plan(method, times, chat, lost=True)

    def cut(self, method: str, *, times: int | None = 1, chat: Any = None) -> Fault:
        """The connection is cut; nothing is done."""
        return self._plan(method, times, chat, cut=True)

    def delay(self, method: str, gate: Gate, *, times: int | None = 1, chat: Any = None) -> Fault:
        """Done only after so many seconds, or when the event is set."""
        return self._plan(method, times, chat, gate=gate)

    def hang(self, method: str, *, times: int | None = 1, chat: Any = None) -> Fault:
        """Nothing is done until ``release()``."""
        return self.delay(method, asyncio.Event(), times=times, chat=chat)

    def html(self, method: str, status: int = 502, *, times: int | None = 1, chat: Any = None) -> Fault:
        """A page instead of JSON, as a proxy answers."""
        return self._plan(method, times, chat, status=status)

    def clear(self) -> None:
        """Nothing goes wrong any more, and what hangs goes on."""
        for fault in self.planned:
            fault.release()
        self.planned.clear()

    def _plan(self, method: str, times: int | None, chat: Any, **what: Any) -> Fault:
        fault = Fault(method, times, getattr(chat, "id", chat), **what)
        self.planned.append(fault)
        return fault
