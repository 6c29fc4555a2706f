"""Running the HTTP adapter until it is told to stop."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from bot.adapters.http.protocol import Protocol

KEPT = 75
"""Seconds that an idle connection is kept: longer than clients do, so that none of them writes into a closed one."""


async def serve(
    api: FastAPI, listener: socket.socket, stop: asyncio.Event, ready: Callable[[], None], *, drain: float
) -> None:
    """Answer on ``listener`` until ``stop`` is set; ``ready`` is called once it does.

    After that nothing new is taken, and answers that are still open have ``drain`` seconds (rounded up) to be finished.
    """
    server = _Server(_config(api, drain), ready)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await running


def _config(api: FastAPI, drain: float) -> uvicorn.Config:
    # What fails is logged by us, without its words; uvicorn would print a traceback with all of them.
    return uvicorn.Config(
        api,
        http=Protocol,
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=math.ceil(drain),
        timeout_keep_alive=KEPT,
        proxy_headers=False,
        server_header=False,
        ws="none",
        lifespan="off",
    )


class _Server(uvicorn.Server):
    """Says when it answers. Signals belong to the application, which has more to close than this."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
