"""``await bot.load_extension("bot.adapters.discord")``: Sayso with its own house, in anybody's ``commands.Bot``.

The settings are those of ``sayso run``: ``config.yaml``, ``.env`` and the environment of the host. A host that has the
house open already uses :func:`bot.adapters.discord.install` instead.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from weakref import WeakKeyDictionary

from discord.ext import commands

from bot.adapters.discord.plugin import install, uninstall
from bot.app import opened
from bot.config import load

_houses: WeakKeyDictionary[commands.Bot | commands.AutoShardedBot, AsyncExitStack] = WeakKeyDictionary()


async def setup(bot: commands.Bot | commands.AutoShardedBot) -> None:
    """Open the house and put the plug-in in. Raises ConfigError or StoreError, and then leaves nothing behind."""
    loaded = load()
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(opened(loaded, resident=True))
        await install(bot, app.speaker, settings=loaded.settings.discord)
        stack.push_async_callback(uninstall, bot)
        _houses[bot] = stack.pop_all()


async def teardown(bot: commands.Bot | commands.AutoShardedBot) -> None:
    """Take it out, and close the house."""
    if (house := _houses.pop(bot, None)) is not None:
        await house.aclose()
