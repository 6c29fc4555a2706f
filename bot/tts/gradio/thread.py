"""Blocking work beside the event loop, in threads that never keep the process from ending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from threading import Thread
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Daemons(Executor):
    """Runs each call in a daemon thread of its own.

    The pools of the standard library are waited for when the interpreter ends, and gradio_client has threads in them
    that only come back when a web UI answers.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin at once."""
        future: Future[T] = Future()
        work = partial(fn, *args, **kwargs)
        Thread(target=_fulfil, args=(future, work), name="gradio", daemon=True).start()
        return future


_DAEMONS = Daemons()


async def aside(work: Callable[[], T], discard: Callable[[T], Any] | None = None) -> T:
    """What the work comes to. Who is cancelled does not wait for it: then ``discard`` gets it, in a thread too."""
    future = _DAEMONS.submit(work)
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        if discard is not None:
            future.add_done_callback(partial(_discarded, discard))
        raise


def begin(work: Callable[[], Any]) -> None:
    """Do this sometime soon; nobody waits for it, and nobody is told how it went."""
    _DAEMONS.submit(work)


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 (it is raised where the future is waited for)
        future.set_exception(error)
    else:
        future.set_result(result)


def _discarded(discard: Callable[[T], Any], future: Future[T]) -> None:
    if not future.cancelled() and future.exception() is None:
        begin(partial(discard, future.result()))
