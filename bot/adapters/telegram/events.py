"""What happens to chats: the bot is let in or thrown out, administrators change, a group becomes a supergroup."""

from __future__ import annotations

from typing import Any

import structlog
import telegram
from telegram.constants import ChatMemberStatus
from telegram.ext import ChatMemberHandler, MessageHandler, filters

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.station import Station

log = structlog.get_logger()

_OUT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


def handlers(station: Station) -> Handlers:
    """What listens to it. All of them return at once."""
    events = _Events(station)
    return [
        ChatMemberHandler(events.mine, ChatMemberHandler.MY_CHAT_MEMBER),
        ChatMemberHandler(events.theirs, ChatMemberHandler.CHAT_MEMBER),
        MessageHandler(filters.StatusUpdate.MIGRATE, events.migrated),
    ]


class _Events:
    def __init__(self, station: Station) -> None:
        self._station = station

    async def mine(self, update: telegram.Update, context: Any) -> None:
        """The bot's own standing in a chat; in a private one, whether the person has blocked it."""
        changed = update.my_chat_member
        if changed is None:
            return
        self._station.admins.forget(changed.chat.id)
        if changed.new_chat_member.status in _OUT:
            log.info("chat_left", chat=changed.chat.id)
            self._station.courier.clear(changed.chat.id)

    async def theirs(self, update: telegram.Update, context: Any) -> None:
        """Somebody else's standing."""
        if update.chat_member is not None:
            self._station.admins.forget(update.chat_member.chat.id)

    async def migrated(self, update: telegram.Update, context: Any) -> None:
        """Told twice: in the old chat where it went to, and in the new one where it came from."""
        message = update.message
        if message is None:
            return
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        self._station.courier.moved(old, new)
