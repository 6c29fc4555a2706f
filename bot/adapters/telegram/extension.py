"""Sayso with its own house, in anybody's Application: ``builder.post_init(setup).post_stop(teardown)``.

A host that has a ``post_init`` of its own awaits :func:`setup` there. The settings are those of ``sayso run``:
``config.yaml``, ``.env`` and the environment of the host. A host that has the house open already uses
:func:`bot.adapters.telegram.install` instead.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from bot.adapters.telegram.plugin import GROUP, Host, install, uninstall
from bot.app import opened
from bot.config import load

_houses: dict[int, AsyncExitStack] = {}
"""By the identity of the application, which the plug-in keeps alive as long."""


async def setup(application: Host, *, group: int = GROUP, reads: bool = True) -> None:
    """Open the house and put the plug-in in: :func:`bot.adapters.telegram.install` tells what may be raised.

    ConfigError or StoreError besides. Whatever is raised, nothing is left behind.
    """
    loaded = load()
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(opened(loaded, resident=True))
        await install(application, app.speaker, settings=loaded.settings.telegram, group=group, reads=reads)
        stack.push_async_callback(uninstall, application)
        _houses[id(application)] = stack.pop_all()


async def teardown(application: Host) -> None:
    """Take it out, and close the house."""
    if (house := _houses.pop(id(application), None)) is not None:
        await house.aclose()
