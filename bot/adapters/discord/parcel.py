"""A request on its way to where it is to be heard, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.adapters.discord.target import Target
from bot.adapters.discord.voice import Item, Room, Rooms, Wait
from bot.said import Said
from bot.speech import Request


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel.

    ``delivered``: somebody could hear it, as a note (``message`` is its id) or in the channel. Otherwise ``why`` is the
    sentence for the asker, in their language; ``note`` is what they should know although it was delivered (another
    engine spoke, it came as a file because voice notes are forbidden here, it was cut). ``taken_back``: its asker did
    not want it any more.
    """

    delivered: bool
    message: int | None = None
    why: str = ""
    note: str = ""
    taken_back: bool = False


@dataclass(eq=False, slots=True)
class Parcel:
    """A request on its way: where it stands, and the way to take it back.

    ``item`` is its place in a room's playlist, None for a note. ``withdrawn`` is set when it is taken back, ``leaving``
    when it has gone so far that this is too late.
    """

    request: Request
    target: Target
    said: Said
    item: Item | None = None
    receipt: Receipt | None = None
    withdrawn: bool = False
    leaving: bool = False
    _rooms: Rooms | None = field(default=None, repr=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def wait(self) -> Wait | None:
        """What stands before it (synthesis and playlist together); None when nothing has to be waited for.

        It is made while others play, and who is before it in the one line mostly is in the other as well: so the
        longer of the two counts, and not their sum.
        """
        if self.receipt is not None:
            return None
        position, room = self.said.position, self._room_wait()
        ahead = max(position.ahead if position else 0, room.ahead)
        seconds = max(position.eta if position else 0.0, room.seconds)
        return Wait(ahead, seconds) if ahead or seconds else None

    @property
    def remaining(self) -> float:
        """In about how many seconds it is over, as far as that is known."""
        wait = self.wait.seconds if self.wait else 0.0
        return wait if self.item is None else wait + self.said.speech.seconds - self.item.start

    def cancel(self) -> None:
        """Take it back: not made any further, not played, not sent. Without effect once a note leaves the house."""
        if self.receipt is not None or self.leaving:
            return
        self.withdrawn = True
        if self.item is not None and (room := self._room()):
            room.cancel(self.item)
        self.said.cancel()

    async def delivered(self) -> Receipt:
        """What became of it, once that is known. Never raises because of the parcel."""
        await self._settled.wait()
        assert self.receipt is not None
        return self.receipt

    def settle(self, receipt: Receipt) -> None:
        """Say what became of it; for the courier alone."""
        self.receipt = receipt
        self._settled.set()

    def _room_wait(self) -> Wait:
        room, item = self._room(), self.item
        if room is None or item is None or item.begun.is_set() or item.ended.done():
            return Wait(0, 0.0)
        return room.wait(item)

    def _room(self) -> Room | None:
        if self._rooms is None or self.target.guild is None:
            return None
        return self._rooms.find(self.target.guild)
