"""The service on the loopback, and engines that reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from bot.tts.edge import Edge
from tests.doubles.edge import FakeEdge
from tests.doubles.engine import at_once

PROXIES = ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy", "no_proxy")


class Enter(Protocol):
    """Make an engine that reaches the fake service, and enter it until the test is over."""

    async def __call__(self, **settings: object) -> Edge: ...


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves this machine by a proxy of the developer's."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def service() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as fake:
        yield fake


@pytest.fixture
async def enter(service: FakeEdge) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> Edge:
            given = {"connector_factory": service.connector, "sleep": at_once, "chance": lambda: 0.5} | settings
            return await stack.enter_async_context(Edge(**given))  # type: ignore[arg-type]

        yield make
