"""Channels of every kind, threads among them (channel.mdx)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from tests.doubles.discord.people import User
from tests.doubles.discord.permissions import NONE, Permission
from tests.doubles.discord.refusal import Json


class Kind(IntEnum):
    """What a channel is ("Channel Types")."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    CATEGORY = 4
    NEWS = 5
    THREAD = 11
    STAGE = 13
    FORUM = 15


VOICES = (Kind.VOICE, Kind.STAGE)
DIRECT = (Kind.DM, Kind.GROUP_DM)


@dataclass(slots=True, eq=False)
class Overwrite:
    """What is allowed and denied in one channel to a role (0) or a member (1)."""

    id: str
    type: int
    allow: Permission = NONE
    deny: Permission = NONE

    def payload(self) -> Json:
        """The overwrite object."""
        return {"id": self.id, "type": self.type, "allow": str(int(self.allow)), "deny": str(int(self.deny))}


@dataclass(slots=True, eq=False)
class Channel:
    """A channel; ``parent`` is a thread's channel.

    Without ``voice_notes`` it refuses voice messages (50173), ``closed`` it takes no direct message (50007).
    """

    id: str
    kind: Kind
    name: str
    guild_id: str | None = None
    parent: Channel | None = None
    user_limit: int = 0
    owner_id: str | None = None
    recipients: tuple[User, ...] = ()
    voice_notes: bool = True
    closed: bool = False
    last_message_id: str | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)

    @property
    def thread(self) -> bool:
        return self.kind is Kind.THREAD

    def ruling(self) -> dict[str, Overwrite]:
        """The overwrites that hold here: a thread has its parent's."""
        return self.parent.overwrites if self.parent is not None and self.thread else self.overwrites

    def payload(self) -> Json:
        """The channel object."""
        body: Json = {"id": self.id, "type": int(self.kind), "last_message_id": self.last_message_id}
        if self.kind in DIRECT:
            return {**body, "recipients": [user.payload() for user in self.recipients]}
        body |= {
            "guild_id": self.guild_id,
            "name": self.name,
            "position": 0,
            "permission_overwrites": [overwrite.payload() for overwrite in self.overwrites.values()],
            "nsfw": False,
            "parent_id": None if self.parent is None else self.parent.id,
            "rate_limit_per_user": 0,
            "topic": None,
            "flags": 0,
        }
        return body | self._special()

    def _special(self) -> Json:
        if self.kind in VOICES:
            return {"bitrate": 64_000, "user_limit": self.user_limit, "rtc_region": None, "video_quality_mode": 1}
        if self.kind is Kind.FORUM:
            return {"available_tags": [], "default_sort_order": None, "default_forum_layout": 0}
        if self.thread:
            return {"owner_id": self.owner_id, "message_count": 0, "member_count": 1, "thread_metadata": _OPEN}
        return {}


_OPEN: Json = {
    "archived": False,
    "auto_archive_duration": 1440,
    "archive_timestamp": "2024-01-01T00:00:00+00:00",
    "locked": False,
    "create_timestamp": "2024-01-01T00:00:00+00:00",
}
