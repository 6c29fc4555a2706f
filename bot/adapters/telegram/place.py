"""Where a message goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import telegram

from bot.adapters.telegram.identity import guild_key, thread_of


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, a topic of it where it has any, and the business account in whose name the bot writes there."""

    chat: int
    thread: int | None = None
    business: str | None = None

    @property
    def lane(self) -> str:
        """The lane of the chat."""
        return guild_key(self.chat, self.business)

    def arguments(self) -> dict[str, Any]:
        """What the library's ``send_…`` methods take for it."""
        return {"chat_id": self.chat, "message_thread_id": self.thread, "business_connection_id": self.business}


def place_of(message: telegram.Message) -> Place:
    """Where an answer to a message goes."""
    return Place(message.chat.id, thread_of(message), message.business_connection_id)
