"""How everything is spoken. Without torch: a process that only knows of the engine reads this too."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.errors import ConfigError
from bot.tts.indextts.options import Positions, Sampling

PAUSES = (0.10, 0.25)
"""Seconds of silence between two sentences: shorter is breathless, longer sounds like an end."""


@dataclass(frozen=True, slots=True)
class Manner:
    """``slots`` sentences are decoded at once. A sentence that goes astray is tried up to ``attempts`` times, each with
    another seed. ``streaming`` gives the sound of a sentence before it is decoded to its end: it is heard sooner, but
    can be tried again only while nothing of it was heard. None: on accelerators, which are faster than speech."""

    options: Sampling = field(default_factory=Sampling)
    positions: Positions = Positions.CONTIGUOUS
    slots: int = 4
    pause: float = 0.15
    attempts: int = 3
    streaming: bool | None = None

    def __post_init__(self) -> None:
        shortest, longest = PAUSES
        if not shortest <= self.pause <= longest:
            raise ConfigError(f"indextts.pause: it is {self.pause:g} s; it can be {shortest:g} to {longest:g}")

    @property
    def rows(self) -> int:
        """Sequences that are decoded at once: each sentence is as many as it has beams."""
        return self.slots * self.options.beams

    @property
    def tries(self) -> int:
        """Tries that a sentence has; without chance, another seed makes nothing else."""
        return self.attempts if self.options.sample else 1

    @property
    def sounding(self) -> tuple[object, ...]:
        """What of it can be heard."""
        return self.options, self.positions, self.pause, self.tries
