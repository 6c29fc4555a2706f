"""Beam search: several sequences that compete, best first, or drawn by chance (upstream's own way, with three).

The rules are those of Hugging Face's ``generate`` 4.36, which upstream pins, with its settings: ``length_penalty`` 0 (a
score is a sum, not a mean) and ``early_stopping`` off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bot.tts.indextts.candidates import Candidates, Scores, Seen, best, on_processor, penalize, warp
from bot.tts.indextts.options import Sampling

_FAR_BELOW = -1e9
"""What beams that are all alike at the beginning have less than the first, so that the first alone branches."""


@dataclass(frozen=True, slots=True)
class Move:
    """How a search goes on: the next code of each of its rows, and which of its own rows, from 0, it continues."""

    codes: tuple[int, ...]
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Beam:
    """A sequence: the sum of its penalised log-probabilities, its codes, and what it has seen."""

    score: float
    codes: list[int]
    seen: Seen

    def then(self, candidate: _Candidate) -> _Beam:
        seen = self.seen.copy()
        seen.add(candidate.code)
        return _Beam(candidate.score, [*self.codes, candidate.code], seen)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A beam, by its row, with one more code, and its score then."""

    row: int
    code: int
    score: float


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    """A sequence that could be the answer; its codes are without the stop code, its score is with it."""

    score: float
    codes: list[int]
    stopped: bool


class BeamSearch:
    """Keeps ``beams`` open sequences and up to as many closed ones. Each step ranks 2 · ``beams`` candidates: with the
    stop code, those in the first half close a sequence, those in the second are passed over; of the others the first
    ``beams`` go on.

    It is over when so many are closed and the best candidate is no better than the worst of them, or at the limit,
    where the open ones compete as well. With ``sample`` the candidates are drawn, without replacement, by the
    probability of the sums (Gumbel noise on each, the highest are taken: the same distribution), and ranked then.
    """

    def __init__(self, options: Sampling, *, seen: Seen, stop: int, limit: int, seed: int) -> None:
        self.rows = options.beams
        self.codes: list[int] = []
        self.stopped = False
        self.score = 0.0
        self._options = options
        self._stop = stop
        self._limit = limit
        self._chance = np.random.Generator(np.random.PCG64(seed))
        others = 0.0 if options.sample else _FAR_BELOW
        self._open = [_Beam(others if row else 0.0, [], seen) for row in range(self.rows)]
        self._closed: list[_Hypothesis] = []

    def advance(self, scores: Tensor) -> Move | None:
        """Scores (rows, codes) of what comes next → how it goes on, or None: it is over, also by scores that are not
        numbers; the open beams compete then."""
        rows = self._rows(scores)
        if not all(len(row.codes) for row in rows):
            self._settle([*self._closed, *map(_as_it_is, self._open)])
            return None
        ranked = self._ranked(rows)
        for candidate in ranked[: self.rows]:
            self._close(candidate)
        going = [candidate for candidate in ranked if candidate.code != self._stop][: self.rows]
        self._open = [self._open[candidate.row].then(candidate) for candidate in going]
        if self._decided(ranked[0].score):
            self._settle(self._closed)
            return None
        if len(self._open[0].codes) == self._limit:
            self._settle([*self._closed, *map(_as_it_is, self._open)])
            return None
        return Move(tuple(one.code for one in going), tuple(one.row for one in going))

    def _rows(self, scores: Tensor) -> list[Candidates]:
        """The best codes of each beam by themselves: no more of them can be among the best of all."""
        logs: Scores = on_processor(torch.log_softmax(scores.detach().to("cpu", torch.float32), dim=-1))
        penalize(logs, [beam.seen for beam in self._open], self._options.repetition_penalty)
        return warp(logs, self._options) if self._options.sample else best(logs, 2 * self.rows)

    def _ranked(self, rows: list[Candidates]) -> list[_Candidate]:
        """2 · ``beams`` candidates, the best sum first."""
        found = [
            _Candidate(row, code, float(np.float32(beam.score) + score))
            for row, (beam, left) in enumerate(zip(self._open, rows, strict=True))
            for code, score in zip(left.codes.tolist(), left.scores, strict=True)
        ]
        if self._options.sample:
            noise = self._chance.gumbel(size=len(found))
            drawn = np.argsort([-one.score for one in found] - noise)[: 2 * self.rows]
            found = [found[place] for place in sorted(drawn)]
        return sorted(found, key=_score, reverse=True)[: 2 * self.rows]

    def _close(self, candidate: _Candidate) -> None:
        if candidate.code != self._stop:
            return
        self._closed.append(_Hypothesis(candidate.score, self._open[candidate.row].codes, True))
        if len(self._closed) > self.rows:
            self._closed.remove(min(self._closed, key=_score))

    def _decided(self, highest: float) -> bool:
        """Whether no open beam can do better: with sums of logarithms, what follows only lowers a score."""
        return len(self._closed) == self.rows and min(map(_score, self._closed)) >= highest

    def _settle(self, hypotheses: list[_Hypothesis]) -> None:
        winner = max(hypotheses, key=_score)
        self.score, self.codes, self.stopped = winner.score, winner.codes, winner.stopped


def _as_it_is(beam: _Beam) -> _Hypothesis:
    return _Hypothesis(beam.score, beam.codes, False)


def _score(one: _Candidate | _Hypothesis) -> float:
    return one.score
