"""Whether a message is meant for the bot: it names it, or answers one of its messages."""

from __future__ import annotations

import re

import telegram
from telegram.constants import MessageEntityType

from bot.adapters.telegram.content import answered


def is_meant(message: telegram.Message, bot: telegram.Bot) -> bool:
    """Whether a message is for the bot among others. (In a private chat everything is.)"""
    return is_named(message, bot) or answers(message, bot)


def is_named(message: telegram.Message, bot: telegram.Bot) -> bool:
    """Whether it mentions the bot, anywhere."""
    shown = {**message.parse_entities(_MENTIONS), **message.parse_caption_entities(_MENTIONS)}
    return any(_is(entity, text, bot) for entity, text in shown.items())


def answers(message: telegram.Message, bot: telegram.Bot) -> bool:
    """Whether it is a reply to something that the bot wrote, also in the name of a business account."""
    other = answered(message)
    if other is None:
        return False
    return any(author is not None and author.id == bot.id for author in (other.from_user, other.sender_business_bot))


def without_mention(text: str, bot: telegram.Bot) -> str:
    """The words without the bot's name where it is called by it."""
    named = rf"(?<!\w)@{re.escape(bot.username)}\b|<@{bot.id}>"
    return re.sub(rf"[ \t]*(?:{named})(?:[ \t]*[,:;])?", "", text, flags=re.IGNORECASE).strip()


_MENTIONS: list[str | None] = [MessageEntityType.MENTION, MessageEntityType.TEXT_MENTION]


def _is(entity: telegram.MessageEntity, text: str, bot: telegram.Bot) -> bool:
    if entity.user is not None:
        return entity.user.id == bot.id
    return text.removeprefix("@").casefold() == bot.username.casefold()
