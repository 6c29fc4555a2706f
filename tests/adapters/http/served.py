"""A server as `sayso run` has it, on a socket of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bot.adapters.http import create_api, listen, names, serve, spelled
from bot.speaker import Speaker

SPEECH = "/v1/audio/speech"


@asynccontextmanager
async def client(speaker: Speaker, *keys: str, host: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that listens while it is open."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen(host, 0, keys=keys) as listener:
        api = create_api(speaker, keys=keys, hosts=names(host))
        serving = asyncio.create_task(serve(api, listener, stop, ready.set, drain=10))
        await ready.wait()
        url = f"http://{spelled(host)}:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
                yield http
        finally:
            stop.set()
            await serving
