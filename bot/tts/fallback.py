"""The next engine when one fails before its first sound."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from bot.errors import EngineBroken, EngineError, NothingToSay
from bot.metrics import FALLBACKS
from bot.speech import Pcm, Utterance
from bot.tts import failures as failing
from bot.tts.engine import Capabilities, Engine, Voice

_log = structlog.get_logger()


class Fallback:
    """Engines in the order of preference, seen as one.

    The engine that the utterance names speaks; if it fails before its first sound, the utterance's ``alternatives`` are
    tried in turn, each on its own engine. After the first sound a failure is final: nobody wants half a sentence and
    then the whole of it in another voice.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        if not engines:
            raise ValueError("a fallback needs at least one engine")
        self._engines = tuple(engines)
        for other in self._engines[1:]:  # what has not happened yet is counted as never
            FALLBACKS.labels(self.name, other.name)

    @property
    def name(self) -> str:
        """The first engine's name: it is the one that should speak."""
        return self._engines[0].name

    @property
    def capabilities(self) -> Capabilities:
        """The first engine's, with the languages of all, and so many characters as each of them can take."""
        every = [engine.capabilities for engine in self._engines]
        languages = frozenset().union(*(one.languages for one in every))
        obtainable = {
            language: how for one in every for language, how in one.obtainable.items() if language not in languages
        }
        shortest = min(one.max_chars for one in every)
        return replace(every[0], languages=languages, max_chars=shortest, obtainable=obtainable)

    async def voices(self) -> Sequence[Voice]:
        """The first engine's voices."""
        return await self._engines[0].voices()

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak by the first engine that begins.

        Raises the error of the engine that should have spoken, with a note for each other that failed too.
        """
        failures: list[EngineError] = []
        for engine, attempt in self._attempts(utterance):
            begun = False
            try:
                async with aclosing(engine.synthesize(attempt)) as sound:
                    async for pcm in sound:
                        if not begun and attempt is not utterance:
                            FALLBACKS.labels(utterance.engine, engine.name).inc()
                        begun = True
                        yield pcm
                return
            except EngineError as error:
                failing.count(engine.name, error)
                if begun or isinstance(error, NothingToSay):
                    raise
                failures.append(error)
                _log.warning("engine_failed_before_sound", engine=engine.name, error=type(error).__name__)
        raise _first(failures, utterance)

    async def check(self) -> str:
        """What the first engine that can speak says of itself; else the first one's error, with notes of the others."""
        failures: list[EngineError] = []
        for engine in self._engines:
            try:
                return f"{engine.name}: {await engine.check()}"
            except EngineError as error:
                failures.append(error)
        raise _noted(failures)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _attempts(self, utterance: Utterance) -> Iterator[tuple[Engine, Utterance]]:
        engines = {engine.name: engine for engine in self._engines}
        own = engines.pop(utterance.engine, None)
        if own is not None:
            yield own, utterance
        for other in utterance.alternatives:
            if (engine := engines.pop(other.engine, None)) is not None:
                yield (
                    engine,
                    replace(
                        utterance,
                        engine=other.engine,
                        voice=other.voice,
                        revision=other.revision,
                        instead_of=utterance.engine,
                        alternatives=(),
                    ),
                )


def _first(failures: list[EngineError], utterance: Utterance) -> EngineError:
    if not failures:
        return EngineBroken(utterance.engine, f"There is no engine {utterance.engine!r} here.")
    return _noted(failures)


def _noted(failures: list[EngineError]) -> EngineError:
    first, *others = failures
    for other in others:
        first.add_note(f"{other.engine} did not speak either: {other}")
    return first
