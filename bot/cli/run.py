"""``sayso run``: the bot, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any

import structlog
from rich.console import Console

from bot.adapters.http import create_api, listen, names, serve, spelled
from bot.app import App, opened
from bot.config import Loaded
from bot.log import configure

log = structlog.get_logger()

GREETING = """
[bold]Sayso is listening on {url}[/bold]

Hear it at once, in another terminal:

  curl {url}/v1/audio/speech -H 'content-type: application/json' \\
       -d '{{"input": "Hello from Sayso.", "response_format": "wav"}}' -o hello.wav

or type into the page at {url}, or run:  {sayso} say "Hello from Sayso." -o hello.ogg

Ctrl-C stops it.
"""


def run(loaded: Loaded) -> None:
    """Start, say where, and answer until told to stop."""
    configure(loaded.settings.log)
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(loaded))


async def _run(loaded: Loaded) -> None:
    stop = asyncio.Event()
    _on_signals(stop)
    http, keys = loaded.settings.http, loaded.secrets.api_keys
    # The port is taken before anything heavy is opened: the likeliest mistake answers first.
    with listen(http.host, http.port, keys=keys) as listener:
        async with opened(loaded, resident=True) as app:
            api = create_api(app.speaker, keys=keys, hosts=names(http.host))
            url = f"http://{spelled(http.host)}:{listener.getsockname()[1]}"
            drain = loaded.settings.queue.drain_seconds
            await _together(stop, serve(api, listener, stop, lambda: _greet(url), drain=drain), *_chats(app, stop))
            log.info("stopping")


def _chats(app: App, stop: asyncio.Event) -> Iterator[Coroutine[Any, Any, None]]:
    """The chat adapters whose token is set."""
    secrets, settings = app.loaded.secrets, app.loaded.settings
    if secrets.discord_token:
        from bot.adapters import discord  # some 60 MB that a server without chats does without

        yield discord.serve(app.speaker, settings.discord, secrets.discord_token, stop)
    if secrets.telegram_token:
        from bot.adapters import telegram

        yield telegram.serve(app.speaker, settings.telegram, secrets.telegram_token, stop)


async def _together(stop: asyncio.Event, *adapters: Coroutine[Any, Any, None]) -> None:
    """Run the adapters until all have ended; one that ends early or fails has the others end in order."""
    tasks = [asyncio.create_task(adapter) for adapter in adapters]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait(tasks)
    except asyncio.CancelledError:  # told a second time
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    for task in tasks:
        task.result()


def _greet(url: str) -> None:
    log.info("listening", url=url)
    greeting = GREETING.format(url=url, sayso=sys.argv[0] if "/" in sys.argv[0] else "sayso")
    Console(highlight=False, soft_wrap=True).print(greeting)


def _on_signals(stop: asyncio.Event) -> None:
    """The first signal asks for an orderly end, a second one does not wait for it."""
    loop, everything = asyncio.get_running_loop(), asyncio.current_task()
    assert everything is not None

    def told() -> None:
        if stop.is_set():
            everything.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told)
        except NotImplementedError:  # Windows has no signal handlers on its loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told))
