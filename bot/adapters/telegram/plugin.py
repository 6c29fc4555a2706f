"""Sayso in anybody's Application: put in with :func:`install`, and taken out without a trace.

Its handlers stand in a group of their own, so that they shadow nobody's and nobody's shadow them. The application's
``post_init`` and the like, its persistence and its error handlers are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
import telegram
from telegram.ext import Application

from bot.adapters.telegram import inline, reading
from bot.adapters.telegram.admins import Admins
from bot.adapters.telegram.answers import Answers
from bot.adapters.telegram.asking import Asking
from bot.adapters.telegram.commands import control, help, privacy, say, settings, voice
from bot.adapters.telegram.courier import Courier
from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.post import Post
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings, ids
from bot.speaker import Speaker

log = structlog.get_logger()

GROUP = 5150
"""The group of Sayso's handlers where no other is named."""

Host = Application[Any, Any, Any, Any, Any, Any]

_MODULES: tuple[Callable[[Station], Handlers], ...] = (
    say.handlers,
    voice.handlers,
    control.handlers,
    settings.handlers,
    privacy.handlers,
    help.handlers,
    inline.handlers,
    reading.handlers,
)
"""In this order: within a group only the first that fits runs."""


def assemble(bot: telegram.Bot, speaker: Speaker, settings: TelegramSettings, *, reads: bool = True) -> Station:
    """All that is alive for one bot, which has been initialised."""
    owners = ids(settings.owners, "telegram.owners")
    messenger, presence = Messenger(bot, Post()), Presence(bot)
    courier = Courier(messenger, presence, speaker, settings)
    station = Station(
        bot, speaker, settings, messenger, presence, courier, Admins(bot, owners), owners=owners, reads=reads
    )
    station.asking, station.answers = Asking(station), Answers(station)
    courier.resumed = station.asking.resumed
    return station


async def close(station: Station) -> None:
    """Nothing is begun any more, then what is under way is put down."""
    await station.intake.close()
    await station.answers.close()
    await station.courier.close()
    await station.asking.close()
    await station.errands.close()
    await station.presence.close()
    await station.messenger.post.close()
