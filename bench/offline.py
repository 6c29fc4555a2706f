"""How soon and how fast the offline engine speaks: ``python -m bench.offline [--json]``.

For each language, on one core: seconds to the first sound from cold (new worker process) and warm, the real-time factor
of a warm sentence, and at last the memory of the worker that has spoken all of them. Medians of :data:`RUNS` runs.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from statistics import median

import psutil

from bench.report import main
from bot.speech import Utterance
from bot.tts.offline import Offline

RUNS = 3

SENTENCES = {
    "en": ("heart", "The weather is lovely today, so we are going for a walk in the park."),
    "en-kokoro": ("am_michael", "The weather is lovely today, so we are going for a walk in the park."),
    "zh": ("zf_xiaoxiao", "今天天气很好，我们一起去公园散步，然后回家吃饭。"),
    "ja": ("jf_alpha", "今日はとても天気がいいので、公園を散歩しましょう。"),
    "es": ("ef_dora", "Hoy hace muy buen tiempo, así que vamos a pasear por el parque."),
    "fr": ("ff_siwis", "Il fait très beau, alors nous allons nous promener dans le parc."),
    "it": ("if_sara", "Oggi il tempo è molto bello, quindi andiamo a passeggiare nel parco."),
    "pt": ("pf_dora", "O tempo está muito bom hoje, por isso vamos passear no parque."),
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance: seconds to its first sound, to its end, and of its sound."""

    first: float
    whole: float
    sound: float


def measure() -> dict[str, float]:
    """Seconds to the first sound, real-time factors and megabytes, by name."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    figures: dict[str, float] = {}
    async with Offline() as everything:
        for name in SENTENCES:
            figures |= await _language(name, everything)
        figures["worker_rss_mb"] = _megabytes(everything)
    return figures


async def _language(name: str, everything: Offline) -> dict[str, float]:
    async with Offline() as alone:
        cold = await _spoken(alone, name)
        warm = [await _spoken(alone, name) for _ in range(RUNS)]
        memory = _megabytes(alone)
    await _spoken(everything, name)
    return {
        f"{name}_first_cold_s": cold.first,
        f"{name}_first_warm_s": median(run.first for run in warm),
        f"{name}_whole_warm_s": median(run.whole for run in warm),
        f"{name}_rtf": median(run.whole / run.sound for run in warm),
        f"{name}_rss_mb": memory,
    }


async def _spoken(engine: Offline, name: str) -> Spoken:
    voice, text = SENTENCES[name]
    began, first, samples, rate = time.perf_counter(), 0.0, 0, 1
    async for piece in engine.synthesize(Utterance(text, "offline", voice, name.partition("-")[0])):
        first = first or time.perf_counter() - began
        samples, rate = samples + len(piece.samples), piece.sample_rate
    return Spoken(first, time.perf_counter() - began, samples / rate)


def _megabytes(engine: Offline) -> float:
    return sum(psutil.Process(pid).memory_info().rss for pid in engine.pids) / 1e6


if __name__ == "__main__":
    main(measure)
