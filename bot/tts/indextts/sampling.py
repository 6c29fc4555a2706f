"""How codes are chosen by their scores: greedily, by chance, or by beams.

A search works on one sequence, or on several that compete (beams); each row of scores is one of them. All of it runs on
the processor in float32, whatever the model runs on, so that what is drawn depends on the seed and not on the device or
on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from bot.tts.indextts.beams import BeamSearch, Move
from bot.tts.indextts.candidates import Candidates, Scores, Seen, on_processor, penalize, warp
from bot.tts.indextts.options import Sampling

__all__ = ["Move", "Sampling", "Search", "advance", "probabilities", "search"]

_PLACEHOLDER = 1
"""What stands in upstream's list of codes for every position of the prompt but the last, which is the start code."""


class Search(Protocol):
    """A search for the codes of one sentence. ``codes`` are those found so far, without the stop code (of the best
    beam, and only once it is over); ``stopped`` says that it ended by the stop code, and not at its limit; ``score`` is
    a beam search's sum of penalised log-probabilities, the stop code's among them."""

    rows: int
    codes: list[int]
    stopped: bool
    score: float

    def advance(self, scores: Tensor) -> Move | None:
        """Scores (rows, codes) of what comes next → how it goes on, or None: it is over.

        Scores whose best is not a finite number (an overflow in 16 bits) end it short of its limit, not ``stopped``.
        """
        ...


def search(options: Sampling, *, start: int, stop: int, limit: int, seed: int = 0) -> Search:
    """A new search; ``start`` and ``stop`` are codes, ``limit`` is how many codes it may find, the stop code among
    them. Raises ValueError for a limit below 1 or a seed below 0."""
    if limit < 1:
        raise ValueError(f"a search may find at least one code, not {limit}")
    seen = Seen((_PLACEHOLDER, start) if options.placeholder_seen else ())
    kind = BeamSearch if options.beams > 1 else _Single
    return kind(options, seen=seen, stop=stop, limit=limit, seed=seed)


def advance(searches: Sequence[Search], scores: Tensor) -> list[Move | None]:
    """Many searches at once: scores (all their rows one after another, codes), each gets its own. Single-row searches
    are worked on together. Raises ValueError if there are more or fewer rows than the searches have."""
    *firsts, rows = accumulate((one.rows for one in searches), initial=0)
    if rows != len(scores):
        raise ValueError(f"{len(scores)} rows of scores for searches with {rows}")
    table = torch.from_numpy(on_processor(scores))
    moves: list[Move | None] = [None] * len(searches)
    alike: dict[Sampling, list[tuple[int, _Single]]] = {}
    for place, one in enumerate(searches):
        if isinstance(one, _Single):
            alike.setdefault(one.options, []).append((place, one))
        else:
            moves[place] = one.advance(table[firsts[place] : firsts[place] + one.rows])
    for options, some in alike.items():
        own = table[[firsts[place] for place, _ in some]].numpy()
        for (place, one), code in zip(some, _chosen([one for _, one in some], options, own), strict=True):
            moves[place] = one.take(code)
    return moves


def probabilities(scores: Tensor, seen: Iterable[int], options: Sampling) -> Tensor:
    """What a single-row search draws from: scores (codes,) and every code that counts as seen → (codes,), float32.

    Of the options, ``sample`` and ``placeholder_seen`` do not matter here. Raises ValueError for scores without a
    finite best.
    """
    table = on_processor(scores)[np.newaxis].copy()
    penalize(table, [Seen(seen)], options.repetition_penalty)
    (left,) = warp(table, options)
    if not len(left.codes):
        raise ValueError("no score is the best: they are not finite numbers")
    every = np.zeros(table.shape[1], np.float32)
    every[left.codes] = left.probabilities()
    return torch.from_numpy(every)


class _Single:
    """One sequence: at each step the best code, or one drawn by its probability.

    The draw is by inversion: one uniform number a step, from a generator of its own; the code is the first at which the
    probabilities, added up from the likeliest code on, exceed it.
    """

    def __init__(self, options: Sampling, *, seen: Seen, stop: int, limit: int, seed: int) -> None:
        self.rows = 1
        self.codes: list[int] = []
        self.stopped = False
        self.score = 0.0
        self.options = options
        self.seen = seen
        self._stop = stop
        self._limit = limit
        self._chance = np.random.Generator(np.random.PCG64(seed))

    def advance(self, scores: Tensor) -> Move | None:
        return advance([self], scores)[0]

    def draw(self, left: Candidates) -> int | None:
        """One of these; None if there is none."""
        chance = self._chance.random()
        if not len(left.codes):
            return None
        reached = np.cumsum(left.probabilities()[::-1], dtype=np.float64)
        return int(left.codes[::-1][np.argmax(reached > chance * reached[-1])])

    def take(self, code: int | None) -> Move | None:
        """Go on by this code, or come to an end."""
        self.stopped = code == self._stop
        if code is None or self.stopped:
            return None
        self.codes.append(code)
        self.seen.add(code)
        return Move((code,), (0,)) if len(self.codes) < self._limit else None


def _chosen(searches: Sequence[_Single], options: Sampling, scores: Scores) -> list[int | None]:
    """The next code of each, all with these options; the scores are written over."""
    penalize(scores, [one.seen for one in searches], options.repetition_penalty)
    if options.sample:
        return [one.draw(left) for one, left in zip(searches, warp(scores, options), strict=True)]
    found = scores.argmax(axis=1)
    finite = np.isfinite(scores[np.arange(len(found)), found])
    return [int(code) if usable else None for code, usable in zip(found, finite, strict=True)]
