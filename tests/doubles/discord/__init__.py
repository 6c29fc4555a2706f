"""The loopback Discord: the real, unpatched discord.py connects to it over TLS through its ``connector=``.

async with FakeDiscord(dave="bot_joins") as fake:
    client = MyClient(intents=..., connector=fake.connector(), guild_ready_timeout=0.05)
    task = asyncio.create_task(client.start(fake.token))
    ix = await fake.slash("say", text="hi")
    await ix.wait_callback()
"""

from tests.doubles.discord.channels import Kind
from tests.doubles.discord.fake import FakeDiscord
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.voice import VoiceSession

__all__ = ["FakeDiscord", "Interaction", "Kind", "Permission", "VoiceSession"]
