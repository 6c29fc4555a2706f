"""A server as `sayso run` has it, on a socket of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.adapters.http import create_api, listen, names, serve, spelled
from bot.speaker import Speaker
from tests.doubles.engine import FakeEngine

SPEECH = "/v1/audio/speech"


@asynccontextmanager
async def address(
    speaker: Speaker, keys: Sequence[str] = (), host: str = "127.0.0.1", **options: Any
) -> AsyncIterator[str]:
    """The URL of a server that listens while it is open; ``options`` are those of the API."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen(host, 0, keys=keys) as listener:
        port = listener.getsockname()[1]
        api = create_api(speaker, keys=keys, hosts=names(host), **options)
        serving = asyncio.create_task(serve(api, listener, stop, ready.set, drain=10))
        await ready.wait()
        try:
            yield f"http://{spelled(host)}:{port}"
        finally:
            stop.set()
            await serving


@asynccontextmanager
async def client(
    speaker: Speaker, *keys: str, host: str = "127.0.0.1", **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that listens while it is open."""
    async with (
        address(speaker, keys, host, **options) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        yield http


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that nobody announces; at most ten seconds."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 (nothing announces it)
            await asyncio.sleep(0.001)


def held(engine: FakeEngine, sentence: int = 0) -> asyncio.Event:
    """Let the engine say nothing of the sentences from this one on (the first is 0) until the event is set."""
    gate = asyncio.Event()

    async def sleep(_: float) -> None:
        if len(engine.asked) > sentence:
            await gate.wait()

    engine.sleep = sleep
    return gate


def failing(error: Exception) -> Callable[..., Awaitable[None]]:
    """What goes wrong whatever it is called with."""

    async def fail(*_: object, **__: object) -> None:
        raise error

    return fail
