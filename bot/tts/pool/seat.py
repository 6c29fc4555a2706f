"""A member's place in its pool: what it has to do, and whether it is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

import structlog

from bot.errors import EngineError
from bot.speech import Utterance
from bot.tts.engine import Engine, Voice
from bot.tts.pool.member import Member, MemberHealth

_log = structlog.get_logger()


class Tier(IntEnum):
    """Who is asked before whom, whatever they have to do."""

    READY = 0
    ASLEEP = 1
    """It has a slot free, but would have to be started."""
    FULL = 2
    ON_TRIAL = 3
    """It has just come back, and has the one call that it is trusted with."""
    OUT = 4
    RESTING = 5
    """It is out, and said for how long."""


Rank = tuple[bool, Tier, float, int]


class Seat:
    """The state of one member, and the only place that decides over it: well, out, or back on trial.

    * It is left out after ``failures`` calls in a row that failed, or as many checks; and at once, for as long as it
      asked, by an error with ``retry_after``.
    * A check that it answers brings it back on trial: one call at a time, and one failure is enough, until an
      utterance has become whole. So a member that answers checks and cannot speak gets one call for each return.
    * An utterance that it spoke while it was out, because nobody was well, brings it back for good.
    * What was begun in one of these states does not count in the next: when a server dies, forty calls fail, and the
      last of them may do so after it is back.
    """

    def __init__(self, pool: str, member: Member, failures: int, clock: Callable[[], float]) -> None:
        self.member = member
        self.engine: Engine = member.engine
        self.state = 0
        """Counts up whenever it is left out or comes back."""
        self.turn = 0
        """When it was last chosen, in the pool's own count."""
        self.probes = 0
        """Checks since it was last well for a while: they come farther and farther apart."""
        self.on_out: Callable[[], None] = _nothing
        self._pool = pool
        self._failures = failures
        self._clock = clock
        self._voices: Sequence[Voice] = ()
        self._names: frozenset[str] = frozenset()
        self._outstanding = 0
        self._spoken = 0
        self._failed = 0
        self._out = ""
        self._until = 0.0
        self._trial = False
        self._streak = 0
        self._missed = 0

    @property
    def health(self) -> MemberHealth:
        """For people to look at."""
        return MemberHealth(self.member.label, self._out, self._outstanding, self._spoken, self._failed)

    @property
    def troubled(self) -> bool:
        """Whether it is left out, or did not answer the last check."""
        return bool(self._out) or self._missed > 0

    @property
    def rest(self) -> float:
        """Seconds for which it wants to be left alone."""
        return max(0.0, self._until - self._clock()) if self._out else 0.0

    def rank(self, utterance: Utterance) -> Rank:
        """The smallest of all members' is asked. Those that have the voice come first, even if they are out."""
        load = (self._outstanding + 1) / self.member.weight
        return (self._lacks(utterance), self._tier(), load, self.turn)

    def take(self) -> Call:
        """Begin a call."""
        return Call(self)

    async def learn(self) -> Sequence[Voice]:
        """The voices that it has now, or those last known if it cannot tell."""
        try:
            voices = await self.engine.voices()
        except EngineError:
            return self._voices
        if voices is not self._voices:
            self._voices, self._names = voices, frozenset(voice.name for voice in voices)
        return voices

    def answered(self, state: int) -> None:
        """It answered a check that was begun in that state."""
        if state != self.state or self.rest > 0:
            return
        self._missed = 0
        if self._out:
            self._back("check")
            self._trial, self._streak = True, self._failures - 1
        else:
            self.probes = 0

    def missed(self, state: int, error: EngineError) -> None:
        """It did not answer a check that was begun in that state."""
        if state != self.state:
            return
        self._missed += 1
        if error.retry_after or self._missed >= self._failures:
            self._leave_out(error)

    def _lacks(self, utterance: Utterance) -> bool:
        return bool(self._names) and utterance.voice not in self._names

    def _tier(self) -> Tier:
        if self._out:
            return Tier.RESTING if self.rest > 0 else Tier.OUT
        if self._trial and self._outstanding:
            return Tier.ON_TRIAL
        if self._outstanding >= self.engine.capabilities.slots:
            return Tier.FULL
        return Tier.READY if self.member.awake() else Tier.ASLEEP

    def _spoke(self, state: int) -> None:
        self._spoken += 1
        if state != self.state:
            return
        if self._out:
            self._back("call")
        self._trial, self._streak, self._missed, self.probes = False, 0, 0, 0

    def _fell(self, state: int, error: EngineError) -> None:
        self._failed += 1
        # Of what was begun before, only what it says itself is news.
        if state != self.state and not error.retry_after:
            return
        self._streak += 1
        if error.retry_after or self._streak >= self._failures:
            self._leave_out(error)

    def _leave_out(self, error: EngineError) -> None:
        was, self._out = self._out, str(error) or type(error).__name__
        if error.retry_after:
            self._until = max(self._until, self._clock() + error.retry_after)
        if was:
            return
        self.state += 1
        _log.warning("member_out", engine=self._pool, member=self.member.label, error=type(error).__name__)
        self.on_out()

    def _back(self, by: str) -> None:
        self.state += 1
        self._out, self._until = "", 0.0
        _log.info("member_back", engine=self._pool, member=self.member.label, by=by)


class Call:
    """One call of a member: tells its seat once how it went, and gives its slot back."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._state = seat.state
        seat._outstanding += 1

    def whole(self) -> None:
        """The utterance was heard to its end."""
        self._seat._spoke(self._state)

    def failed(self, error: EngineError) -> None:
        """It was not; an error that says nothing of the engine's health does not count."""
        if error.trips:
            self._seat._fell(self._state, error)

    def over(self) -> None:
        """However it ended."""
        self._seat._outstanding -= 1


def _nothing() -> None:
    """Nobody looks after it yet."""
