"""A scene with ann and bob in the voice channel, in a server whose text channel is read."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.speaker import Speaker
from tests.adapters.discord.reading.scene import Scene, prepare, scene
from tests.doubles.discord import FakeDiscord


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        await prepare(fake)
        yield fake
        assert fake.errors == []


@pytest.fixture
async def here(fake: FakeDiscord, speaker: Speaker) -> AsyncIterator[Scene]:
    async with scene(fake, speaker) as found:
        await found.rule_channel(read=True)
        await found.rule(announce=False)
        yield found
