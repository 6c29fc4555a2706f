"""One child speech server as an engine: started when it is needed, put down when it is not."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine, Voice


class InstanceState(StrEnum):
    """``FAILED`` is between a crash, or a start that came to nothing, and the next start."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Figures:
    """What an instance costs: bytes of memory of the process and its children, seconds of processor and of life."""

    memory: int
    processor: float
    alive: float
    starts: int


class Instance:
    """``sayso serve --engine NAME --socket PATH`` in a process of its own, seen as the engine NAME.

    ``prototype`` is that engine, never entered here: it tells what the instance can do without starting it. With
    ``keep`` it is started on entering and stays; else the first utterance starts it, and ``idle_seconds`` without one
    put it down. A start may take ``start_seconds``. After a crash it is started again, ``pause`` seconds later, doubled
    each time up to ``longest`` until it has spoken; meanwhile it refuses with ``retry_after``. ``cpus`` are the
    processors that it may run on, ``gpu`` the one that it sees; ``arguments`` are added to the command (``--set``).
    """

    def __init__(
        self,
        prototype: Engine,
        folder: Path,
        number: int,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        keep: bool = False,
        cpus: Sequence[int] = (),
        gpu: str | None = None,
        idle_seconds: float = 600.0,
        start_seconds: float = 120.0,
        pause: float = 1.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._prototype = prototype
        self.label = f"{prototype.name}-{number}"

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._prototype.name

    @property
    def state(self) -> InstanceState:
        """What it is doing."""
        raise NotImplementedError

    @property
    def awake(self) -> bool:
        """Whether an utterance would be spoken at once."""
        return self.state is InstanceState.UP

    @property
    def figures(self) -> Figures | None:
        """What it costs now; None while it is down."""
        raise NotImplementedError

    @property
    def capabilities(self) -> Capabilities:
        """The prototype's."""
        return self._prototype.capabilities

    async def voices(self) -> Sequence[Voice]:
        """The prototype's voices."""
        return await self._prototype.voices()

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, starting the process if need be. Raises EngineUnavailable while it cannot be started."""
        raise NotImplementedError

    async def check(self) -> str:
        """Ask the process if it runs; one that is down is well."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
