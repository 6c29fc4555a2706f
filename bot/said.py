"""A speech in the making, and what an asker holds of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.queue import Journal, Position, State, Ticket
from bot.script import Script
from bot.speech import Request, Speech


@dataclass(slots=True)
class Figures:
    """What a speech cost: seconds from being accepted to the first packet, and seconds of an engine's time."""

    accepted: float
    first_audio: float | None = None
    engine_seconds: float = 0.0


@dataclass(slots=True)
class Production:
    """A speech in the making and who still wants it; ``key`` is that of the cache, once the speech is whole."""

    request: Request
    script: Script
    ticket: Ticket
    figures: Figures
    speech: Speech = field(default_factory=Speech)
    askers: int = 1
    truncated: bool = False
    key: str | None = None

    def outlives(self, request: Request) -> bool:
        """Whether ``request`` can rely on it: it is whole, or at least will not be given up for being late first."""
        if self.speech.done:
            return not self.speech.failed and not any(s.utterance.instead_of for s in self.speech.spoken)
        mine, theirs = self.request.deadline, request.deadline
        return mine is None or (theirs is not None and theirs <= mine)


@dataclass(slots=True)
class Said:
    """The answer to a request: its speech, where it stands, and the way to say what became of it."""

    request: Request
    speech: Speech
    figures: Figures
    cached: bool = False
    shared: bool = False
    _journal: Journal | None = None
    _production: Production | None = None
    _leave: Callable[[Production], None] | None = None
    _key: str | None = None

    @property
    def key(self) -> str | None:
        """The cache key to replay it by, once the speech is whole; None before, and if it failed."""
        return self._key if self._production is None else self._production.key

    @property
    def position(self) -> Position | None:
        """The place in the queue, or None when nothing has to be waited for."""
        if self._production is None or self.speech.done:
            return None
        return self._production.ticket.position

    @property
    def truncated(self) -> bool:
        """Whether a streamed text grew longer than allowed and was spoken only so far."""
        return self._production is not None and self._production.truncated

    @property
    def caption(self) -> str:
        """One line on who spoke if it was not who should have, else empty."""
        spoken = (s.utterance for s in self.speech.spoken if s.utterance.instead_of)
        stood_in = {(u.instead_of, u.engine, self._spoken_by(u.instead_of, u.language)) for u in spoken}
        return "; ".join(
            f"{wanted} {'could not be reached' if able else 'does not speak this language'}, {spoke} spoke instead"
            for wanted, spoke, able in sorted(stood_in)
        )

    def _spoken_by(self, engine: str, language: str) -> bool:
        return self._production is None or self._production.script.speaks(engine, language)

    def cancel(self) -> None:
        """This asker no longer wants it; it is still made if somebody else does."""
        leave, self._leave = self._leave, None
        if leave is not None and self._production is not None:
            leave(self._production)

    async def mark(self, state: State, *, mark: str | None = None) -> None:
        """Tell the journal how far the delivery has come (SENDING before it leaves, then DONE, FAILED, CANCELLED)."""
        if self._journal is not None and self.request.target:
            await self._journal.mark(self.request.id, state, mark=mark)
