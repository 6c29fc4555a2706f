"""The composition root: what is entered in which order, and so what is closed before what.

Opening: store, engines, speaker. Closing, in reverse: the speaker takes nothing new and drains, engines are put down,
the store writes its last. Adapters live inside: their intake stops before the speaker drains.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.config import Loaded, Settings
from bot.errors import ConfigError, StoreError
from bot.queue import Dispatcher, Limits
from bot.script import Stage
from bot.selftest import SelfTest
from bot.speaker import Speaker
from bot.store import Store
from bot.tts.breaker import Breaker
from bot.tts.edge import Edge
from bot.tts.engine import Engine
from bot.tts.fallback import Fallback
from bot.tts.offline import Offline
from bot.tts.voices import UnknownName, Voices

log = structlog.get_logger()

MEGABYTE = 1024 * 1024
DAY = 86_400.0
JOURNAL_KEPT = 7 * DAY
"""Seconds that a finished entry of the journal is kept, for whoever wonders what became of a request."""


@dataclass(frozen=True, slots=True)
class App:
    """Everything that is alive between opening and closing; ``leaves`` are the bare engines, without wrappers."""

    loaded: Loaded
    store: Store
    leaves: Mapping[str, Engine]
    speaker: Speaker
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
        leaves: dict[str, Engine] = {"offline": _offline(settings), "edge": _edge(settings, resident)}
        for engine in leaves.values():
            await stack.enter_async_context(engine)
        stage = _stage(settings, leaves)
        await _check(stage)
        speaker = Speaker(stage, _dispatcher(settings, stage), store, settings.audio)
        # Who waits at a terminal and breaks off wants to be rid of it; only a bot has others to finish for.
        stack.push_async_callback(speaker.close, settings.queue.drain_seconds if resident else 0.0)
        test = SelfTest(speaker, settings.self_test.text) if resident and settings.self_test.enabled else None
        if test is not None:
            testing = asyncio.create_task(test.run())
            stack.callback(testing.cancel)
        yield App(loaded, store, leaves, speaker, test)


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
        cache_age=cache.days * 86_400,
        memory_bytes=cache.memory_megabytes * MEGABYTE,
    )


def _offline(settings: Settings) -> Offline:
    return Offline(slots=settings.offline.slots, idle_seconds=settings.offline.idle_seconds)


def _edge(settings: Settings, resident: bool) -> Edge:
    edge = settings.edge
    return Edge(
        cache_file=settings.data / "edge-voices.json",
        refresh=resident and edge.refresh,
        slots=edge.slots,
        connect_timeout=edge.connect_seconds,
        first_audio_timeout=edge.first_audio_seconds,
        gap_timeout=edge.gap_seconds,
        attempts=edge.attempts,
    )


def _stage(settings: Settings, leaves: Mapping[str, Engine]) -> Stage:
    """The engines that people may choose: edge behind a breaker, with the offline voices behind that."""
    offline, breaker = leaves["offline"], Breaker(leaves["edge"])
    edge = Fallback([breaker, offline]) if settings.edge.fallback else breaker
    fallbacks = {"edge": ("offline",)} if settings.edge.fallback else {}
    engines: dict[str, Engine] = {"offline": offline, "edge": edge}
    return Stage(engines, _voices(settings), settings.speak, fallbacks, {"edge": breaker})


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
