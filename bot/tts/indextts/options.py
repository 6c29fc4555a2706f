"""What may be chosen about decoding. Without torch: a process that only knows of the engine reads this too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Positions(StrEnum):
    """Which row of the table of mel positions the n-th code gets; the start code always has row 0."""

    CONTIGUOUS = "contiguous"
    """n: 0, 1, 2, 3, … The weights were trained with these, and with them the states of decoding are the latents."""
    UPSTREAM = "upstream"
    """n + 1: 0, 2, 3, 4, … What upstream's own decoding does with its key/value cache; row 1 is never used."""

    def of(self, n: int) -> int:
        """The row for the n-th code, counted from 1."""
        return n if self is Positions.CONTIGUOUS else n + 1


@dataclass(frozen=True, slots=True)
class Sampling:
    """How codes are drawn. ``beams`` 1 or more; without ``sample`` the best is taken. The defaults are upstream's, but
    for the beams.

    ``top_k`` keeps the likeliest so many (0: all), ``top_p`` of these the likeliest that hold so much of the
    probability. The repetition penalty divides a positive score and multiplies a negative one, once for each distinct
    code seen; ``placeholder_seen`` counts code 1 and the start code as seen from the start, as upstream's placeholder
    for the prompt makes it. Raises ValueError for what cannot be.
    """

    sample: bool = True
    temperature: float = 1.0
    top_k: int = 30
    top_p: float = 0.8
    repetition_penalty: float = 10.0
    beams: int = 1
    placeholder_seen: bool = True

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and self.repetition_penalty > 0):
            raise ValueError(f"temperature and repetition penalty must be above 0: {self}")
        if self.top_k < 0 or not 0 <= self.top_p <= 1:
            raise ValueError(f"top_k must be 0 or more and top_p within 0 to 1: {self}")
        if self.beams < 1:
            raise ValueError(f"there must be at least one beam: {self}")
