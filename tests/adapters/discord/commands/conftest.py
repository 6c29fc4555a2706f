"""A loopback Discord, and on it a bot that administrators decide about."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.speaker import Speaker
from tests.adapters.discord.commands.administered import administered
from tests.adapters.discord.commands.online import Online
from tests.doubles.discord import FakeDiscord


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def here(fake: FakeDiscord, speaker: Speaker) -> AsyncIterator[Online]:
    async with administered(fake, speaker) as here:
        yield here
