"""The store: a cache hit from memory and from SQLite, a put, preferences, settings, and the journal, on a file."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from bench.report import main
from bot.queue.journal import Entry, State
from bot.speech import Clip, Spoken, Utterance
from bot.store import Store, cache_key

CLIPS = 1000
SIZE = 30 * 1024
ROUNDS = 2000


def measure() -> dict[str, float]:
    """Medians over two thousand operations, in microseconds, on a database of a thousand clips of 30 KiB."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder) / "sayso.db"))


async def _measure(file: Path) -> dict[str, float]:
    began = time.perf_counter()
    async with Store.open(file):
        first = time.perf_counter() - began
    # Memory for none, so that every hit comes from the file.
    async with Store.open(file, memory_bytes=0) as store:
        figures = await _write(store)
        figures["cache hit from SQLite, 30 KiB, us"] = await _median(_hit(store))
        figures["32 cache hits at once from SQLite, us each"] = await _together(store)
    began = time.perf_counter()
    async with Store.open(file) as store:
        again = time.perf_counter() - began
        figures |= await _read(store)
    return {"first start, ms": first * 1e3, "next start, ms": again * 1e3, **figures}


async def _write(store: Store) -> dict[str, float]:
    keys = iter(range(CLIPS))
    accepted, marked = iter(range(ROUNDS)), iter(range(ROUNDS))
    settings, ann = store.settings, "discord:1"
    return {
        "cache key of 3 utterances, us": await _median(_key),
        "cache put, 30 KiB, us": await _median(lambda: _put(store, next(keys)), CLIPS),
        "preference set, us": await _median(lambda: store.preferences.set("discord:1", rate=1.5)),
        "guild setting set, us": await _median(lambda: settings.set_guild("discord:42", by=ann, locked=True)),
        "journal accept, us": await _median(lambda: store.journal.accept(_entry(f"a{next(accepted)}"))),
        "journal mark, us": await _median(lambda: store.journal.mark(f"a{next(marked)}", State.DONE)),
        "journal accept, 1000 at once, us each": await _burst(store),
    }


async def _read(store: Store) -> dict[str, float]:
    await store.cache.get("1")
    return {
        "cache hit from memory, us": await _median(lambda: store.cache.get("1", user="discord:1", guild="discord:42")),
        "preference from memory, us": await _median(lambda: store.preferences.get("discord:1")),
        "preference from SQLite, us": await _median(lambda: store.preferences._load("discord:1")),
        "guild settings from memory, us": await _median(lambda: store.settings.guild("discord:42")),
        "recent of a user, us": await _median(lambda: store.cache.recent("discord:1")),
    }


async def _median(operation: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await operation()
        took.append(time.perf_counter() - began)
    return median(took) * 1e6


async def _together(store: Store) -> float:
    took = []
    for _ in range(ROUNDS // 32):
        began = time.perf_counter()
        await asyncio.gather(*(store.cache.get(f"{number}") for number in range(32)))
        took.append((time.perf_counter() - began) / 32)
    return median(took) * 1e6


async def _burst(store: Store) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(store.journal.accept(_entry(f"b{number}")) for number in range(1000)))
    return (time.perf_counter() - began) / 1000 * 1e6


def _hit(store: Store) -> Callable[[], Awaitable[object]]:
    numbers = iter(range(ROUNDS))
    return lambda: store.cache.get(f"{next(numbers) * 7 % CLIPS}", user="discord:1", guild="discord:42")


def _entry(id: str) -> Entry:
    return Entry(id, {"guild": "discord:42", "user": "discord:1", "text": "A sentence of ordinary length."}, at=1.0)


async def _key() -> str:
    return cache_key([_utterance(), _utterance(), _utterance()], bitrate=32)


async def _put(store: Store, number: int) -> None:
    clip = Clip(os.urandom(SIZE), 8.0, bytes(80), (Spoken(_utterance(), 0.0), Spoken(_utterance(), 4.0)))
    await store.cache.put(f"{number}", clip, user="discord:1", guild="discord:42")


def _utterance() -> Utterance:
    return Utterance("A sentence of ordinary length, as people type it.", "edge", "en-US-AriaNeural", "en")


if __name__ == "__main__":
    main(measure)
