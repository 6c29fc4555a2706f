"""From the library's handlers to Sayso's work: each chat's in its order, and no chat waits for another.

A handler only takes the update away and returns at once, so that it does not matter whether the host's application
handles one update at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog
import telegram
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.adapters.telegram.identity import OURS
from bot.adapters.telegram.incoming import Incoming, incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import closest, failure, word
from bot.errors import SaysoError
from bot.log import where

log = structlog.get_logger()

Work = Callable[[Station, Incoming], Awaitable[None]]
"""What is to be done about an update. The chat's next one waits for it, so what takes long goes into the background."""

Handlers = Sequence[BaseHandler[Any, Any, Any]]

_WRITTEN = filters.UpdateType.MESSAGES | filters.UpdateType.CHANNEL_POSTS | filters.UpdateType.BUSINESS_MESSAGES


def command(station: Station, names: str | Sequence[str], work: Work) -> BaseHandler[Any, Any, Any]:
    """Has the work done when somebody types one of the commands, or changes a message into one."""
    return CommandHandler(names, _taken(station, work), filters=_WRITTEN)


def press(station: Station, area: str, work: Work) -> BaseHandler[Any, Any, Any]:
    """Has the work done when a button is pressed whose data is ``sayso:<area>:…`` (:func:`data`)."""
    return CallbackQueryHandler(_taken(station, work), pattern=rf"^{OURS}:{area}:")


def orphans(station: Station) -> Handlers:
    """Answers presses of buttons that nobody listens to any more; to be put behind all others."""
    return [press(station, "[^:]*", _outdated)]


def message(station: Station, wanted: filters.BaseFilter, work: Work) -> BaseHandler[Any, Any, Any]:
    """Has the work done when somebody writes something that fits, anywhere."""
    return MessageHandler(_WRITTEN & wanted, _taken(station, work))


def data(area: str, rest: str = "") -> str:
    """What a button of an area says of itself: Telegram takes 64 bytes."""
    held = f"{OURS}:{area}:{rest}"
    assert len(held.encode()) <= telegram.constants.InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    return held


async def _outdated(station: Station, found: Incoming) -> None:
    await found.answer(word("telegram.outdated", found.locale), alert=True)


def _taken(station: Station, work: Work) -> Callable[[telegram.Update, Any], Coroutine[Any, Any, None]]:
    async def take(update: telegram.Update, context: object) -> None:
        found = incoming(update)
        if found is not None:
            if not station.intake.put(found.chat.id, lambda: _done(station, found, work)):
                log.warning("chat_too_fast", chat=found.chat.id)
                answering = found.answer(word("telegram.too_fast", found.locale), alert=True)
                station.errands.start(answering, "answer_not_sent")
        elif (query := update.callback_query) is not None:
            # Telegram shows a bot very old messages no more: the button would turn for ever.
            text = word("telegram.outdated", closest(query.from_user.language_code or "en"))
            station.errands.start(_alerted(query, text), "answer_not_sent")

    return take


async def _alerted(query: telegram.CallbackQuery, text: str) -> None:
    with suppress(TelegramError):
        await query.answer(text, show_alert=True)


async def _done(station: Station, found: Incoming, work: Work) -> None:
    try:
        await work(station, found)
    except SaysoError as error:
        await _failed(station, found, failure(error, found.locale))
    except TelegramError as error:
        log.info("telegram_refused", error=type(error).__name__, chat=found.chat.id)
    except Exception as error:  # noqa: BLE001 (the boundary: one update's surprise must not end the chat's lane)
        log.error("handler_failed", error=type(error).__name__, where=where(error), chat=found.chat.id)
        await _failed(station, found, word("telegram.crashed", found.locale))
    await found.answer()


async def _failed(station: Station, found: Incoming, text: str) -> None:
    if found.query is None or found.answered:
        station.tell(found, text)
    else:
        await found.answer(text, alert=True)
