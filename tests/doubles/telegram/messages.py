"""Messages as they are now (``Message``)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.chats import Chat, ChatKind, Topic
from tests.doubles.telegram.files import Stored
from tests.doubles.telegram.refusal import Json

_CONTENT = frozenset({"text", "voice", "audio", "document", "photo", "video", "sticker", "poll", "location", "contact"})


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
    quote: Json | None = None
    topic: Topic | None = None
    file: Stored | None = None
    uploaded: bool = False
    """Whether its file came with it, and not by a file_id."""
    markup: Json | None = None
    business: str | None = None
    via: Account | None = None
    inline_id: str | None = None
    """By what the bot may edit it, if it was sent inline."""
    edited: int | None = None
    silent: bool = False
    extra: Json = field(default_factory=dict)
    at: float = field(default_factory=time.perf_counter)
    """When it came to be, by ``time.perf_counter`` as ``Call.at`` is."""

    @property
    def text(self) -> str:
        return str(self.parts.get("text") or "")

    @property
    def caption(self) -> str:
        return str(self.parts.get("caption") or "")

    @property
    def service(self) -> bool:
        """Whether it only tells that something has happened."""
        return not _CONTENT & self.parts.keys()

    @property
    def thread(self) -> int | None:
        """The topic's id."""
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
        for button in (button for row in self.keyboard for button in row):
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
        body |= {name: value for name, value in self._optional().items() if value is not None}
        if deep and (replied := self._replied()) is not None:
            body["reply_to_message"] = replied.payload(deep=False)
        return {**body, **self.parts, **self.extra}

    def _optional(self) -> dict[str, Any]:
        return {
            "message_thread_id": self._thread(),
            "is_topic_message": None if self.topic is None else True,
            "external_reply": self._external(),
            "quote": self.quote,
            "edit_date": self.edited,
            "reply_markup": self.markup,
            "business_connection_id": self.business,
            "via_bot": None if self.via is None else self.via.payload(),
        }

    def _replied(self) -> Message | None:
        """What stands in a topic and answers nothing answers the message that opened the topic."""
        replied = self.reply_to
        if replied is None and self.topic is not None and self.topic.id < self.id:
            replied = self.chat.by_id.get(self.topic.id)
        return replied if replied is not None and replied.id in self.chat.by_id else None

    def _thread(self) -> int | None:
        """In a supergroup without topics, too, a reply has a thread: the message at its root."""
        if self.topic is not None:
            return self.topic.id
        if self.chat.kind is not ChatKind.SUPERGROUP or self.chat.forum:
            return None
        root = self.reply_to
        while root is not None and root.reply_to is not None:
            root = root.reply_to
        return None if root is None or root.chat is not self.chat else root.id

    def _external(self) -> Json | None:
        """A reply to a message of another chat shows where that came from."""
        replied = self.reply_to
        if replied is None or replied.chat is self.chat:
            return None
        body: Json = {"origin": replied.origin(), "message_id": replied.id}
        return body if replied.chat.kind is ChatKind.PRIVATE else {**body, "chat": replied.chat.payload()}

    def origin(self) -> Json:
        """The MessageOrigin object."""
        if self.chat.kind is ChatKind.CHANNEL:
            return {"type": "channel", "date": self.date, "chat": self.chat.payload(), "message_id": self.id}
        if self.sender_chat is not None:
            return {"type": "chat", "date": self.date, "sender_chat": self.sender_chat.payload()}
        assert self.sender is not None
        return {"type": "user", "date": self.date, "sender_user": self.sender.payload()}
