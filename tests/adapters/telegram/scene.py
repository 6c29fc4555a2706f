"""A bot with some of Sayso's commands, online at a loopback Telegram: for the tests of whatever it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from telegram import Update
from telegram.ext import Application

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.plugin import assemble, close
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings
from bot.speaker import Speaker
from tests.doubles.telegram import FakeTelegram

Host = Application[Any, Any, Any, Any, Any, Any]


def host(fake: FakeTelegram) -> Host:
    """An application of somebody's, that does nothing by itself."""
    builder = Application.builder().token(fake.token).base_url(fake.base_url).base_file_url(fake.base_file_url)
    return builder.build()


@asynccontextmanager
async def polling(application: Host) -> AsyncIterator[Host]:
    """It runs, and fetches its updates."""
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(poll_interval=0, timeout=1, allowed_updates=Update.ALL_TYPES)
        try:
            yield application
        finally:
            await application.updater.stop()
            await application.stop()


@asynccontextmanager
async def online(
    fake: FakeTelegram,
    speaker: Speaker,
    *modules: Callable[[Station], Handlers],
    settings: TelegramSettings | None = None,
    reads: bool = True,
) -> AsyncIterator[Station]:
    """A station with the handlers of these modules, taking the updates of the loopback."""
    application = host(fake)
    async with polling(application):
        station = assemble(application.bot, speaker, settings or TelegramSettings(), reads=reads)
        for module in modules:
            application.add_handlers(module(station), group=1)
        try:
            yield station
        finally:
            await close(station)
