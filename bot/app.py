"""The composition root: what is entered in which order, and so what is closed before what.

Opening: store, engines, speaker. Closing, in reverse: the speaker takes nothing new and drains, engines are put down,
the store writes its last. Adapters live inside: their intake stops before the speaker drains.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.config import Loaded, Settings
from bot.engines import Engines, enter
from bot.errors import ConfigError, StoreError
from bot.gauges import Gauges, unknown
from bot.queue import Dispatcher, Limits
from bot.script import Stage
from bot.selftest import SelfTest
from bot.speaker import Speaker
from bot.store import Store
from bot.tts.voices import UnknownName, Voices

log = structlog.get_logger()

MEGABYTE = 1024 * 1024
DAY = 86_400.0
JOURNAL_KEPT = 7 * DAY
"""Seconds that a finished entry of the journal is kept, for whoever wonders what became of a request."""


@dataclass(frozen=True, slots=True)
class App:
    """Everything that is alive between opening and closing."""

    loaded: Loaded
    store: Store
    engines: Engines
    speaker: Speaker
    gauges: Gauges
    test: SelfTest | None = None


@asynccontextmanager
async def opened(loaded: Loaded, *, resident: bool = False) -> AsyncIterator[App]:
    """The whole house but for its adapters; ``resident`` if it stays, and so keeps itself up to date.

    Raises StoreError or ConfigError when it cannot be opened.
    """
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(_store(settings))
        if resident:
            await _tidy(store)
            tidying = asyncio.create_task(_keep_house(store))
            stack.callback(tidying.cancel)
        voices = _voices(settings)
        engines = await enter(stack, loaded, voices, resident=resident)
        stage = Stage(engines.chosen, voices, settings.speak, engines.fallbacks, engines.breakers)
        await _check(stage)
        speaker = Speaker(stage, _dispatcher(settings, stage), store, settings.audio)
        # Who waits at a terminal and breaks off wants to be rid of it; only a bot has others to finish for.
        stack.push_async_callback(_close, speaker, settings.queue.drain_seconds if resident else 0.0)
        test = SelfTest(speaker, settings.self_test.text) if resident and settings.self_test.enabled else None
        if test is not None:
            testing = asyncio.create_task(test.run())
            stack.callback(testing.cancel)
        yield App(loaded, store, engines, speaker, _gauges(speaker, engines, test), test)


async def _close(speaker: Speaker, drain: float) -> None:
    """Drain for so long, or until told a second time; either way to the end."""
    try:
        await speaker.close(drain)
    except asyncio.CancelledError:
        await speaker.close()
        raise


def _gauges(speaker: Speaker, engines: Engines, test: SelfTest | None) -> Gauges:
    return Gauges(
        speaker,
        pools=engines.pools,
        instances=engines.instances,
        workers=engines.workers,
        passed=unknown if test is None else lambda: test.passed,
    )


async def _tidy(store: Store) -> None:
    await store.journal.forget(before=time.time() - JOURNAL_KEPT)


async def _keep_house(store: Store) -> None:
    """What is finished is not kept for longer because the bot is never restarted."""
    while True:
        await asyncio.sleep(DAY)
        try:
            await _tidy(store)
        except StoreError as error:
            log.warning("journal_tidy_failed", error=type(error).__name__)


def _store(settings: Settings) -> Store:
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The data folder {settings.data} cannot be made; set data_dir to another.") from error
    cache = settings.cache
    # Beyond one machine preferences and journal are shared; audio stays on each.
    shared = settings.store.url.startswith("postgres")
    return Store.open(
        settings.store.url or settings.data / "sayso.db",
        cache=settings.data / "audio.db" if shared else None,
        cache_bytes=cache.megabytes * MEGABYTE,
        cache_entries=cache.entries,
        cache_age=cache.days * 86_400,
        memory_bytes=cache.memory_megabytes * MEGABYTE,
    )


async def _check(stage: Stage) -> None:
    """What only the installed voices can tell of the settings. Raises ConfigError."""
    who = stage.voices.find(stage.speak.voice, await stage.available())
    if isinstance(who, UnknownName):
        near = ", ".join(who.nearest)
        raise ConfigError(f"speak.voice: there is no voice {who.name!r}; the nearest are {near}")
    language = stage.speak.language
    known = {tag for engine in stage.engines.values() for tag in engine.capabilities.languages}
    if language is not None and language.replace("_", "-").split("-")[0].lower() not in known:
        raise ConfigError(f"speak.language: {language!r} is not one of {', '.join(sorted(known))}")


def _voices(settings: Settings) -> Voices:
    extra = Path(settings.voices.extra).expanduser()
    if settings.voices.extra and not extra.exists():
        raise ConfigError(f"voices.extra: there is no file or folder {extra}; create it or leave the setting empty")
    return Voices.load(extra=[extra] if settings.voices.extra else [])


def _dispatcher(settings: Settings, stage: Stage) -> Dispatcher:
    queue = settings.queue
    return Dispatcher(
        {name: engine.capabilities.slots for name, engine in stage.engines.items()},
        limits=Limits(queue.per_user, queue.per_guild, queue.total),
        rtf={name: engine.capabilities.rtf for name, engine in stage.engines.items()},
    )
