"""Sentences of many askers, decoded together: who comes joins at the next step, who is done leaves at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from bot.tts.indextts.gpt import Gpt, Positions
from bot.tts.indextts.sampling import Search
from bot.tts.indextts.watchdog import Fault, Watchdog


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One sentence to decode: the voice (32, dim), text ids without start and stop, how its codes are found, and who
    watches them (None: nobody)."""

    conditioning: Tensor
    ids: Sequence[int]
    search: Search
    watchdog: Watchdog | None = None


class Track:
    """A sentence that is being decoded."""

    task: Task
    done: bool
    """Whether there is nothing more to come: it has stopped, reached its limit, or ``fault`` is set."""
    fault: Fault | None

    def take(self) -> tuple[Sequence[int], Tensor]:
        """The codes that are new since the last time, and their latents (n, dim): the states that predicted them.

        Of beams, and with upstream's positions, nothing before it is done; the latents are those of a second pass then.
        """
        raise NotImplementedError


class Decoder:
    """Decodes up to ``rows`` sequences at once, step by step; a beam search takes as many rows as it has beams."""

    def __init__(self, gpt: Gpt, rows: int, *, positions: Positions = Positions.CONTIGUOUS) -> None:
        raise NotImplementedError

    @property
    def free(self) -> int:
        """Rows that are not in use."""
        raise NotImplementedError

    def admit(self, task: Task) -> Track:
        """Begin it: its prompt goes through the model alone. Raises ValueError if there are not enough free rows, or
        for a text longer than the model's table of positions."""
        raise NotImplementedError

    def step(self) -> Sequence[Track]:
        """One more code for each track → those that are done by it; they have left."""
        raise NotImplementedError

    def drop(self, track: Track) -> None:
        """Give it up, wherever it is; the others are not touched."""
        raise NotImplementedError
