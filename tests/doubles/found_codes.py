"""Codes that are found because a test says so, whatever the language model thinks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from bot.tts.indextts.options import Sampling
from bot.tts.indextts.sampling import Move


@dataclass(slots=True)
class Given:
    """A search that finds these codes one after another and then stops, unless it is to go on to its ``limit``."""

    script: Sequence[int]
    stops: bool = True
    rows: int = 1
    codes: list[int] = field(default_factory=list)
    stopped: bool = False
    score: float = 0.0

    def advance(self, _scores: Tensor) -> Move | None:
        if len(self.codes) == len(self.script):
            self.stopped = self.stops
            return None
        code = self.script[len(self.codes)]
        self.codes.append(code)
        return Move((code,), (0,))


@dataclass(slots=True)
class Finder:
    """Stands in for :func:`bot.tts.indextts.sampling.search`: one script for each search that is begun, the last of
    them for ever after. ``seeds`` and ``limits`` are what was asked for."""

    scripts: Sequence[Given]
    seeds: list[int] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)

    def __call__(self, _options: Sampling, *, start: int, stop: int, limit: int, seed: int) -> Any:
        script = self.scripts[min(len(self.seeds), len(self.scripts) - 1)]
        self.seeds.append(seed)
        self.limits.append(limit)
        return Given(script.script, script.stops)


def varied(count: int, first: int = 100) -> list[int]:
    """Codes of which no passage comes again, and none is silence or special."""
    return [first + (n * n) % 389 % 400 for n in range(count)]
