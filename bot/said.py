"""A speech in the making, who wants it, and what an asker holds of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot import tally
from bot.errors import Cancelled, Expired, SaysoError
from bot.queue import LATE, Attempts, Position, State, Ticket
from bot.script import Script
from bot.speech import Request, Speech, Utterance


@dataclass(slots=True)
class Figures:
    """What a speech cost: seconds from being accepted to the first packet, and seconds of an engine's time."""

    accepted: float
    first_audio: float | None = None
    engine_seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Asker:
    """One who wants a production, since ``at``: they hear a share of its sound, which may end for them alone.

    ``first``: it was begun for them, and the others joined.
    """

    request: Request
    speech: Speech
    at: float
    first: bool = True
    timer: asyncio.TimerHandle | None = None

    @property
    def result(self) -> str:
        """How they come to it, as it is counted."""
        return tally.MISS if self.first else tally.SHARED

    def end(self, error: SaysoError) -> None:
        """They hear no more of it than there is, and then why; nothing if it is whole."""
        self.stop()
        if not self.speech.done:
            tally.failed(self.request, error)
            self.speech.fail(error)

    def stop(self) -> None:
        """Watch their deadline no longer."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass(slots=True, eq=False)
class Production:
    """A speech in the making and who still wants it.

    ``utterances`` are None while its text is still being written, and so is ``planned``, the key of what is meant to be
    spoken; ``begun`` says that the first of them had its turn; ``key`` is that of the cache, once the speech is whole.
    """

    request: Request
    script: Script
    ticket: Ticket
    figures: Figures
    utterances: Sequence[Utterance] | None
    planned: str | None = None
    speech: Speech = field(default_factory=Speech)
    askers: list[Asker] = field(default_factory=list)
    begun: bool = False
    truncated: bool = False
    key: str | None = None

    @property
    def owner(self) -> str | None:
        """Whose words they are; None when nobody is left who asked for them and not for a repetition."""
        own = (asker.request for asker in self.askers if asker.request.replay is None)
        return next((request.author or request.user for request in own), None)

    @property
    def wanted_by(self) -> tuple[str, ...]:
        """The ids of the requests that it is made for."""
        return tuple(asker.request.id for asker in self.askers)

    def serves(self, request: Request, at: float, deadline: float | None) -> bool:
        """Whether who asks since ``at`` can rely on it; their urgency and deadline (by the same clock) then count too.

        It is whole and spoken by who should speak, or on its way.
        """
        if self.speech.done:
            return not self.speech.failed and not any(s.utterance.instead_of for s in self.speech.spoken)
        return self.ticket.promote(at, request.priority, deadline)

    def enter(self, request: Request, at: float, remaining: float | None = None) -> Asker:
        """Make it for one asker more, until they leave, or ``remaining`` seconds are over and it has not begun."""
        asker = Asker(request, self.speech.share(), at, request is self.request)
        self.askers.append(asker)
        if remaining is not None and not self.speech.done:
            asker.timer = asyncio.get_running_loop().call_later(max(0.0, remaining), self._late, asker)
        return asker

    def leave(self, asker: Asker, error: SaysoError) -> None:
        """Make it for one asker less, who is told why; when nobody wants it any more it is given up. Idempotent."""
        asker.end(error)
        if asker not in self.askers:
            return
        self.askers.remove(asker)
        if not self.askers and not self.speech.done:
            self.speech.fail(Cancelled("Cancelled."))
            self.ticket.cancel()

    def fail(self, error: SaysoError, cause: BaseException | None = None) -> None:
        """It breaks off for all who want it, because of that; nothing if it is over."""
        if self.speech.done:
            return
        for asker in self.askers:
            tally.failed(asker.request, cause or error)
        self.speech.fail(error)

    def _late(self, asker: Asker) -> None:
        # What has begun is heard to its end: who has waited so long would not thank us for half of it.
        if not self.begun:
            self.leave(asker, Expired(LATE))


@dataclass(slots=True)
class Said:
    """The answer to a request: its speech, where it stands, and the way to say what became of it."""

    request: Request
    speech: Speech
    figures: Figures
    cached: bool = False
    shared: bool = False
    _attempts: Attempts | None = None
    _production: Production | None = None
    _leave: Callable[[], None] | None = None
    _key: str | None = None
    _skipped: Sequence[str] = ()

    @property
    def key(self) -> str | None:
        """The cache key to replay it by, once the speech is whole; None before, and if it failed."""
        if self.speech.failed:
            return None
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
    def skipped(self) -> tuple[str, ...]:
        """The languages of what a lenient request passed over because nobody here speaks them."""
        return tuple(dict.fromkeys(self._skipped))

    @property
    def caption(self) -> str:
        """One line on who spoke if it was not who should have, else empty."""
        spoken = (s.utterance for s in self.speech.spoken if s.utterance.instead_of)
        stood_in = {(u.instead_of, u.stand_in, self._spoken_by(u.instead_of, u.language)) for u in spoken}
        return "; ".join(
            f"{wanted} {'could not be reached' if able else 'does not speak this language'}, {spoke} spoke instead"
            for wanted, spoke, able in sorted(stood_in)
        )

    def _spoken_by(self, engine: str, language: str) -> bool:
        return self._production is None or self._production.script.speaks(engine, language)

    def cancel(self) -> None:
        """This asker no longer wants it, and hears no more; it is still made if somebody else does."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    async def mark(self, state: State, *, mark: str | None = None) -> None:
        """Tell the journal how far the delivery has come (SENDING before it leaves, then DONE, FAILED, CANCELLED)."""
        if self._attempts is not None and self.request.target:
            await self._attempts.mark(self.request.id, state, mark=mark)
