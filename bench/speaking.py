"""A cache hit through the Speaker: clean-up, voice, preferences, cache, packets; beside the same text synthesised."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from bench.report import main
from bot.app import App, opened
from bot.config import load
from bot.speech import Refusal, Request

TEXT = "The **quick** brown fox :fox: said: it costs $12.50 at https://example.com/shop on 2024-03-05. Really?! Yes."
ROUNDS = 300


def measure() -> dict[str, float]:
    """Medians over many requests, in milliseconds."""
    with tempfile.TemporaryDirectory() as data:
        return asyncio.run(_measure(Path(data)))


async def _measure(data: Path) -> dict[str, float]:
    loaded = load(environ={}, overrides=[f"data_dir={data}", "log.level=error"], folder=data)
    async with opened(loaded) as app:
        await _ask(app, "Warm up.")
        misses = [await _ask(app, f"{TEXT} {number}.") for number in range(9)]
        await _ask(app, TEXT)
        hits = [await _ask(app, TEXT) for _ in range(ROUNDS)]
    return {
        "cache hit p50, ms": median(hits) * 1000,
        "cache hit p95, ms": quantiles(hits, n=20)[-1] * 1000,
        "first audio of a miss p50, ms": median(misses) * 1000,
        "miss / hit": median(misses) / median(hits),
    }


async def _ask(app: App, text: str) -> float:
    """Seconds from the request to its first packet."""
    began = time.perf_counter()
    said = await app.speaker.say(Request("bench", "bench", text))
    if isinstance(said, Refusal):
        raise SystemExit(said.message)
    await anext(aiter(said.speech))
    taken = time.perf_counter() - began
    await said.speech.clip()
    return taken


if __name__ == "__main__":
    main(measure)
