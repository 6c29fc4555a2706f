"""``sayso voices``: the personas, and the voices by engine and language."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.app import opened
from bot.config import Loaded
from bot.errors import SaysoError
from bot.log import configure
from bot.tts.engine import Voice
from bot.tts.voices import Persona

Listing = Mapping[str, Sequence[Voice]]


def run(loaded: Loaded, query: str, engine: str | None, language: str | None, as_json: bool) -> None:
    """Print what matches; nothing that matches is an error that says what there is."""
    configure(loaded.settings.log, least="warning")
    personas, available = asyncio.run(_listing(loaded))
    if engine and engine not in available:
        raise SaysoError(f"there is no engine {engine!r}; choose one of {', '.join(available)}")
    chosen = {e: [v for v in voices if _fits(v, query, language)] for e, voices in available.items()}
    chosen = {e: sorted(v, key=lambda voice: (voice.language, voice.name)) for e, v in chosen.items() if v}
    if engine:
        chosen = {e: voices for e, voices in chosen.items() if e == engine}
    known = [p for p in personas if query.casefold() in f"{p.name} {' '.join(p.aliases)} {p.description}".casefold()]
    if not chosen and not known:
        raise SaysoError("no voice matches; try `sayso voices` without a filter")
    if as_json:
        print(json.dumps(_plain(known, chosen), ensure_ascii=False))  # noqa: T201
    else:
        _print(known if not engine and not language else [], chosen)


async def _listing(loaded: Loaded) -> tuple[Sequence[Persona], Listing]:
    async with opened(loaded) as app:
        return app.speaker.stage.voices.personas(), await app.speaker.stage.available()


def _fits(voice: Voice, query: str, language: str | None) -> bool:
    spoken = voice.language.casefold()
    if language and not (spoken == language.casefold() or spoken.startswith(f"{language.casefold()}-")):
        return False
    return query.casefold() in f"{voice.name} {voice.description}".casefold()


def _plain(personas: Sequence[Persona], available: Listing) -> dict[str, object]:
    return {
        "personas": [
            {"name": p.name, "gender": p.gender, "description": p.description, "aliases": list(p.aliases)}
            for p in personas
        ],
        "engines": {
            engine: [{"name": v.name, "language": v.language, "gender": v.gender} for v in voices]
            for engine, voices in available.items()
        },
    }


def _print(personas: Sequence[Persona], available: Listing) -> None:
    console = Console(highlight=False)
    if personas:
        table = _table("personas", "name", "gender", "aliases", "description")
        for p in personas:
            table.add_row(p.name, p.gender, ", ".join(p.aliases), escape(p.description))
        console.print(table)
    for engine, voices in available.items():
        table = _table(f"{engine}: {len(voices)} voices", "language", "voices")
        by_language: dict[str, list[str]] = {}
        for voice in voices:
            by_language.setdefault(voice.language, []).append(voice.name)
        for language, names in by_language.items():
            table.add_row(language, ", ".join(names))
        console.print(table)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
