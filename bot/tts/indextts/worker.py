"""The thread that owns the model: nothing else touches it, and the event loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import structlog

from bot.errors import ConfigError, EngineBroken, EngineError, EngineUnavailable
from bot.log import where
from bot.tts.indextts.breakdown import Breakdown, lost, told
from bot.tts.indextts.order import Order

if TYPE_CHECKING:
    from bot.tts.indextts.studio import Studio

_log = structlog.get_logger()


class Worker:
    """Runs a studio in a thread of its own, which is opened there when it is first needed.

    ``open_studio`` raises ConfigError or EngineError where there is none to be had; it is tried again for whoever comes
    next. ``lost`` is called in the thread once it is certain that nothing will be spoken in this process any more. All
    methods are for one event loop.
    """

    def __init__(self, name: str, open_studio: Callable[[], Studio], lost: Callable[[], object]) -> None:
        self._name = name
        self._open = open_studio
        self._lost = lost
        self._commands: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._studio: Studio | None = None
        self._over: Breakdown | None = None
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin; nothing is loaded yet."""
        self._thread.start()

    async def opened(self) -> str:
        """Wait until the model is there → where it runs (``cpu bf16``). Raises ConfigError or EngineError."""
        answer: Future[str] = Future()
        self._commands.put(partial(self._tell, answer))
        return await asyncio.wrap_future(answer)

    def say(self, order: Order) -> None:
        """Speak it, with all others; the order is told whatever becomes of it."""
        self._commands.put(partial(self._begin, order))

    def drop(self, order: Order) -> None:
        """Nobody listens to it any more."""
        order.dropped = True
        self._commands.put(partial(self._forget, order))

    async def stop(self) -> None:
        """Break off what is being spoken, free the model, and end the thread."""
        # Before the last command: what still waits in front of that is refused, and loads nothing.
        self._over = self._over or Breakdown(EngineUnavailable, f"{self._name} is closed.")
        self._commands.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (command := self._command()) is not None:
            try:
                command()
            except Exception as error:  # noqa: BLE001 (a thread that dies without a word leaves everybody waiting)
                self._fail(error)
        if self._studio is not None and self._over is not None:
            self._studio.end(self._over)
        self._studio = None

    def _command(self) -> Callable[[], None] | None:
        """What was asked for; where nothing was, a step of what there is to do. Waits where there is nothing."""
        studio = self._studio
        if studio is None or studio.idle:
            return self._commands.get()
        try:
            return self._commands.get_nowait()
        except Empty:
            return partial(self._step, studio)

    def _step(self, studio: Studio) -> None:
        studio.step()
        self._see(studio)

    def _begin(self, order: Order) -> None:
        if order.dropped:
            return
        try:
            studio = self._ready()
        except ConfigError as error:
            order.end(EngineBroken(self._name, str(error)))
        except EngineError as error:
            order.end(error)
        else:
            studio.begin(order)
            self._see(studio)

    def _forget(self, order: Order) -> None:
        if self._studio is not None:
            self._studio.drop(order)
            self._see(self._studio)

    def _tell(self, answer: Future[str]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(self._ready().place)
        except (ConfigError, EngineError) as error:
            answer.set_exception(error)

    def _ready(self) -> Studio:
        if self._over is not None:
            raise self._over.error(self._name)
        if self._studio is None:
            self._studio = self._opened()
        return self._studio

    def _opened(self) -> Studio:
        try:
            return self._open()
        except (ConfigError, EngineError):
            raise
        except Exception as error:  # noqa: BLE001 (it loads foreign code, and who waits is to be told)
            _log.error("indextts_not_opened", engine=self._name, error=type(error).__name__, where=where(error))
            failure = told(error, "loading")
        raise failure.error(self._name)

    def _fail(self, error: Exception) -> None:
        """What nobody has reckoned with: all are told, and another process may do better."""
        _log.error("indextts_worker_failed", engine=self._name, error=type(error).__name__, where=where(error))
        studio, self._studio, self._over = self._studio, None, lost(error)
        if studio is not None:
            studio.end(self._over)
        self._lost()

    def _see(self, studio: Studio) -> None:
        """A device that has failed for good is of no use to anybody, and nor is what lies on it."""
        if studio.broken is not None:
            self._over, self._studio = studio.broken, None
            self._lost()
