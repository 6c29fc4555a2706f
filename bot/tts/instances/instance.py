"""One child speech server as an engine: started when it is needed, put down when it is not."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import EngineError, EngineRejected, EngineTruncated, EngineUnavailable
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine, Voice
from bot.tts.instances.child import Child
from bot.tts.instances.life import InstanceState, Life, Terms
from bot.tts.instances.lodging import lodging
from bot.tts.instances.placement import Placement
from bot.tts.instances.program import Program, program
from bot.tts.instances.rest import Rest
from bot.tts.remote import Remote

_MOMENT = 0.5
"""Seconds from the end of a child's sound to the news of its own end, if that is why."""
_FIRST_AUDIO = 30.0
_GAP = 30.0
"""Seconds of silence that are no fault yet; a model may be loaded by the first utterance."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What an instance costs: bytes of memory of the process and its children, seconds of processor and of life, both
    of this process; and how often one was started."""

    memory: int
    processor: float
    alive: float
    starts: int


class Instance:
    """``sayso serve --engine NAME --socket PATH`` in a process of its own, seen as the engine NAME.

    ``prototype`` is that engine, never entered here: it tells what the instance can do without starting it. With
    ``keep`` it is started on entering and stays; else the first utterance starts it, and ``idle_seconds`` without one
    put it down. A start may take ``start_seconds``. After a crash it is started again, ``pause`` seconds later, doubled
    each time up to ``longest`` until it has spoken; meanwhile it refuses with ``retry_after``. One that does not answer
    :meth:`check` within ``patience`` seconds, twice in a row, is ended and counts as crashed; before its first
    utterance is whole it has ``start_seconds`` for that, too.

    ``cpus`` are the processors that it may run on, ``gpu`` the one that it sees. ``settings``
    (:func:`~bot.tts.instances.program.handed_down`) are the child's, ``arguments`` are added to its command, and
    ``environment`` is what it inherits of, ours if it is not given. Its data lies in ``folder`` until we leave.
    """

    def __init__(
        self,
        prototype: Engine,
        folder: Path,
        number: int,
        *,
        arguments: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        keep: bool = False,
        cpus: Sequence[int] = (),
        gpu: str | None = None,
        idle_seconds: float = 600.0,
        start_seconds: float = 120.0,
        pause: float = 1.0,
        longest: float = 60.0,
        patience: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        program: Callable[..., Program] = program,
    ) -> None:
        self._prototype = prototype
        self.label = f"{prototype.name}-{number}"
        self._folder = folder
        self._number = number
        self._program = partial(
            program,
            arguments=arguments,
            settings=settings,
            environment=environment,
            placement=Placement(tuple(cpus), gpu),
        )
        self._first_audio = max(_FIRST_AUDIO, start_seconds)
        self._clock = clock
        terms = Terms(keep, idle_seconds, start_seconds, patience)
        rest = Rest(pause, longest, clock=clock, chance=chance)
        self._life = Life(self.name, self.label, terms, rest, clock=clock, sleep=sleep)
        self._stack = AsyncExitStack()
        self._remote: Remote | None = None

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._prototype.name

    @property
    def state(self) -> InstanceState:
        """What it is doing."""
        return self._life.state

    @property
    def awake(self) -> bool:
        """Whether an utterance would be spoken at once."""
        return self.state is InstanceState.UP

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        child = self._life.child
        return None if child is None else child.pid

    @property
    def figures(self) -> Figures | None:
        """What it costs now; None while it is down. Looks at each process of the child's: a millisecond or a few."""
        child = self._life.child
        cost = None if child is None else child.cost()
        if cost is None:
            return None
        return Figures(cost.memory, cost.processor, self._clock() - self._life.since, self._life.starts)

    @property
    def capabilities(self) -> Capabilities:
        """The prototype's."""
        return self._prototype.capabilities

    async def voices(self) -> Sequence[Voice]:
        """The prototype's voices."""
        return await self._prototype.voices()

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, starting the process if need be. Raises EngineUnavailable while it cannot be started."""
        async with self._life.used() as child:
            assert self._remote is not None
            begun = False
            try:
                async with aclosing(self._remote.synthesize(utterance)) as sound:
                    async for pcm in sound:
                        begun = True
                        yield pcm
            except EngineError as error:
                if isinstance(error, EngineRejected) or (end := await self._end(child)) is None:
                    raise
                kind = EngineTruncated if begun else EngineUnavailable
                raise self._life.error(kind, f"{self.label} {end}.") from error
            self._life.proven()

    async def check(self) -> str:
        """Ask the process if it runs; one that is down is well."""
        return await self._life.check()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            # By its socket's name it is spoken of where something is wrong: people know the engine.
            home = stack.enter_context(lodging(self._folder, self._number, self.name))
            self._remote = await stack.enter_async_context(await self._line(home.socket))
            stack.push_async_callback(self._life.close)
            self._life.open(self._program(self.name, home.socket, home.folder))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _line(self, socket: Path) -> Remote:
        """What speaks to the process; it asks for nothing that the prototype knows."""
        able = self.capabilities
        return Remote(
            "http://localhost",
            name=self.name,
            socket=socket,
            model=self.name,
            voices=[voice.name for voice in await self.voices()],
            languages=sorted(able.languages),
            slots=able.slots,
            first_audio_timeout=self._first_audio,
            gap_timeout=_GAP,
        )

    async def _end(self, child: Child) -> str | None:
        """What has ended the child's sound, if that was its own end."""
        if self._life.closing:
            return "was closed while it spoke"
        if await child.ended(within=_MOMENT):
            return f"crashed while it spoke ({child.how})"
        return None
