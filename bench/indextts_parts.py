"""What each part of IndexTTS takes by itself, in every form of its matrices."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median

import torch

from bench.indextts_model import CODES_PER_SECOND, PLAIN, SECONDS, TEXT, Voice, ids, seconds
from bot.tts.indextts.cache import Cache
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.model import Model
from bot.tts.indextts.options import Sampling
from bot.tts.indextts.sampling import Search, advance, search

ROWS = (1, 4, 8, 16)
AT = 144
"""Positions that a row has before the steps that are measured."""
ROOM = 192
STEPS = 6
SOUND = 94
"""Latents that are made into sound: four seconds."""
LONG = 300
"""Codes of the pass that computes all latents at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """Milliseconds of one step: the layers, the head over the codes, and the choice."""

    layers: float
    head: float
    choice: float

    @property
    def whole(self) -> float:
        return self.layers + self.head + self.choice


@torch.inference_mode()
def measure(model: Model, forms: Mapping[str, Gpt], voice: Voice, rounds: int) -> dict[str, float]:
    """Medians of the rounds; ratios are taken within each."""
    found: dict[str, list[float]] = defaultdict(list)
    caches = {gpt.dtype: gpt.cache(max(ROWS), ROOM) for gpt in forms.values()}
    for _ in range(rounds):
        for rows in ROWS:
            for name, value in _steps(forms, caches, rows):
                found[name].append(value)
        for name, value in (*_passes(forms, caches, voice), *_others(model, voice)):
            found[name].append(value)
    return {name: median(values) for name, values in found.items()}


def _steps(forms: Mapping[str, Gpt], caches: Mapping[torch.dtype, Cache], rows: int) -> Iterator[tuple[str, float]]:
    took = {form: _step(gpt, caches[gpt.dtype], rows) for form, gpt in forms.items()}
    for form, step in took.items():
        place = f"step of {rows}; {form}"
        yield f"{place}: ms", step.whole
        yield f"{place}: codes/s", 1000 * rows / step.whole
        yield f"{place}: x plain", took[PLAIN].whole / step.whole
        yield f"{place}: head, ms", step.head
        yield f"{place}: choice, ms", step.choice


def _step(gpt: Gpt, cache: Cache, rows: int) -> Step:
    for row in range(rows):
        cache.clear(row, AT)
    codes, searches = torch.arange(rows), [_search(gpt, row) for row in range(rows)]
    steps = [_timed(gpt, cache, codes, AT + n, searches) for n in range(STEPS + 1)][1:]
    return Step(*(median(getattr(step, part) for step in steps) for part in ("layers", "head", "choice")))


def _timed(gpt: Gpt, cache: Cache, codes: torch.Tensor, place: int, searches: list[Search]) -> Step:
    times = [time.perf_counter()]
    states = gpt.step(codes, torch.full_like(codes, place), cache)
    times.append(time.perf_counter())
    scores = gpt.logits(states)
    times.append(time.perf_counter())
    advance(searches, scores)
    times.append(time.perf_counter())
    return Step(*(1000 * (after - before) for before, after in pairwise(times)))


def _search(gpt: Gpt, seed: int) -> Search:
    return search(Sampling(), start=gpt.config.start_code, stop=gpt.config.stop_code, limit=LONG, seed=seed)


def _passes(forms: Mapping[str, Gpt], caches: Mapping[torch.dtype, Cache], voice: Voice) -> Iterator[tuple[str, float]]:
    works = {
        f"prefill of {32 + TEXT + 3}": lambda gpt: _prefill(gpt, caches[gpt.dtype], voice),
        f"latents of {LONG} codes": lambda gpt: gpt.latents(voice.conditioning, ids(), range(LONG)),
    }
    for name, work in works.items():
        took = {form: seconds(partial(work, gpt)) for form, gpt in forms.items()}
        for form, value in took.items():
            yield f"{name}; {form}: ms", 1000 * value
            yield f"{name}; {form}: x plain", took[PLAIN] / value


def _prefill(gpt: Gpt, cache: Cache, voice: Voice) -> torch.Tensor:
    return gpt.prefill(gpt.prompt(voice.conditioning, ids()), cache, 0)


def _others(model: Model, voice: Voice) -> Iterator[tuple[str, float]]:
    """What is float32 everywhere."""
    yield f"conditioning of {SECONDS} s, ms", 1000 * seconds(lambda: model.condition(voice.mel))
    yield f"speaker of {SECONDS} s, ms", 1000 * seconds(lambda: model.speaker(voice.mel))
    latents = torch.randn(SOUND, model.config.gpt.dim, generator=torch.Generator().manual_seed(0))
    took = seconds(lambda: model.waveform(latents, voice.speaker))
    yield "vocoder, a second of sound, ms", 1000 * took * CODES_PER_SECOND / SOUND
