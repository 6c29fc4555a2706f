"""The connection that there is, or the one attempt at it that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from bot.errors import EngineError
from bot.tts.gradio.thread import aside, begin

if TYPE_CHECKING:
    from bot.tts.gradio.connection import Connection

_log = structlog.get_logger()

_FAREWELL = 2.0
"""Seconds that an end waits for a web UI to be hung up on; the rest is done without anybody waiting."""


class Line:
    """Keeps one connection, made anew when it is needed and the web UI is not the same any more.

    Who needs one while another is being made waits for that: there is never more than one attempt.
    """

    def __init__(
        self,
        engine: str,
        connect: Callable[[], Connection],
        *,
        attempts: int,
        pause: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._connect = connect
        self._attempts = attempts
        self._pause = pause
        self._sleep = sleep
        self._connection: Connection | None = None
        self._attempt: asyncio.Task[Connection] | None = None
        self._trying: asyncio.Task[None] | None = None

    @property
    def connection(self) -> Connection | None:
        """The last connection that was made and is not known to be of no use; asks nobody."""
        return self._connection

    def begin(self) -> None:
        """Connect in the background, as often as we may."""
        self._trying = asyncio.create_task(self._try())

    async def get(self) -> Connection:
        """A connection to the web UI as it is now. Raises the EngineError of the attempt at one."""
        held = self._connection
        if held is not None:
            if await aside(held.same):
                return held
            _log.info("gradio_restarted", engine=self._engine)
            self.drop(held)
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._made())
            self._attempt.add_done_callback(self._over)
        # Whoever gives up takes nothing from the others.
        return await asyncio.shield(self._attempt)

    def drop(self, connection: Connection) -> None:
        """This one is of no use any more."""
        if self._connection is connection:
            self._connection = None
        begin(connection.close)

    async def close(self) -> None:
        """Hang up, and try no more."""
        tasks = [task for task in (self._trying, self._attempt) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        held, self._connection = self._connection, None
        if held is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(aside(held.close), _FAREWELL)

    async def _try(self) -> None:
        for attempt in range(1, self._attempts + 1):
            try:
                await self.get()
                return
            except EngineError as error:
                _log.warning("gradio_not_connected", engine=self._engine, attempt=attempt, error=type(error).__name__)
                if not error.retryable:
                    return
            if attempt < self._attempts:
                await self._sleep(self._pause)

    async def _made(self) -> Connection:
        made = await aside(self._connect, discard=lambda connection: connection.close())
        self._connection = made
        _log.info("gradio_connected", engine=self._engine, version=made.layout.version, gradio=made.gradio)
        return made

    def _over(self, _: object) -> None:
        self._attempt = None
