"""Messages as they are now (``Message``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.chats import Chat, Topic
from tests.doubles.telegram.files import Stored
from tests.doubles.telegram.refusal import Json


@dataclass(slots=True, eq=False)
class Message:
    """One message; ``parts`` is what it holds (text, voice, caption, a service message …) as JSON."""

    id: int
    chat: Chat
    sender: Account | None
    date: int
    parts: Json
    sender_chat: Chat | None = None
    reply_to: Message | None = None
    topic: Topic | None = None
    file: Stored | None = None
    uploaded: bool = False
    """Whether its file came with it, and not by a file_id."""
    markup: Json | None = None
    business: str | None = None
    via: Account | None = None
    edited: int | None = None
    silent: bool = False
    extra: Json = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.parts.get("text") or "")

    @property
    def caption(self) -> str:
        return str(self.parts.get("caption") or "")

    @property
    def thread(self) -> int | None:
        return None if self.topic is None else self.topic.id

    @property
    def keyboard(self) -> list[list[Json]]:
        """The inline buttons, row by row."""
        rows: list[list[Json]] = (self.markup or {}).get("inline_keyboard") or []
        return rows

    @property
    def buttons(self) -> list[str]:
        """The words on its buttons."""
        return [button["text"] for row in self.keyboard for button in row]

    def button(self, words: str) -> Json:
        """The button with these words or this data. AssertionError if there is none."""
        everything = [button for row in self.keyboard for button in row]
        for button in everything:
            if words in (button["text"], button.get("callback_data")):
                return button
        raise AssertionError(f"no button {words!r} among {self.buttons}")

    def payload(self, *, deep: bool = True) -> Json:
        """The Message object; a message inside of it does not hold another one."""
        body: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.payload()}
        if self.sender is not None:
            body["from"] = self.sender.payload()
        if self.sender_chat is not None:
            body["sender_chat"] = self.sender_chat.payload()
        if self.topic is not None:
            body |= {"message_thread_id": self.topic.id, "is_topic_message": True}
        if deep and (replied := self._replied()) is not None:
            body["reply_to_message"] = replied.payload(deep=False)
        body |= {name: value for name, value in self._optional().items() if value is not None}
        return {**body, **self.parts, **self.extra}

    def _replied(self) -> Message | None:
        """A message in a topic that replies to nothing replies to the message that opened the topic."""
        replied = self.reply_to
        if replied is None and self.topic is not None and self.topic.id != self.id:
            return self.chat.by_id.get(self.topic.id)
        return replied if replied is not None and replied.id in replied.chat.by_id else None

    def _optional(self) -> dict[str, Any]:
        return {
            "edit_date": self.edited,
            "reply_markup": self.markup,
            "business_connection_id": self.business,
            "via_bot": None if self.via is None else self.via.payload(),
        }
