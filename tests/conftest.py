"""What tests of the upper rooms share: a speaker over real rooms and scripted engines."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from bot.config import AudioSettings, SpeakSettings
from bot.queue import Dispatcher, Limits
from bot.script import Stage
from bot.speaker import Speaker
from bot.store import Store
from bot.tts.engine import Engine, Voice
from bot.tts.fallback import Fallback
from bot.tts.voices import Voices
from tests.doubles.engine import FakeEngine

# The same examples in every run: what CI finds, everybody finds. `make explore` looks further.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# python-telegram-bot's times as they will be in its next version; else it warns whenever it meets a 429.
os.environ.setdefault("PTB_TIMEDELTA", "1")

HEART = Voice("offline", "heart", "en-US", "female", revision="1")
XIAOXIAO = Voice("offline", "zf_xiaoxiao", "zh-CN", "female", revision="1")
AVA = Voice("edge", "en-US-AvaMultilingualNeural", "en-US", "female", revision="1")

Opened = Callable[..., AbstractAsyncContextManager[Speaker]]


@pytest.fixture
def offline() -> FakeEngine:
    """Stands in for the embedded engine."""
    return FakeEngine("offline", installed=(HEART, XIAOXIAO))


@pytest.fixture
def edge() -> FakeEngine:
    """Stands in for Microsoft's."""
    return FakeEngine("edge", installed=(AVA,))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is upgraded already; doing that anew for each test would take most of its time."""
    path = tmp_path_factory.mktemp("database") / "sayso.db"

    async def upgrade() -> None:
        async with Store.open(path):
            pass

    asyncio.run(upgrade())
    return path


@pytest.fixture
def opened(tmp_path: Path, empty_database: Path, offline: FakeEngine, edge: FakeEngine) -> Opened:
    """A speaker as the composition root makes it, over the scripted engines and a database in a folder of the test."""

    shutil.copy(empty_database, tmp_path / "sayso.db")

    @asynccontextmanager
    async def open_(
        *,
        speak: SpeakSettings | None = None,
        limits: Limits | None = None,
        slots: int = 4,
        wall: Callable[[], float] = time.time,
    ) -> AsyncIterator[Speaker]:
        async with Store.open(tmp_path / "sayso.db") as store:
            engines: dict[str, Engine] = {"offline": offline, "edge": Fallback([edge, offline])}
            stage = Stage(engines, Voices.load(), speak or SpeakSettings(), {"edge": ("offline",)}, fresh=0.0)
            dispatcher = Dispatcher({"offline": slots, "edge": slots}, limits=limits or Limits())
            speaker = Speaker(stage, dispatcher, store, AudioSettings(), wall=wall)
            try:
                yield speaker
            finally:
                await speaker.close(0.0)

    return open_


@pytest.fixture
async def speaker(opened: Opened) -> AsyncIterator[Speaker]:
    """An open speaker with the usual settings."""
    async with opened() as speaker:
        yield speaker
