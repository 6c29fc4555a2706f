"""The web UI on the loopback, and engines that reach it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Protocol

import numpy as np
import pytest

from bot.speech import Pcm, Samples, Utterance
from bot.tts.gradio import Gradio
from bot.tts.voices import Recordings, Voices
from tests.doubles.engine import at_once
from tests.doubles.webui import WebUI, Wire

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Enter(Protocol):
    """Make an engine that reaches an app through a wire, and enter it until the test is over."""

    async def __call__(self, layout: str = "1.5", **settings: object) -> tuple[Gradio, Wire]: ...


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test leaves this machine by a proxy of the developer's."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def process() -> Iterator[WebUI]:
    """The process with the apps: seconds to start, so it is shared."""
    with WebUI() as ui:
        yield ui


@pytest.fixture
def ui(process: WebUI) -> Iterator[WebUI]:
    """The apps as if nobody had used them."""
    process.reset()
    yield process
    process.reset()
    assert not process.strays()


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """The shipped ones."""
    return Voices.load().recordings("indextts")


@pytest.fixture
async def enter(ui: WebUI, recordings: Recordings) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def make(layout: str = "1.5", **settings: object) -> tuple[Gradio, Wire]:
            wire = await stack.enter_async_context(Wire(ui.port(layout)))
            engine = Gradio(wire.url, recordings, **{"sleep": at_once} | settings)  # type: ignore[arg-type]
            return await stack.enter_async_context(engine), wire

        yield make


def spoken(text: str, language: str = "en", rate: float = 1.0) -> Utterance:
    return Utterance(text, "indextts", "sayso.wav", language, rate)


async def say(engine: Gradio, utterance: Utterance) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(utterance)]


def samples(sound: list[Pcm]) -> Samples:
    return np.concatenate([pcm.samples for pcm in sound])


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for it, without holding up anything else."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for is in another process or thread)
            await asyncio.sleep(0.01)
