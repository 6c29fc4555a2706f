"""``sayso run`` and ``sayso serve``: the bot, or a speech server without chats, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import structlog
from rich.console import Console

from bot.adapters.http import LOOPBACK, create_api, listen, listen_at, names, serve, spelled
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


_OVERDUE = 5.0
"""Seconds beyond the drain after which an attached server ends without order."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What a process does: whether it has ``chats``; the unix ``socket`` that it listens at instead of a port; and
    whether it is ``attached`` to whoever started it, and ends with its standard input."""

    chats: bool = True
    socket: Path | None = None
    attached: bool = False


def run(loaded: Loaded, duty: Duty = Duty()) -> None:
    """Start, say where, and answer until told to stop."""
    if duty.attached:
        _leave_signals_to_others()
    configure(loaded.settings.log)
    with suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(_run(loaded, duty))


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: a third of the time that a request takes is the loop's."""
    try:
        import uvloop
    except ImportError:  # on Windows
        return None
    return uvloop.new_event_loop


async def _run(loaded: Loaded, duty: Duty) -> None:
    stop = asyncio.Event()
    if duty.attached:
        _end_with_input(stop, loaded.settings.queue.drain_seconds + _OVERDUE)
    else:
        _on_signals(stop)
    http, keys = loaded.settings.http, () if duty.socket else loaded.secrets.api_keys
    # The port is taken before anything heavy is opened: the likeliest mistake answers first.
    with _listening(loaded, duty) as listener:
        async with opened(loaded, resident=True) as app:
            api = create_api(
                app.speaker,
                keys=keys,
                hosts=LOOPBACK if duty.socket else names(http.host),
                cors=[origin.strip() for origin in http.cors.split(",") if origin.strip()],
                wait=http.wait_seconds,
                test=app.test,
                gauges=app.gauges,
            )
            drain = loaded.settings.queue.drain_seconds
            others = list(_chats(app, stop)) if duty.chats else []
            if duty.attached:
                others.append(_until_lost(app.engines.lost, stop))
            try:
                await _together(stop, serve(api, listener, stop, lambda: _ready(duty, listener), drain=drain), *others)
            except asyncio.CancelledError:  # told a second time: what the way out would wait for is given up
                await app.speaker.close()
                raise
            log.info("stopping")


def _listening(loaded: Loaded, duty: Duty) -> socket:
    if duty.socket is not None:
        return listen_at(duty.socket)
    http = loaded.settings.http
    return listen(http.host, http.port, keys=loaded.secrets.api_keys)


def _leave_signals_to_others() -> None:
    """Ctrl-C and a service manager's stop reach every process, but who started us decides what to finish first."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with_input(stop: asyncio.Event, seconds: float) -> None:
    """Stop when whoever started us has gone, however it went: our standard input ends then. What is not over
    ``seconds`` later, in whatever it is stuck, is broken off."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        # Not sys.stdin: a thread that reads it holds a lock which Python wants for its way out.
        while os.read(0, 4096):
            pass
        with suppress(RuntimeError):  # the loop may be over
            loop.call_soon_threadsafe(stop.set)
        time.sleep(seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


async def _until_lost(lost: asyncio.Event, stop: asyncio.Event) -> None:
    """Until an engine needs another process, or all is to end. Whoever started us starts another process."""
    waits = [asyncio.create_task(event.wait()) for event in (lost, stop)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if lost.is_set():
        log.error("device_lost")


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


def _ready(duty: Duty, listener: socket) -> None:
    if duty.socket is not None:
        log.info("listening", socket=str(duty.socket))
        return
    host, port = listener.getsockname()[:2]
    _greet(f"http://{spelled(host)}:{port}")


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
