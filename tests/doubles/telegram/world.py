"""Telegram as it is: accounts, chats, messages, files, and what the bot has set for itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.accounts import Account, BotAccount
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.files import Files
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request, forbidden

ACTION_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Action:
    """What people see a bot do, and until when."""

    name: str
    until: float
    thread: int | None = None


@dataclass(slots=True, eq=False)
class Business:
    """A connection of a person's account with the bot."""

    id: str
    owner: Account
    date: int
    can_reply: bool = True
    enabled: bool = True

    def payload(self) -> Json:
        """The BusinessConnection object."""
        return {
            "id": self.id,
            "user": self.owner.payload(),
            "user_chat_id": self.owner.id,
            "date": self.date,
            "can_reply": self.can_reply,
            "rights": {"can_reply": True} if self.can_reply else {},
            "is_enabled": self.enabled,
        }


@dataclass(slots=True, eq=False)
class World:
    """Everything that is."""

    bot: BotAccount
    clock: Clock
    files: Files = field(default_factory=Files)
    accounts: dict[int, Account] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    businesses: dict[str, Business] = field(default_factory=dict)
    actions: dict[tuple[int, int | None], Action] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2000))
    groups: Iterator[int] = field(default_factory=lambda: itertools.count(5001))
    channels: Iterator[int] = field(default_factory=lambda: itertools.count(1_001_000_001))
    own_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Messages of private chats and small groups are counted together, for each account."""

    # -- what is

    def chat(self, value: Any) -> Chat:
        """The chat with this id, or @username. Refused if the bot never met it."""
        if isinstance(value, str) and value.startswith("@"):
            named = [
                chat for chat in self.chats.values() if chat.username and chat.username.lower() == value[1:].lower()
            ]
            found = named[0] if named else None
        else:
            found = self.chats.get(_number(value))
        if value in (None, ""):
            raise bad_request("chat_id is empty")
        if found is None or not found.opened:
            raise bad_request("chat not found")
        return found

    def writable(self, value: Any) -> Chat:
        """The chat with this id, if the bot may write there at all."""
        chat = self.chat(value)
        if chat.migrated_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if chat.kind is not ChatKind.PRIVATE:
            self._inside(chat)
        return chat

    def _inside(self, chat: Chat) -> None:
        bot = chat.member(self.bot)
        if bot is not None and bot.status is Status.KICKED:
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        if bot is None or not bot.present:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")

    def message(self, chat: Chat, number: int, what: str) -> Message:
        """A message of a chat; ``what`` it is wanted for stands in the refusal."""
        if (found := chat.by_id.get(number)) is None:
            raise bad_request(f"{what} not found")
        return found

    # -- what becomes

    def next_id(self, chat: Chat) -> int:
        shared = chat.kind in (ChatKind.PRIVATE, ChatKind.GROUP)
        return next(self.own_ids if shared else chat.ids)

    def post(self, chat: Chat, sender: Account | None, parts: Json, **fields: Any) -> Message:
        """A new message; who wrote it is not seen doing anything any more."""
        message = Message(self.next_id(chat), chat, sender, self.clock.date(), parts, **fields)
        chat.by_id[message.id] = message
        if sender is self.bot:
            self.actions.pop((chat.id, message.thread), None)
        if sender is not None and sender.is_bot:
            chat.last_bot = sender
        return message

    def add_chat(self, chat: Chat, *members: Membership) -> Chat:
        self.chats[chat.id] = chat
        chat.members = {member.account.id: member for member in members}
        return chat

    def action(self, chat: Chat, thread: int | None = None) -> str | None:
        """What people see the bot do there now."""
        found = self.actions.get((chat.id, thread))
        return None if found is None or found.until <= self.clock.now() else found.name

    def topic(self, chat: Chat, number: int) -> Topic:
        """A topic of a forum; the General one is not named when something is sent (check_message_topic)."""
        if (found := chat.topics.get(number)) is None:
            raise bad_request("message thread not found")
        return found


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
