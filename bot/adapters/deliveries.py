"""What is on its way of one bot: accepted within its bounds, delivered each in its own task, and put down in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Generic, Protocol, TypeVar

from bot.adapters.boundary import Errands
from bot.adapters.crowd import Crowd
from bot.errors import StoreError
from bot.queue import Limits
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request
from bot.wishes import EVERY_GUILD, Rules

GRACE = 5.0
"""Seconds that notes which are leaving have to arrive at the end."""

R = TypeVar("R")
R_in = TypeVar("R_in", contravariant=True)


class Parcel(Protocol[R_in]):
    """A request on its way to where it is to be heard, as each chat adapter has its own."""

    leaving: bool

    @property
    def request(self) -> Request: ...
    @property
    def said(self) -> Said: ...
    @property
    def remaining(self) -> float: ...
    def cancel(self) -> None: ...
    def settle(self, receipt: R_in) -> None: ...


P = TypeVar("P", bound=Parcel[Any])


class Deliveries(Generic[P, R]):
    """The parcels of one bot. ``later`` is the receipt of one that this process does not deliver.

    ``new`` are the ids of what was asked for since the start, until the journal was read for what is older.
    """

    def __init__(self, speaker: Speaker, later: Callable[[P], R]) -> None:
        self._speaker = speaker
        self._later = later
        self._crowd: Crowd[P] = Crowd(speaker.dispatcher.limits)
        self._errands = Errands()
        self._tasks: dict[asyncio.Task[R], P] = {}
        self._closed = False
        self.new: set[str] | None = set()

    def __iter__(self) -> Iterator[P]:
        return iter(self._crowd)

    def __len__(self) -> int:
        return len(self._tasks)

    def find(self, id: str) -> P | None:
        """The parcel of a request."""
        return self._crowd.get(id)

    @property
    def closing(self) -> bool:
        """Whether what is broken off now is not given up, but left to the next process."""
        return self._closed or self._speaker.dispatcher.closing

    async def admit(self, request: Request, accept: Callable[[], Awaitable[P | Refusal]]) -> P | Refusal:
        """Have it accepted, if there is room for it among the others of its person and its guild."""
        if self._closed:
            return Refusal(Reason.CLOSING, "I am just being restarted. Try again in a minute.")
        try:
            limits = await self._limits(request.guild)
            # Nothing is awaited from here until it has its place.
            return self._crowd.refusal(request, limits) or await accept()
        except StoreError:
            return Refusal(Reason.INVALID, "I cannot reach my notes just now. Try again in a minute.", _NO_STORE)

    async def accept(self, request: Request, begin: Callable[[Said], P]) -> P | Refusal:
        """Say it, whatever else is on its way, and begin with what comes of it."""
        self._crowd.enter(request)
        if self.new is not None:
            self.new.add(request.id)
        parcel = None
        try:
            said = await self._speaker.say(request)
            if isinstance(said, Refusal):
                return said
            parcel = begin(said)
            return parcel
        finally:
            if parcel is None:
                self._crowd.leave(request)

    def begin(self, parcel: P, deliver: Callable[[], Coroutine[object, object, R]]) -> P:
        """See it delivered: ``deliver`` is called at once, and what it returns is done in the background."""
        if self._closed:  # meanwhile; it is in the journal, and comes back
            self._crowd.leave(parcel.request)
            parcel.settle(self._later(parcel))
            return parcel
        self._crowd.take(parcel)
        task = asyncio.create_task(deliver(), name=f"delivery {parcel.request.id}")
        self._tasks[task] = parcel
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(self._over)
        return parcel

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever, and their words for others."""
        for parcel in self._crowd:
            if user in (parcel.request.user, parcel.request.author):
                parcel.cancel()

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Do it in the background, until the end."""
        self._errands.start(work, "courier_crashed")

    async def close(self) -> None:
        """Deliver nothing more; it stays in the journal. What is on the wire has a moment to arrive."""
        self._closed = True
        await self._errands.close()
        if leaving := [task for task, parcel in self._tasks.items() if parcel.leaving]:
            await asyncio.wait(leaving, timeout=GRACE)
        left = dict(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        for parcel in left.values():
            parcel.said.cancel()

    async def _limits(self, guild: str) -> Limits:
        usual, settings = self._speaker.dispatcher.limits, self._speaker.store.settings
        own = Rules.of(await settings.guild(guild), await settings.guild(EVERY_GUILD), ())
        return Limits(own.per_user or usual.per_user, own.per_guild or usual.per_guild, usual.total)

    def _over(self, task: asyncio.Task[R]) -> None:
        parcel = self._tasks.pop(task)
        self._crowd.leave(parcel.request)
        over = not task.cancelled() and task.exception() is None
        parcel.settle(task.result() if over else self._later(parcel))


_NO_STORE = {"cause": "store"}
