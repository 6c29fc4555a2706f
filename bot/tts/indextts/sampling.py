"""How codes are chosen by their scores: greedily, by chance, or by beams.

A search works on one sequence, or on several that compete (beams); each row of scores is one of them. All of it runs on
the processor in float32, whatever the model runs on, so that what is drawn depends on the seed and not on the device or
on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sampling:
    """How codes are drawn. ``beams`` 1 or more; without ``sample`` the best is taken. The defaults are upstream's, but
    for the beams. The repetition penalty divides a positive score and multiplies a negative one, once for each distinct
    code seen; ``prompt_seen`` are codes that count as seen from the start: upstream's placeholder prompt makes code 1
    and the start code such."""

    sample: bool = True
    temperature: float = 1.0
    top_k: int = 30
    top_p: float = 0.8
    repetition_penalty: float = 10.0
    beams: int = 1
    placeholder_seen: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """How a search goes on: the next code of each of its rows, and which row it continues."""

    codes: tuple[int, ...]
    sources: tuple[int, ...]


class Search(Protocol):
    """A search for the codes of one sentence. ``codes`` are those found so far, without the stop code (of the best
    beam, once it is over); ``stopped`` says that it ended by the stop code, and not at its limit; ``score`` is a beam
    search's sum of penalised log-probabilities."""

    rows: int
    codes: list[int]
    stopped: bool
    score: float

    def advance(self, scores: Tensor) -> Move | None:
        """Scores (rows, codes) of what comes next → how it goes on, or None: it is over."""
        ...


def search(options: Sampling, *, start: int, stop: int, limit: int, seed: int = 0) -> Search:
    """A new search; ``start`` and ``stop`` are codes, ``limit`` is how many codes it may find, the stop code among
    them."""
    raise NotImplementedError


def advance(searches: Sequence[Search], scores: Tensor) -> list[Move | None]:
    """Many searches at once: scores (all their rows one after another, codes), each gets its own. Single-row searches
    are worked on together."""
    raise NotImplementedError
