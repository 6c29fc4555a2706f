"""Which messages a bot gets to see ("Privacy mode", core.telegram.org/bots/features).

A plain ``@bot`` in a group does *not* reach a bot in privacy mode, whatever BotFather says: the documentation does not
list it, and so people find it (telegraf issue 545, nanobot issue 449, archestra pull request 6562).
"""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.accounts import BotAccount
from tests.doubles.telegram.chats import ChatKind
from tests.doubles.telegram.entities import covered
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json


def reaches(message: Message, bot: BotAccount) -> bool:
    """Whether the bot is told of a message that somebody else wrote."""
    chat = message.chat
    if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
        return False
    if chat.kind is ChatKind.PRIVATE:
        return not chat.blocked
    here = chat.member(bot)
    if here is None or not here.present:
        return bool(message.parts.get("left_chat_member", {}).get("id") == bot.id)
    if chat.kind is ChatKind.CHANNEL or message.service:
        return True
    return here.rules or bot.can_read_all_group_messages or _meant(message, bot)


def _meant(message: Message, bot: BotAccount) -> bool:
    """Replies have the highest priority: one to another bot is not for this one, whatever it says."""
    replied = message.reply_to
    if replied is not None and replied.sender is not None and replied.sender.is_bot and replied.sender_chat is None:
        return replied.sender is bot
    if message.via is not None:
        return message.via is bot
    return any(_commands(message, entity, bot) for entity in _entities(message))


def _commands(message: Message, entity: Json, bot: BotAccount) -> bool:
    """A command that names no bot is for the one that wrote last in the group."""
    if entity["type"] != "bot_command":
        return False
    words = covered(message.text or message.caption, entity).lower()
    if "@" in words:
        return words.endswith(f"@{bot.username}".lower())
    return message.chat.last_bot in (None, bot)


def _entities(message: Message) -> list[Any]:
    return message.parts.get("entities") or message.parts.get("caption_entities") or []
