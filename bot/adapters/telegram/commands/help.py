"""``/start`` and ``/help``: what Sayso does, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

import telegram
from telegram.constants import ChatType

from bot.adapters.telegram.handling import Handlers, command
from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import word

INLINE = "inline"
"""What stands behind /start for who came from inline mode."""

_COMMANDS = ("say", "voice", "replay", "queue", "privacy")


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    return [command(station, ["start", "help"], _help)]


async def _help(station: Station, incoming: Incoming) -> None:
    tell, words = station.asking.tell, (incoming.message.text or "").split()
    if words[1:] == [INLINE] and _has_inline(station):
        await tell(incoming, _word("try_inline", station, incoming), ("inline", incoming.asker), _chats(incoming))
    else:
        await tell(incoming, "\n\n".join(_paragraphs(station, incoming)), ("help", incoming.asker))


def _paragraphs(station: Station, incoming: Incoming) -> Iterator[str]:
    yield _word("about", station, incoming)
    if not is_group(incoming.chat.id):
        yield _word("first", station, incoming)
    yield "\n".join(_word(name, station, incoming) for name in _COMMANDS)
    if _has_inline(station):
        yield _word("inline", station, incoming)
    if is_group(incoming.chat.id):
        yield _word("deciders", station, incoming)
    if incoming.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP):
        yield _word("sees_all" if station.bot.can_read_all_group_messages else "sees_little", station, incoming)


def _has_inline(station: Station) -> bool:
    return station.settings.inline and station.bot.supports_inline_queries


def _chats(incoming: Incoming) -> telegram.InlineKeyboardMarkup:
    """A button that opens a chat, with the bot's name typed already."""
    where = telegram.SwitchInlineQueryChosenChat(
        allow_user_chats=True, allow_group_chats=True, allow_channel_chats=True
    )
    label = word("telegram_say.help.choose_chat", incoming.locale)
    button = telegram.InlineKeyboardButton(label, switch_inline_query_chosen_chat=where)
    return telegram.InlineKeyboardMarkup.from_button(button)


def _word(name: str, station: Station, incoming: Incoming) -> str:
    return word(f"telegram_say.help.{name}", incoming.locale, bot=station.bot.username)
