"""``python -m bench.telegram_hear``: ``/say`` on the loopback Telegram, and what a speech recogniser makes of it.

The whole adapter with the embedded engine and the unpatched python-telegram-bot; what is heard is what was uploaded.
``make hear`` runs it too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.chat import LANGUAGES, Spoken, hear
from bench.hear import SENTENCES
from bot.adapters.telegram import serve
from bot.app import opened
from bot.config import load
from tests.doubles.telegram import FakeTelegram, Note, Person


def main() -> None:
    hear(_spoken)


async def _spoken(folder: Path) -> Sequence[Spoken]:
    sounds = []
    async with FakeTelegram() as fake, _sayso(fake, folder):
        ann = fake.person()
        for language in LANGUAGES:
            for number, text in enumerate(SENTENCES[language]):
                sound = folder / f"{language}-{number}.ogg"
                note = await _note(fake, ann, text)
                await asyncio.to_thread(sound.write_bytes, note.ogg)
                sounds.append(Spoken("note", language, text, sound))
        if fake.unknown:
            raise SystemExit(fake.unknown[0])
    return sounds


async def _note(fake: FakeTelegram, person: Person, text: str) -> Note:
    before = len(fake.notes())
    await person.say(f"/say {text}")
    await fake.until(lambda: len(fake.notes()) > before, 60)
    return fake.notes()[-1]


@asynccontextmanager
async def _sayso(fake: FakeTelegram, folder: Path) -> AsyncIterator[None]:
    """Sayso's own bot, online at the loopback."""
    overrides = [f"data_dir={folder / 'data'}", f"telegram.base_url={fake.server}"]
    loaded = load(environ={}, overrides=overrides, folder=folder)
    stop = asyncio.Event()
    async with opened(loaded) as app:
        serving = asyncio.create_task(serve(app.speaker, loaded.settings.telegram, fake.token, stop))
        await fake.until(lambda: fake.polls, 30)
        yield
        stop.set()
        await serving


if __name__ == "__main__":
    main()
