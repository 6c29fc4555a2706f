"""A speech server on the loopback, and engines that speak by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from bot.tts.remote import Remote
from tests.doubles.speech_server import SpeechServer

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Enter(Protocol):
    """Make an engine that speaks by the server, and enter it until the test is over."""

    async def __call__(self, **settings: object) -> Remote: ...


async def never(_: float) -> None:
    """A pause without end: nothing is asked again by itself."""
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves this machine by a proxy of the developer's."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    async with SpeechServer() as fake:
        yield fake


@pytest.fixture
async def enter(server: SpeechServer) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> Remote:
            given = {"socket": server.socket, "sleep": never} | settings
            return await stack.enter_async_context(Remote(server.url, **given))  # type: ignore[arg-type]

        yield make
