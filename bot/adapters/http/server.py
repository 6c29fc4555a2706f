"""Running the HTTP adapter until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.errors import ConfigError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The Host headers that each server on loopback answers."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def names(host: str) -> Sequence[str]:
    """The Host headers that a server on ``host`` answers; ``*`` is any."""
    return (*LOOPBACK, spelled(host).lower()) if is_loopback(host) else ("*",)


def spelled(host: str) -> str:
    """``host`` as it stands in a URL and in a Host header."""
    return f"[{host}]" if ":" in host else host


def listen(host: str, port: int, *, keys: Sequence[str] = ()) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises ConfigError for a port that is taken, and for any address but loopback while no key is set.
    """
    if not is_loopback(host) and not keys:
        raise ConfigError(
            f"http.host: {host} can be reached by others, and no key is set; set SAYSO_API_KEYS or use 127.0.0.1"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"http.port: {host}:{port} cannot be listened on ({error.strerror}); "
            "stop what uses it or set SAYSO__HTTP__PORT to another"
        ) from error
    return listener


def listen_at(path: Path) -> socket.socket:
    """A unix socket that only this user can reach, and so needs no key.

    Raises ConfigError where it cannot be made.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        with _for_us_alone():
            listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError(f"{path}: cannot be listened at ({error.strerror or error}); name another") from error
    return listener


@contextmanager
def _for_us_alone() -> Iterator[None]:
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


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
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=math.ceil(drain),
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
