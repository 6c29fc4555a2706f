"""What people hear in a voice channel, from the speech to the packets that arrive."""

from __future__ import annotations

import asyncio

from bot.adapters.discord.voice import Outcome
from tests.adapters.discord.voice.scene import places, scene, siren


async def test_a_speech_is_heard_whole() -> None:
    """Every packet arrives, once and in order."""
    async with scene() as stage:
        packets = siren(0.6)
        item = stage.item(packets)
        assert await asyncio.wait_for(item.ended, 5) is Outcome.HEARD
        assert places(await stage.heard(len(packets)), packets) == list(range(len(packets)))
