"""A request on its way to where it is to be heard, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.adapters.telegram.target import Target
from bot.said import Said
from bot.speech import Request


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel.

    ``delivered``: it can be heard, as the notes with the ids ``messages``. Otherwise ``why`` is the sentence for the
    asker, in their language; ``note`` is what they should know although it was delivered. ``taken_back``: its asker did
    not want it any more. ``unsure``: nobody knows whether a note arrived, and the asker may have it sent again.
    ``later``: not by this process; the journal brings it back.
    """

    delivered: bool
    messages: tuple[int, ...] = ()
    why: str = ""
    note: str = ""
    taken_back: bool = False
    unsure: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """How many are before it, and about how many seconds until it begins to arrive."""

    ahead: int
    seconds: float


@dataclass(eq=False, slots=True)
class Parcel:
    """A request on its way: where it stands, and the way to take it back.

    ``notes`` are the messages that have arrived so far, ``seconds`` how much sound they hold. ``withdrawn`` is set when
    it is taken back; what is leaving at that moment still arrives.
    """

    request: Request
    target: Target
    said: Said
    notes: list[int] = field(default_factory=list)
    seconds: float = 0.0
    receipt: Receipt | None = None
    withdrawn: bool = False
    _settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def wait(self) -> Wait | None:
        """What stands before it; None when nothing has to be waited for."""
        raise NotImplementedError

    @property
    def remaining(self) -> float:
        """In about how many seconds it is over, as far as that is known."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Take it back: not made any further, no further note sent."""
        raise NotImplementedError

    async def delivered(self) -> Receipt:
        """What became of it, once that is known. Never raises because of the parcel."""
        await self._settled.wait()
        assert self.receipt is not None
        return self.receipt

    def settle(self, receipt: Receipt) -> None:
        """Say what became of it; for the courier alone."""
        self.receipt = receipt
        self._settled.set()
