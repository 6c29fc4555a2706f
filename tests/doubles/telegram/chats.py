"""Chats: private ones, groups, supergroups with topics, channels; who is in them, and what they may."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.refusal import Json

if TYPE_CHECKING:
    from tests.doubles.telegram.messages import Message


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Status(StrEnum):
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_edit_tag", "can_react_to_messages",
)  # fmt: skip
RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_post_messages", "can_edit_messages", "can_pin_messages", "can_manage_topics",
    "can_manage_direct_messages", "can_manage_tags",
)  # fmt: skip
PRESENT = frozenset({Status.CREATOR, Status.ADMINISTRATOR, Status.MEMBER, Status.RESTRICTED})
ACTION_SECONDS = 5.0
"""How long people see what a bot does, if nothing ends it before."""


@dataclass(slots=True, eq=False)
class Membership:
    """Somebody in a chat."""

    account: Account
    status: Status = Status.MEMBER
    anonymous: bool = False
    custom_title: str | None = None
    denied: set[str] = field(default_factory=set)
    """The rights or permissions that this one does not have."""

    @property
    def present(self) -> bool:
        return self.status in PRESENT

    @property
    def rules(self) -> bool:
        """Whether this one is among the administrators."""
        return self.status in (Status.CREATOR, Status.ADMINISTRATOR)

    def payload(self) -> Json:
        """The ChatMember object."""
        body: Json = {"user": self.account.payload(), "status": str(self.status)}
        if self.rules:
            body["is_anonymous"] = self.anonymous
            if self.custom_title:
                body["custom_title"] = self.custom_title
        if self.status is Status.ADMINISTRATOR:
            body |= {"can_be_edited": False} | {right: right not in self.denied for right in RIGHTS}
        if self.status is Status.RESTRICTED:
            body |= {"is_member": True, "until_date": 0} | {one: one not in self.denied for one in PERMISSIONS}
        if self.status is Status.KICKED:
            body["until_date"] = 0
        return body


@dataclass(slots=True, eq=False)
class Topic:
    """A topic of a forum; its id is that of the message that opened it."""

    id: int
    name: str
    chat: Chat
    closed: bool = False

    @property
    def action(self) -> str | None:
        """What people see the bot do in it now."""
        return self.chat.doing(self.id)


@dataclass(slots=True, eq=False)
class Chat:
    """Where messages are. ``messages`` are those that are there now, as they are now."""

    id: int
    kind: ChatKind
    clock: Clock
    title: str | None = None
    username: str | None = None
    person: Account | None = None
    """Whose private chat it is."""
    forum: bool = False
    denied: set[str] = field(default_factory=set)
    """The permissions that no plain member has, like ``can_send_voice_notes``."""
    members: dict[int, Membership] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    by_id: dict[int, Message] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    migrated_to: int | None = None
    last_bot: Account | None = None
    """The bot that wrote last: it gets the commands that name none."""
    voice_forbidden: bool = False
    """A person's own setting: nobody may send them voice messages."""
    voice_forbidden_known: bool = False
    """Whether the bot has seen it by getChat: the server then refuses by itself, in other words."""
    blocked: bool = False
    """The person has blocked the bot."""
    deactivated: bool = False
    """The person's account is no more."""
    opened: bool = True
    """Whether the person has ever written to the bot: before, it may not write."""
    description: str | None = None
    _actions: dict[int | None, tuple[str, float]] = field(default_factory=dict)

    @property
    def messages(self) -> list[Message]:
        return list(self.by_id.values())

    @property
    def texts(self) -> list[str]:
        """The words of all messages, as they are now."""
        return [message.text for message in self.messages if message.text]

    # -- who is in it

    def member(self, account: Account) -> Membership | None:
        return self.members.get(account.id)

    def admin(self, account: Account) -> bool:
        found = self.members.get(account.id)
        return found is not None and found.rules

    # -- what the bot is seen doing

    @property
    def action(self) -> str | None:
        """What people see the bot do now, outside of topics."""
        return self.doing(None)

    def doing(self, thread: int | None) -> str | None:
        """What people see the bot do in a topic now."""
        name, until = self._actions.get(thread, (None, 0.0))
        return name if until > self.clock.now() else None

    def show(self, thread: int | None, action: str) -> None:
        """People see the bot do this."""
        self._actions[thread] = action, self.clock.now() + (0.0 if action == "cancel" else ACTION_SECONDS)

    def done(self, thread: int | None) -> None:
        """People see the bot do nothing."""
        self._actions.pop(thread, None)

    def payload(self) -> Json:
        """The Chat object as it stands in messages."""
        body: Json = {"id": self.id, "type": str(self.kind)}
        if self.person is not None:
            person = self.person.payload()
            return body | {name: person[name] for name in ("first_name", "last_name", "username") if name in person}
        body["title"] = self.title
        if self.username:
            body["username"] = self.username
        if self.forum:
            body["is_forum"] = True
        return body
