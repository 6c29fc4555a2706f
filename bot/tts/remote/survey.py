"""What is known of a server: whether it can speak, by which voices, and whether it is a Sayso."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.errors import EngineBroken, EngineError, EngineTimeout, EngineUnavailable
from bot.tts.remote.catalogue import OPENAI, Catalogue, is_ready, is_sayso
from bot.tts.remote.faults import FOREIGN, Complaint, Server, fault, refusal
from bot.tts.remote.line import Answer, Line

_log = structlog.get_logger()

FRESH = 300.0
"""Seconds after which the server is asked again."""
_FIRST_PAUSE = 5.0
"""Seconds after which it is asked again if it did not answer; doubled each time."""
_EAGER = 10.0
"""Seconds within which a doubt is no reason to ask again."""
_LIMIT = 10.0
"""Seconds for an answer."""
_VOICES = ("/v1/audio/voices", "/v1/voices")
_ABSENT = (404, 405, 501)


class Survey:
    """Asks in the background, and never waits with what it knows. ``names`` and ``languages`` that are given are not
    asked for; a server that is a ``sayso`` from the start need not say so."""

    def __init__(
        self,
        line: Line,
        server: Server,
        names: Sequence[str],
        languages: Sequence[str],
        *,
        sayso: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._server = server
        self._given = bool(names)
        self._languages = tuple(languages)
        self._clock = clock
        self._asked = float("-inf")
        self._answered = False
        self._doubt = asyncio.Event()
        self.sayso = sayso
        self.catalogue = Catalogue.given(server.engine, names or OPENAI, languages, server.model)

    async def keep_fresh(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Ask now, every few minutes, and when there is a doubt; sooner again if there was no answer."""
        failed = 0
        while True:
            await self._ask()
            failed = 0 if self._answered else failed + 1
            await _first(sleep(min(_FIRST_PAUSE * 2.0 ** (failed - 1), FRESH) if failed else FRESH), self._doubt.wait())
            self._doubt.clear()

    def doubt(self) -> None:
        """Something was not as it is known: ask again, unless that was done just now."""
        if self._clock() - self._asked >= _EAGER:
            self._doubt.set()

    async def check(self) -> str:
        """Whether it can speak. Raises the EngineError that says why not."""
        try:
            async with asyncio.timeout(_LIMIT):
                return await self._check()
        except TimeoutError as error:
            raise EngineTimeout(self._server.engine, f"{self._server} does not answer.") from error

    async def _check(self) -> str:
        ready = await self._get("/ready")
        if ready.status == 503 and isinstance(ready.json, dict):
            told = Complaint.of(ready, self._server.key).told
            message = f"{self._server} is not ready to speak yet; wait a moment.{told}"
            raise EngineUnavailable(self._server.engine, message)
        if not self._answered:
            self.doubt()
        if self._given and ready.status == 200 and is_ready(ready.json):
            return _count(len(self.catalogue.voices), "voice")
        for path in _VOICES:
            if (found := await self._get(path)).status == 200 and self._learn(found):
                return _count(len(self.catalogue.voices), "voice")
        models = await self._get("/v1/models")
        if models.status == 200:
            return "reachable"
        if models.status not in _ABSENT:
            raise refusal(self._server, models)
        if (await self._get("/v1/audio/speech")).status in (400, 405, 422):
            return "reachable"  # it has that address, but nobody gets anything there
        message = f"{self._server} answers, but has no /v1/audio/speech; see remote.servers."
        raise EngineBroken(self._server.engine, message)

    async def _ask(self) -> None:
        """Learn what there is to be learnt; what fails is only logged."""
        self._asked = self._clock()
        self._answered = False
        try:
            async with asyncio.timeout(_LIMIT):
                await self._look()
            self._answered = True
        except (EngineError, TimeoutError) as error:
            _log.info("remote_not_surveyed", engine=self._server.engine, error=type(error).__name__)

    async def _look(self) -> None:
        for path in () if self.sayso else ("/v1/models", "/health"):
            if is_sayso((await self._get(path)).json):
                self.sayso = True
                break
        if not self._given:
            for path in _VOICES:
                found = await self._get(path)
                if found.status == 200 and self._learn(found):
                    return
                if found.status not in (200, *_ABSENT):
                    raise refusal(self._server, found)

    def _learn(self, answer: Answer) -> bool:
        """Take the voices of an answer, if there are any in it and none were given."""
        try:
            known = Catalogue.read(self._server.engine, answer.json, self._languages, self._server.model)
        except ValueError:
            return False
        self.sayso = self.sayso or is_sayso(answer.json)
        if not self._given:
            self.catalogue = known
        return True

    async def _get(self, path: str) -> Answer:
        try:
            return await self._line.get(path)
        except FOREIGN as error:
            raise fault(self._server, error) from error


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


async def _first(*waiting: Awaitable[object]) -> None:
    """Wait for whichever comes first, and leave the others."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
