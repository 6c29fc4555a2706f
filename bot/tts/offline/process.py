"""The parent's side of the worker process: starts it, asks it, notices its death, puts it down."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog

import bot.errors
from bot.errors import EngineBroken, EngineError, EngineTimeout, EngineUnavailable
from bot.speech import Samples

_ENGINE = "offline"
_HOME = Path(bot.errors.__file__).parent.parent
_STOP_SECONDS = 5.0

Answer = tuple[Mapping[str, Any], bytes]

log = structlog.get_logger()


def command(folder: Path) -> tuple[str, ...]:
    """How the worker is started; ``folder`` holds the voices."""
    return (sys.executable, "-m", "bot.tts.offline.worker", str(folder))


class Worker:
    """One worker process at a time, started by the first question and again by the first after its death.

    Questions are answered in order. A caller may leave before its answer: the worker then finishes what it is at, the
    answer is dropped, and :meth:`quiet` says when it is free again.
    """

    def __init__(self, command: Sequence[str], *, patience: float) -> None:
        self._command = tuple(command)
        self._patience = patience
        self._line: _Line | None = None
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._line.process.pid if self._line and self._line.open else None

    @property
    def busy(self) -> bool:
        """Whether it still owes an answer, wanted or not."""
        return self._line is not None and not self._line.quiet.is_set()

    async def quiet(self) -> None:
        """Wait until it owes no answer."""
        if self._line is not None:
            await self._line.quiet.wait()

    async def plan(self, voice: str, language: str, text: str) -> list[str]:
        """Phonemes of the text, in chunks to be spoken one by one."""
        header, _ = await self._ask({"do": "plan", "voice": voice, "language": language, "text": text})
        return list(header["chunks"])

    async def speak(self, voice: str, phonemes: str, rate: float) -> Samples:
        """Sound of one chunk."""
        _, body = await self._ask({"do": "speak", "voice": voice, "phonemes": phonemes, "rate": rate})
        return np.frombuffer(body, np.float32)

    async def stop(self) -> None:
        """End the process, in whatever it is doing; whoever waits for it is told that it is unavailable."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _ask(self, order: Mapping[str, Any]) -> Answer:
        async with self._starting:
            if self._line is None or not self._line.open:
                self._line = _Line(await self._start())
        header, body = await self._line.ask(order, self._patience)
        if "error" in header:
            raise _error(header)
        return header, body

    async def _start(self) -> Process:
        path = os.pathsep.join(filter(None, (str(_HOME), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path}
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, env=environment)
        except OSError as error:
            raise EngineUnavailable(_ENGINE, f"the offline worker cannot be started: {error.strerror}") from error
        log.info("offline.worker.started", pid=process.pid)
        return process


class _Line:
    """The conversation with one process, from its start to its end."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.open = True
        self.quiet = asyncio.Event()
        self.quiet.set()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._listener = asyncio.create_task(self._listen())

    async def ask(self, order: Mapping[str, Any], patience: float) -> Answer:
        assert self.process.stdin is not None
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self.quiet.clear()
        self.process.stdin.write(json.dumps({"id": number, **order}).encode() + b"\n")
        try:
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            await self.close(kill=True)
            raise EngineTimeout(_ENGINE, f"the offline voice fell silent for {patience:g} s; try again") from None

    async def close(self, *, kill: bool = False) -> None:
        assert self.process.stdin is not None
        self.open = False
        self.process.stdin.close()
        if kill and self.process.returncode is None:
            self.process.kill()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.shield(self._listener)
        except TimeoutError:
            self.process.kill()
            await self._listener

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            while head := await self.process.stdout.readline():
                header = json.loads(head)
                self._deliver(header, await self.process.stdout.readexactly(header.get("bytes", 0)))
        except (asyncio.IncompleteReadError, ValueError):
            # Half an answer is no answer: the process is dead, or as good as dead.
            if self.process.returncode is None:
                self.process.kill()
        self._end()
        log.info("offline.worker.ended", pid=self.process.pid, code=await self.process.wait())

    def _deliver(self, header: Mapping[str, Any], body: bytes) -> None:
        answer = self._waiting.pop(header["id"])
        if not answer.done():
            answer.set_result((header, body))
        if not self._waiting:
            self.quiet.set()

    def _end(self) -> None:
        self.open = False
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(EngineUnavailable(_ENGINE, "the offline worker ended while speaking; try again"))
        self._waiting.clear()
        self.quiet.set()


def _error(header: Mapping[str, Any]) -> EngineError:
    kind = getattr(bot.errors, header["error"], EngineBroken)
    error: EngineError = kind(_ENGINE, header["message"])
    return error
