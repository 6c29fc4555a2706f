"""What a speech recogniser makes of what came out of a chat adapter, for ``discord_hear`` and ``telegram_hear``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.hear import ALLOWED, BY_CHARACTER, Heard, recogniser, understood
from bench.machine import in_a_line
from bot.config import LogSettings
from bot.log import configure

LANGUAGES = ("en", "zh", "ja")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as it was delivered in one of an adapter's ways, as a sound file."""

    way: str
    language: str
    text: str
    sound: Path


def hear(speak: Callable[[Path], Awaitable[Sequence[Spoken]]]) -> None:
    """Have sentences spoken into a folder and written down again, and print both. Exits with 1 if too much differs."""
    configure(LogSettings(level="error"))
    with tempfile.TemporaryDirectory() as folder:
        sounds = asyncio.run(_awaited(speak(Path(folder))))
        model = recogniser(Path(folder))
        results = [(each.way, understood(model, each.sound, each.language, each.text)) for each in sounds]
    print(in_a_line())
    for way, one in results:
        print(f"{way:8} {one.language}  {one.errors:6.1%}  asked: {one.asked}\n{'':21}heard: {one.heard}")
    ways = dict.fromkeys(way for way, _ in results)
    failed = [f"{way} {tag}: {rate:.1%}" for way in ways for tag in LANGUAGES if (rate := _excess(results, way, tag))]
    if failed:
        sys.exit(f"not understood: {', '.join(failed)}")


async def _awaited(work: Awaitable[Sequence[Spoken]]) -> Sequence[Spoken]:
    return await work


def _excess(results: Sequence[tuple[str, Heard]], way: str, language: str) -> float:
    """The mean error where it is above what is allowed, else 0."""
    errors = [one.errors for taken, one in results if taken == way and one.language == language]
    mean = sum(errors) / len(errors)
    print(f"{way:8} {language}: {'CER' if language in BY_CHARACTER else 'WER'} {mean:.1%}")
    return mean if mean > ALLOWED.get(language, 1.0) else 0.0
