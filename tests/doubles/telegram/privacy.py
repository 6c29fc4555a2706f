"""Which messages of a group a bot gets to see ("Privacy mode", core.telegram.org/bots/features)."""

from __future__ import annotations

from tests.doubles.telegram.accounts import BotAccount
from tests.doubles.telegram.chats import ChatKind
from tests.doubles.telegram.entities import covered
from tests.doubles.telegram.messages import Message


def reaches(message: Message, bot: BotAccount) -> bool:
    """Whether the bot is told of a message that somebody else wrote."""
    chat = message.chat
    if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
        return False
    if chat.kind is ChatKind.PRIVATE:
        return not chat.blocked
    here = chat.member(bot)
    if here is None or not here.present:
        return False
    if chat.kind is ChatKind.CHANNEL or ("text" not in message.parts and message.file is None):
        return True
    return here.rules or bot.can_read_all_group_messages or _meant(message, bot)


def _meant(message: Message, bot: BotAccount) -> bool:
    """Replies have the highest priority: one to another bot is not for this one, whatever it says."""
    replied = message.reply_to
    if replied is not None and replied.sender is not None and replied.sender.is_bot:
        return replied.sender is bot
    if message.via is not None:
        return message.via is bot
    return any(_names(message, entity, bot) for entity in _entities(message))


def _names(message: Message, entity: dict[str, object], bot: BotAccount) -> bool:
    words = covered(message.text or message.caption, entity).lower()
    own = f"@{bot.username}".lower()
    match entity["type"]:
        case "bot_command" if "@" in words:
            return words.endswith(own)
        case "bot_command":
            return message.chat.last_bot in (None, bot)
        case "mention":
            return words == own
        case "text_mention":
            return isinstance(entity["user"], dict) and entity["user"]["id"] == bot.id
    return False


def _entities(message: Message) -> list[dict[str, object]]:
    return message.parts.get("entities") or message.parts.get("caption_entities") or []
