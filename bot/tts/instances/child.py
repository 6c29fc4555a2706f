"""One child process, from its start to its end."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil
import structlog

from bot.errors import EngineBroken, EngineTimeout, EngineUnavailable
from bot.tts.instances.probe import answers
from bot.tts.instances.program import Program
from bot.tts.instances.relay import Relay

log = structlog.get_logger()

_LAST_WORDS = 0.5
"""Seconds for what it still had to say; somebody outside its group may hold the pipe open for longer."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes of memory that a process and its children have, and seconds of processor that they have used."""

    memory: int
    processor: float


class Child:
    """A process that ends when its standard input does, and so with us, however we end.

    It is the first of a group and a session of its own: what a terminal sends to us does not reach it, and what it has
    started itself can be ended with it.
    """

    def __init__(self, process: Process, hold: int, label: str, relay: Relay, pipe: asyncio.BaseTransport) -> None:
        self._process = process
        self._hold: int | None = hold
        self._label = label
        self._relay = relay
        self._pipe = pipe
        self._life = asyncio.create_task(self._lived())

    @classmethod
    async def start(cls, program: Program, engine: str, label: str) -> Child:
        """Start the program. Raises EngineUnavailable where the system does not let us."""
        try:
            return await cls._started(program, label)
        except OSError as error:
            raise EngineUnavailable(engine, f"{label} cannot be started: {error.strerror}.") from error

    @classmethod
    async def _started(cls, program: Program, label: str) -> Child:
        # Whoever tidies up where it lives may have done so while it slept.
        program.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        program.socket.parent.mkdir(mode=0o700, exist_ok=True)
        with ExitStack() as theirs, ExitStack() as ours:
            heard, told = os.pipe()
            theirs.callback(os.close, told)
            relay, pipe = await Relay.on(heard, label)
            ours.callback(pipe.close)
            given, hold = os.pipe()
            theirs.callback(os.close, given)
            ours.callback(os.close, hold)
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=given,
                stdout=DEVNULL,
                stderr=told,
                env=program.environment,
                cwd=program.folder,
                start_new_session=True,
            )
            ours.pop_all()
        return cls(process, hold, label, relay, pipe)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def how(self) -> str:
        """How it ended: ``status 1``, or ``SIGKILL``."""
        return _how(self._life.result())

    async def ready(self, engine: str, socket: Path, seconds: float) -> None:
        """Wait until it answers. Raises EngineTimeout when it does not in time, and when it ends, EngineBroken if it
        says what is wrong with the installation or the settings, else EngineUnavailable."""
        answering = asyncio.create_task(answers(socket))
        try:
            await asyncio.wait({answering, self._life}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if self._life.done():
                self._failed(engine)
            if not answering.done():
                raise EngineTimeout(engine, f"{self._label} was not ready within {seconds:g} s.")
            self._relay.spoken_to = True
        finally:
            answering.cancel()

    async def ended(self, within: float | None = None) -> bool:
        """Wait for its end, ``within`` so many seconds: whether it has ended."""
        await asyncio.wait({self._life}, timeout=within)
        return self._life.done()

    async def put_down(self, grace: float) -> None:
        """Let it end in order, and after ``grace`` seconds without; it has ended on return."""
        self._let_go()
        try:
            if grace and not await self.ended(grace):
                log.warning("instance_killed", instance=self._label)
        finally:
            self.kill()
        await self.ended()

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        if self._process.returncode is None:
            self._sweep()

    def cost(self) -> Cost | None:
        """What it costs now with its children; None when it is gone or cannot be looked at."""
        with suppress(psutil.Error, OSError):
            return _cost(psutil.Process(self.pid))
        return None

    def _let_go(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None

    async def _lived(self) -> int:
        code = await self._process.wait()
        self._sweep()  # what it has started may hold on to memory that the next one needs, and to our pipe
        self._let_go()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._relay.over.wait()
        self._pipe.close()
        log.info("instance_ended", instance=self._label, how=_how(code))
        return code

    def _sweep(self) -> None:
        """End whoever is left of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _failed(self, engine: str) -> NoReturn:
        words = f": {self._relay.words}" if self._relay.words else "; look into the log."
        message = f"{self._label} ended ({self.how}) before it was ready{words}"
        if self._relay.refused:
            raise EngineBroken(engine, message)
        raise EngineUnavailable(engine, message)


def _how(code: int) -> str:
    with suppress(ValueError):
        if code < 0:
            return signal.Signals(-code).name
    return f"status {code}"


def _cost(process: psutil.Process) -> Cost:
    times = process.cpu_times()
    memory = process.memory_info().rss
    processor = times.user + times.system + times.children_user + times.children_system
    for other in process.children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            memory += other.memory_info().rss
            own = other.cpu_times()
            processor += own.user + own.system
    return Cost(memory, processor)
