"""What the scores leave to choose from: repetition penalty, temperature, top-k, top-p, in this order.

The rules are those of Hugging Face's ``generate``, on which upstream stands: codes that equal the last of the top k are
all kept; where top-p has to part equals, the lower code is dropped first (there, its sort decides).
Everything is float32 on the processor. Only what costs time is done for many rows together, and none of that mixes
rows: what is left of one does not depend, to the bit, on who else is there.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bot.tts.indextts.options import Sampling

Scores = npt.NDArray[np.float32]
"""Scores of codes, by code; where there are several rows, (rows, codes)."""


class Seen:
    """The distinct codes that one sequence has seen, ready to be an index."""

    def __init__(self, codes: Iterable[int] = ()) -> None:
        self._known: set[int] = set()
        self._distinct = array("q")
        for code in codes:
            self.add(code)

    def add(self, code: int) -> None:
        if code not in self._known:
            self._known.add(code)
            self._distinct.append(code)

    def copy(self) -> Self:
        return type(self)(self._distinct)

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """In the order in which they were first seen."""
        return np.array(self._distinct, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The codes of one row that may come next, the least likely first (of equals the lower code), with their scores."""

    codes: npt.NDArray[np.int64]
    scores: Scores

    def probabilities(self) -> Scores:
        """The softmax of the scores. There must be a best that is finite."""
        weights = np.exp(self.scores - self.scores[-1])
        return np.asarray(weights / weights.sum(dtype=np.float64), np.float32)

    def likeliest(self, count: int) -> Candidates:
        """The last so many."""
        return Candidates(self.codes[-count:], self.scores[-count:])


def on_processor(scores: Tensor) -> Scores:
    """Scores from wherever the model runs; those that are float32 and here already are not copied."""
    return scores.detach().to("cpu", torch.float32).numpy()


def penalize(scores: Scores, seen: Sequence[Seen], penalty: float) -> None:
    """Make less likely, in place, what each row has seen. Each code once: it is indexed once."""
    codes = [one.codes for one in seen]
    row = np.repeat(np.arange(len(codes)), [len(one) for one in codes])
    where = row, np.concatenate(codes)
    before = scores[where]
    scores[where] = np.where(before < 0, before * np.float32(penalty), before / np.float32(penalty))


def warp(scores: Scores, options: Sampling) -> list[Candidates]:
    """What temperature, top-k and top-p leave of each row: at least one code, and two where beams compete, so that not
    all of them can come to nothing but the stop code. A row whose best score is not a number is left nothing."""
    least = 2 if options.beams > 1 else 1
    if options.temperature != 1:
        scores = scores / np.float32(options.temperature)
    count = max(options.top_k, least) if options.top_k else scores.shape[1]
    return [_nucleus(row, options.top_p, least) for row in best(scores, count)]


def best(scores: Scores, count: int) -> list[Candidates]:
    """The ``count`` best codes of each row, and what equals the last of them; none where the best is not finite."""
    count = min(count, scores.shape[1])
    worst = np.partition(scores, -count, axis=1)[:, -count]
    row, code = np.divmod(np.flatnonzero(scores >= worst[:, np.newaxis]), scores.shape[1])
    ends = np.cumsum(np.bincount(row, minlength=len(scores)))[:-1]
    return [_ordered(codes, line) for codes, line in zip(np.split(code, ends), scores, strict=True)]


def _ordered(codes: npt.NDArray[np.int64], line: Scores) -> Candidates:
    scores = line[codes]
    order = np.argsort(scores, kind="stable")
    finite = len(order) and np.isfinite(scores[order[-1]])
    return Candidates(codes[order], scores[order]) if finite else Candidates(codes[:0], scores[:0])


def _nucleus(row: Candidates, top_p: float, least: int) -> Candidates:
    """Without the least likely codes that hold 1 - top_p of the probability together."""
    if top_p >= 1 or not len(row.codes):
        return row
    below = np.cumsum(row.probabilities(), dtype=np.float64).astype(np.float32)
    return row.likeliest(max(least, int(np.count_nonzero(below > np.float32(1 - top_p)))))
