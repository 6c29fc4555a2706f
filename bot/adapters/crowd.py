"""The parcels on their way, and how many of them a person and a guild may have.

Synthesis is a hundred times faster than playing, so the queue before the engines does not bound what waits to be heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from bot.queue import Bounds, Job, Limits, refusal
from bot.speech import Reason, Refusal, Request


class Parcel(Protocol):
    """A request on its way to where it is to be heard, as each chat adapter has its own."""

    @property
    def request(self) -> Request: ...

    @property
    def remaining(self) -> float:
        """In about how many seconds it is over."""


P = TypeVar("P", bound=Parcel)


class Crowd(Generic[P]):
    """Every request has a place from before it is accepted until it is delivered, and a parcel once it is accepted."""

    def __init__(self, limits: Limits) -> None:
        self._bounds = Bounds(limits)
        self._requests: dict[str, Request] = {}
        self._parcels: dict[str, P] = {}

    def __iter__(self) -> Iterator[P]:
        return iter(tuple(self._parcels.values()))

    def get(self, id: str) -> P | None:
        """The parcel of a request."""
        return self._parcels.get(id)

    def refusal(self, request: Request, limits: Limits) -> Refusal | None:
        """Why there is no place for it under these limits of its guild, or None."""
        if request.id in self._requests:
            return Refusal(Reason.INVALID, "This is being said already; wait for it.", {"cause": "repeated"})
        self._bounds.limits = limits
        reason = self._bounds.full(_job(request), limits)
        if reason is None:
            return None
        return refusal(reason, self._bounds.limit(reason, limits), self._wait(request, reason))

    def enter(self, request: Request) -> None:
        """Give it a place."""
        self._requests[request.id] = request
        self._bounds.add(_job(request))

    def take(self, parcel: P) -> None:
        """It was accepted, and this is its parcel."""
        self._parcels[parcel.request.id] = parcel

    def leave(self, request: Request) -> None:
        """Free its place."""
        del self._requests[request.id]
        self._parcels.pop(request.id, None)
        self._bounds.remove(_job(request))

    def _wait(self, request: Request, reason: Reason) -> float:
        """In how many seconds the first of those in the way is over."""
        others = (parcel for parcel in self if parcel.request.guild == request.guild)
        if reason is Reason.USER_QUEUE_FULL:
            others = (parcel for parcel in others if parcel.request.user == request.user)
        return min((parcel.remaining for parcel in others), default=0.0)


def _job(request: Request) -> Job:
    return Job(request.id, request.guild, request.user, request.priority, request.at)
