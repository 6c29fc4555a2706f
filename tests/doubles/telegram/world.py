"""Telegram as it is: accounts, chats, messages, files, connections."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.accounts import Account, BotAccount
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.files import Files
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request, forbidden

FAR = -1_000_000_000_000
"""Where the ids of supergroups and channels begin."""


@dataclass(slots=True, eq=False)
class Business:
    """A connection of a person's account with the bot, which then writes in the person's name."""

    id: str
    owner: Account
    date: int
    clock: Clock
    rights: set[str] = field(default_factory=lambda: {"can_reply", "can_delete_sent_messages"})
    enabled: bool = True
    chats: dict[int, Chat] = field(default_factory=dict)
    """The owner's private chats with others, by the other's id."""

    def chat(self, person: Account) -> Chat:
        """The owner's private chat with somebody."""
        if (found := self.chats.get(person.id)) is None:
            found = self.chats[person.id] = Chat(person.id, ChatKind.PRIVATE, self.clock, person=person)
        return found

    def payload(self) -> Json:
        """The BusinessConnection object."""
        return {
            "id": self.id,
            "user": self.owner.payload(),
            "user_chat_id": self.owner.id,
            "date": self.date,
            "can_reply": "can_reply" in self.rights,
            "rights": dict.fromkeys(sorted(self.rights), True),
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
    inline: dict[str, Message] = field(default_factory=dict)
    """Messages that were sent inline and that the bot may edit, by inline_message_id."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2000))
    groups: Iterator[int] = field(default_factory=lambda: itertools.count(5001))
    channels: Iterator[int] = field(default_factory=lambda: itertools.count(1_001_000_001))
    own_ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Messages of private chats and small groups are counted together, for each account."""

    # -- what is

    def chat(self, value: Any) -> Chat:
        """The chat with this id, or @username. Refused if the bot never met it."""
        if value in (None, ""):
            raise bad_request("chat_id is empty")
        found = self._named(value[1:]) if isinstance(value, str) and value[0] == "@" else self.chats.get(_number(value))
        if found is None:
            raise bad_request("chat not found")
        if not found.opened:
            raise self._unmet(found)
        return found

    def _named(self, username: str) -> Chat | None:
        public = [chat for chat in self.chats.values() if chat.kind is not ChatKind.PRIVATE]
        return next((chat for chat in public if (chat.username or "").lower() == username.lower()), None)

    def _unmet(self, chat: Chat) -> Exception:
        """Somebody of whom the bot knows from a group, but who never wrote to it, is refused in other words."""
        for group in self.chats.values():
            here, bot = group.members.get(chat.id), group.members.get(self.bot.id)
            if here is not None and bot is not None and here.present and bot.present:
                return forbidden("bot can't initiate conversation with a user")
        return bad_request("chat not found")

    def reachable(self, value: Any) -> Chat:
        """The chat with this id, if the bot has anything to say there (``check_chat_access``)."""
        chat = self.chat(value)
        if chat.deactivated:
            raise forbidden("user is deactivated")
        if chat.migrated_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        bot = chat.member(self.bot)
        if chat.kind is not ChatKind.PRIVATE and (bot is None or not bot.present):
            kicked = bot is not None and bot.status is Status.KICKED
            raise forbidden(f"bot {'was kicked from' if kicked else 'is not a member of'} the {chat.kind} chat")
        return chat

    def message(self, chat: Chat, number: int, what: str) -> Message:
        """A message of a chat; ``what`` it is wanted for stands in the refusal."""
        if (found := chat.by_id.get(number)) is None:
            raise bad_request(f"{what} not found")
        return found

    def business(self, number: str) -> Business:
        """A connection that is in force."""
        found = self.businesses.get(number)
        if found is None or not found.enabled:
            raise bad_request("business connection not found")
        return found

    # -- what becomes

    def post(self, chat: Chat, sender: Account | None, parts: Json, **fields: Any) -> Message:
        """A new message; the bot that wrote it is not seen doing anything any more."""
        own = chat.kind in (ChatKind.PRIVATE, ChatKind.GROUP)
        number = next(self.own_ids if own else chat.ids)
        message = Message(number, chat, sender, self.clock.date(), parts, **fields)
        chat.by_id[number] = message
        if sender is self.bot or sender is None:
            chat.done(message.thread)
        if sender is not None and sender.is_bot and message.sender_chat is None:
            chat.last_bot = sender
        return message

    def add_chat(self, chat: Chat, *members: Membership) -> Chat:
        self.chats[chat.id] = chat
        chat.members = {member.account.id: member for member in members}
        return chat


def admit(chat: Chat) -> None:
    """Refused where the person has blocked the bot, which Telegram finds out last of all."""
    if chat.blocked:
        raise forbidden("bot was blocked by the user")


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
