"""A request on its way to where it is to be heard, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.adapters.telegram.post import Post
from bot.adapters.telegram.target import Target
from bot.errors import Cancelled
from bot.said import Said
from bot.speech import Request


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel.

    ``delivered``: it can be heard, as the notes with the ids ``messages``. Otherwise ``why`` is the sentence for the
    asker, in their language, and ``messages`` are those of its notes that did arrive; ``note`` is what they should know
    although it was delivered. ``taken_back``: its asker did not want it any more. ``unsure``: nobody knows whether a
    note arrived, and the asker may have it sent again. ``later``: not by this process; the journal brings it back.
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
    it is taken back; what is ``leaving`` at that moment is on the wire, and taken away once it has arrived. ``barred``
    says that the bot may not write there any more. ``target`` changes when its group gets another id.
    """

    request: Request
    target: Target
    said: Said
    notes: list[int] = field(default_factory=list)
    seconds: float = 0.0
    receipt: Receipt | None = None
    withdrawn: bool = False
    barred: bool = False
    leaving: bool = False
    _post: Post | None = field(default=None, repr=False)
    _standing: asyncio.Timeout | None = field(default=None, repr=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def wait(self) -> Wait | None:
        """What stands before it; None when nothing has to be waited for.

        It is made while others are sent, and who is before it in the one line mostly is in the other as well: so the
        longer of the two counts, and not their sum.
        """
        if self.receipt is not None or self.leaving:
            return None
        position, posted = self.said.position, self._wait_in_the_post()
        ahead = max(position.ahead if position else 0, posted.ahead)
        seconds = max(position.eta if position else 0.0, posted.seconds)
        return Wait(ahead, seconds) if ahead or seconds else None

    @property
    def remaining(self) -> float:
        """In about how many seconds it is over, as far as that is known."""
        return self.wait.seconds if self.wait else 0.0

    def cancel(self) -> None:
        """Take it back: not made any further, no further note sent."""
        if self.receipt is None:
            self.withdrawn = True
            self._stop()

    def bar(self) -> None:
        """Nothing can be sent there any more; for the courier alone."""
        if self.receipt is None:
            self.barred = True
            self._stop()

    async def delivered(self) -> Receipt:
        """What became of it, once that is known. Never raises because of the parcel."""
        await self._settled.wait()
        assert self.receipt is not None
        return self.receipt

    def settle(self, receipt: Receipt) -> None:
        """Say what became of it; for the courier alone."""
        self.receipt = receipt
        self._settled.set()

    def check(self) -> None:
        """Raises Cancelled if nothing more of it is to be sent."""
        if self.withdrawn or self.barred:
            raise Cancelled("It was taken back.")

    @contextmanager
    def standing(self) -> Iterator[asyncio.Timeout]:
        """A timeout without an end, for a wait that is over when the parcel is taken back, unless it is leaving."""
        self.check()
        self._standing = asyncio.timeout(None)
        try:
            yield self._standing
        except TimeoutError:
            self.check()
            raise
        finally:
            self._standing = None

    def _stop(self) -> None:
        self.said.cancel()
        if self._standing is not None and not self.leaving:
            self._standing.reschedule(0.0)
            self._standing = None

    def _wait_in_the_post(self) -> Wait:
        if self._post is None:
            return Wait(0, 0.0)
        chat, key = self.target.chat, self.request.id
        return Wait(self._post.ahead(chat, key), self._post.wait(chat, key))
