"""What survives a crash: every request is written down before it is acknowledged, and struck off once it is delivered.

The life of an entry::

    ACCEPTED ──► SENDING ──► DONE | FAILED
        └───────────┴──────► CANCELLED | EXPIRED

An entry that a crash left ACCEPTED was not delivered: synthesise and send it. One left SENDING may have been: send it
again only under its ``mark`` where the platform refuses a second copy (Discord's nonce with ``enforce_nonce``), and
where it has none the adapter chose before it wrote SENDING. What a crash may lose is said at each method.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import NoneType
from typing import Any, Protocol, Self

from bot.speech import Codec, Priority, Request

ATTEMPTS = 5
"""In how many processes that took it up again a request may begin unfinished: it may itself be what ends them."""


class State(StrEnum):
    """How far a request has come."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def finished(self) -> bool:
        """Whether nothing follows; a finished entry never changes again, and holds no word of what was asked for."""
        return self not in (State.ACCEPTED, State.SENDING)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request as it is written down.

    ``request`` is :func:`to_json` of it, and empty once it is finished; ``at`` and ``expires`` are Unix time;
    ``attempts`` counts the processes that took it up again, began it, and were ended before it was finished (or are at
    it now); ``mark`` is the adapter's own idempotency mark (a Discord nonce).
    """

    id: str
    request: Mapping[str, object]
    state: State = State.ACCEPTED
    at: float = 0.0
    expires: float | None = None
    attempts: int = 0
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A request that was accepted and, as far as the journal knows, not delivered.

    ``state`` is ACCEPTED or SENDING, with the ``mark`` that its adapter gave it; people are only to be told of it if it
    is EXPIRED, too late by now, or FAILED, given up after so many ``attempts``.
    """

    request: Request
    state: State
    mark: str | None
    attempts: int

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """What an entry holds. Raises ValueError for one that another version wrote."""
        return cls(from_json(entry.request), entry.state, entry.mark, entry.attempts)


def everything(_: object) -> bool:
    """Whether it is wanted: yes."""
    return True


class Journal(Protocol):
    """Where entries are kept. Safe to call from many tasks of one event loop at once.

    Commits may be grouped: an implementation gathers what arrives while a commit is under way into the next one, so
    that a burst of a thousand requests costs a few commits.
    """

    async def accept(self, entry: Entry) -> None:
        """Write an entry down; it survives a crash of the process once this returns.

        Call it before the request is acknowledged: a crash before it returns loses only what nobody was promised. An
        id that is known already is left as it is, so that a platform's repeated event does no harm.
        """
        ...

    async def knows(self, id: str) -> bool:
        """Whether an entry of that id was accepted, finished or not, and is not forgotten yet.

        A platform that repeats an event after a crash names it alike: an id that is made of the event's tells whether
        it was acted upon. One whose :meth:`accept` has not returned may not be known yet.
        """
        ...

    async def mark(self, id: str, state: State, *, mark: str | None = None) -> None:
        """Say how far an entry has come; ``mark`` is kept when None.

        Unknown ids and finished entries are left as they are (a cancel that comes after DONE is too late). What is
        finished keeps its mark, and nothing of the request: neither what was said nor a token to answer by. SENDING is
        durable when this returns, for it must stand before anything leaves the house. A finished state may be lost by
        a crash soon after: the entry is then pending once more, and its ``mark`` is what prevents a second delivery.
        """
        ...

    async def pending(self, now: float, wanted: Callable[[Entry], bool] = everything) -> Sequence[Entry]:
        """The unfinished entries, oldest ``at`` first.

        Those with ``expires <= now`` are set EXPIRED, and those that were begun in :data:`ATTEMPTS` processes FAILED;
        as that they are handed out this once, for people to be told. Entries that are not ``wanted`` are left as they
        are: they are another adapter's, or another process's that shares the journal. ``wanted`` must be pure and must
        not raise. Called once after a start, before anything new of the kind that is wanted is accepted.
        """
        ...

    async def count(self, ids: Collection[str], by: int) -> None:
        """Add to the attempts of unfinished entries; durable when this returns."""
        ...

    async def forget(self, *, before: float) -> int:
        """Drop the finished entries with ``at < before`` and what nobody took up with ``expires < before``.

        Returns how many. Unfinished ones that are to be delivered whenever it may be stay, however old.
        """
        ...


def handed_out(entry: Entry, now: float) -> Entry:
    """An entry as :meth:`Journal.pending` hands it out: as it is, EXPIRED, or given up."""
    if entry.expires is not None and entry.expires <= now:
        return replace(entry, state=State.EXPIRED)
    return replace(entry, state=State.FAILED) if entry.attempts >= ATTEMPTS else entry


@dataclass(slots=True)
class MemoryJournal:
    """A journal for one run of ``sayso say`` and for tests: a crash loses all of it."""

    entries: dict[str, Entry] = field(default_factory=dict)

    async def accept(self, entry: Entry) -> None:
        self.entries.setdefault(entry.id, entry)

    async def knows(self, id: str) -> bool:
        return id in self.entries

    async def mark(self, id: str, state: State, *, mark: str | None = None) -> None:
        entry = self.entries.get(id)
        if entry is not None and not entry.state.finished:
            held = {} if state.finished else entry.request
            self.entries[id] = replace(entry, request=held, state=state, mark=entry.mark if mark is None else mark)

    async def pending(self, now: float, wanted: Callable[[Entry], bool] = everything) -> Sequence[Entry]:
        pending = []
        for entry in sorted(self.entries.values(), key=lambda entry: entry.at):
            if entry.state.finished or not wanted(entry):
                continue
            pending.append(out := handed_out(entry, now))
            self.entries[entry.id] = replace(out, request={}) if out.state.finished else out
        return pending

    async def count(self, ids: Collection[str], by: int) -> None:
        for entry in [self.entries[id] for id in ids if id in self.entries]:
            if not entry.state.finished:
                self.entries[entry.id] = replace(entry, attempts=entry.attempts + by)

    async def forget(self, *, before: float) -> int:
        old = [entry.id for entry in self.entries.values() if _is_over(entry, before)]
        for id in old:
            del self.entries[id]
        return len(old)


def _is_over(entry: Entry, before: float) -> bool:
    last = entry.at if entry.state.finished else entry.expires
    return last is not None and last < before


def to_json(request: Request) -> dict[str, object] | None:
    """A request as plain JSON; None for a streamed text, which cannot be said again after a crash."""
    if not isinstance(request.text, str):
        return None
    # What is not said is left out, so that a version which does not know of it yet can read the rest.
    every = ((item, getattr(request, item.name)) for item in fields(request))
    data: dict[str, object] = {item.name: value for item, value in every if value != item.default}
    return data | {
        "priority": request.priority.name.lower(),
        **({"codec": request.codec.value} if request.codec is not Codec.OPUS else {}),
        "names": dict(request.names),
        "target": dict(request.target),
    }


_NUMBER = (int, float)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "guild": (str,),
    "user": (str,),
    "text": (str,),
    "voice": (str, NoneType),
    "engine": (str, NoneType),
    "rate": (*_NUMBER, NoneType),
    "language": (str, NoneType),
    "channel": (str, NoneType),
    "priority": (str,),
    "deadline": (*_NUMBER, NoneType),
    "names": (dict,),
    "target": (dict,),
    "id": (str,),
    "at": _NUMBER,
    "replay": (str, NoneType),
    "lenient": (bool,),
    "author": (str, NoneType),
    "codec": (str,),
}
_NEEDED = ("guild", "user", "text", "id", "at")


def from_json(data: Mapping[str, object]) -> Request:
    """The request that :func:`to_json` made ``data`` of; what may be None or empty may also be missing.

    Raises ValueError on anything else, naming the key but never showing its content.
    """
    for name in _NEEDED:
        if name not in data:
            raise ValueError(f"a journalled request needs {name!r}")
    values: dict[str, Any] = {name: _checked(name, value) for name, value in data.items()}
    return Request(**values)


def _checked(name: str, value: object) -> object:
    kinds = _KINDS.get(name)
    if kinds is None:
        raise ValueError(f"a journalled request has no {name!r}")
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ValueError(f"a journalled request's {name!r} cannot be of type {type(value).__name__}")
    if name == "priority":
        return _priority(str(value))
    if name == "codec":
        return _codec(str(value))
    if name == "names" and isinstance(value, dict) and not all(isinstance(x, str) for y in value.items() for x in y):
        raise ValueError("a journalled request's 'names' must map texts to texts")
    return value


def _codec(name: str) -> Codec:
    try:
        return Codec(name)
    except ValueError:
        raise ValueError("a journalled request's 'codec' must be opus or mp3") from None


def _priority(name: str) -> Priority:
    try:
        return Priority[name.upper()]
    except KeyError:
        raise ValueError("a journalled request's 'priority' must be high, normal or low") from None
