"""Several utterances of IndexTTS at once, through the engine, beside the same ones spoken one after another."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.indextts_model import CODES_PER_SECOND
from bot.speech import Utterance
from bot.tts.indextts import IndexTTS
from bot.tts.indextts.model import Model
from bot.tts.voices import Recording, Recordings

CODES = 40
"""Of each utterance: the model is told that it knows no more."""
CROWDS = (4, 8)
SPOKEN = (
    "The train leaves early in the morning.",
    "Please be there in time for dinner.",
    "We are going for a walk in the park.",
    "Nobody knows what he has said to her.",
    "It has been raining here all day long.",
    "They have found the book on the table.",
    "Have you ever seen the sea in winter?",
    "Let us begin with the second question.",
)
_RECORDING = Path(__file__).parents[1] / "tests" / "data" / "indextts" / "tiny-a" / "prompt.wav"


@dataclass(frozen=True, slots=True)
class Heard:
    """Seconds since all was asked for: when an utterance began to sound, and when it was whole; and of its sound."""

    first: float
    whole: float
    sound: float


def measure(model: Model, rounds: int) -> dict[str, float]:
    """Medians of the rounds; ratios are taken within each."""
    return asyncio.run(_measure(model, rounds))


async def _measure(model: Model, rounds: int) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    capped = replace(model, config=replace(model.config, gpt=replace(model.config.gpt, most_codes=CODES)))
    recordings = Recordings([Recording("me.wav", _RECORDING)])
    engine = IndexTTS(_RECORDING.parent, recordings, slots=max(CROWDS), attempts=1, load=lambda *_, **__: capped)
    async with engine:
        await _one(engine, SPOKEN[0], time.perf_counter())
        for _ in range(rounds):
            queue = await _one_by_one(engine)
            for count in CROWDS:
                _note(found, f"{count} utterances; one after another", queue[:count], queue[:count])
                _note(found, f"{count} utterances; at once", await _at_once(engine, count), queue[:count])
    return {name: median(values) for name, values in found.items()}


async def _one_by_one(engine: IndexTTS) -> Sequence[Heard]:
    began = time.perf_counter()
    return [await _one(engine, text, began) for text in SPOKEN]


async def _at_once(engine: IndexTTS, count: int) -> Sequence[Heard]:
    began = time.perf_counter()
    return await asyncio.gather(*(_one(engine, text, began) for text in SPOKEN[:count]))


async def _one(engine: IndexTTS, text: str, began: float) -> Heard:
    first, sound = 0.0, 0.0
    async with aclosing(engine.synthesize(Utterance(text, "indextts", "me.wav", "en"))) as pieces:
        async for pcm in pieces:
            first = first or time.perf_counter() - began
            sound += len(pcm.samples) / pcm.sample_rate
    return Heard(first, time.perf_counter() - began, sound)


def _note(found: dict[str, list[float]], name: str, heard: Sequence[Heard], queue: Sequence[Heard]) -> None:
    took, sound = max(one.whole for one in heard), sum(one.sound for one in heard)
    firsts = sorted(one.first for one in heard)
    columns = {
        "codes/s": sound * CODES_PER_SECOND / took,
        "x real time": sound / took,
        "x one after another": max(one.whole for one in queue) / took,
        "first heard, s": firsts[0],
        "median, s": median(firsts),
        "last, s": firsts[-1],
    }
    for column, value in columns.items():
        found[f"{name}: {column}"].append(value)
