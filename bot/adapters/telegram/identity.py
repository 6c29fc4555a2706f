"""Telegram's ids as the rest of the house knows them: strings that begin with ``telegram:``."""

from __future__ import annotations

import telegram

PREFIX = "telegram:"

OURS = "sayso"
"""What the data of Sayso's buttons begins with."""


def guild_key(chat: int, business: str | None = None) -> str:
    """The lane of a chat, private or not; with ``business`` that of a business account with the person of that id.

    To a bot a business's chat has the same id as its customer's private one: that of the customer.
    """
    return f"{PREFIX}{_name(chat, business)}"


def user_key(user: int) -> str:
    """A person; or the chat in whose name something is written (a channel, a group's anonymous administrator)."""
    return f"{PREFIX}{user}"


def channel_key(thread: int | None) -> str | None:
    """A topic within its forum."""
    return None if thread is None else str(thread)


def number(key: str) -> int:
    """The id in a key. Raises ValueError if there is none."""
    return int(key.removeprefix(PREFIX).partition("@")[0])


def is_group(chat: int) -> bool:
    """Whether it is no private chat (Telegram gives groups, supergroups and channels negative ids)."""
    return chat < 0


def thread_of(message: telegram.Message) -> int | None:
    """The forum topic that a message is in; what only answers something in another group has a thread id as well."""
    return message.message_thread_id if message.is_topic_message else None


def asker_of(message: telegram.Message) -> int:
    """Who wrote it: the chat in whose name it stands where there is one, else the person; 0 for nobody."""
    if message.sender_chat is not None:
        return message.sender_chat.id
    return 0 if message.from_user is None else message.from_user.id


def request_id(bot: int, chat: int, message: int, turn: int = 0, business: str | None = None) -> str:
    """The id of the request that a message makes: the same when Telegram delivers it again after a restart.

    ``turn`` tells apart what one message asks for more than once (it was edited). A business account counts its
    messages by itself.
    """
    return f"telegram-{bot}-{_name(chat, business)}-{message}-{turn}"


def _name(chat: int, business: str | None) -> str:
    return str(chat) if business is None else f"{chat}@{business}"
