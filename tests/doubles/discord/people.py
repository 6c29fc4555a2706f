"""Users, roles and members, and where in voice they are (user.mdx, permissions.mdx "Role Object", voice.mdx)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.doubles.discord.permissions import NONE, Permission
from tests.doubles.discord.refusal import Json

JOINED = "2024-01-01T00:00:00+00:00"


@dataclass(slots=True, eq=False)
class User:
    """An account: a person's or a bot's."""

    id: str
    name: str
    bot: bool = False
    display: str | None = None
    locale: str = "en-US"

    def payload(self) -> Json:
        """The user object."""
        return {
            "id": self.id,
            "username": self.name,
            "discriminator": "0",
            "global_name": self.display,
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
            "flags": 0,
            "mfa_enabled": False,
            "verified": True,
        }


@dataclass(slots=True, eq=False)
class Role:
    """A role; the one with its guild's id is @everyone."""

    id: str
    name: str
    permissions: Permission = NONE
    position: int = 1
    managed: bool = False
    bot_id: str | None = None

    def payload(self) -> Json:
        """The role object."""
        return {
            "id": self.id,
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": self.position,
            "permissions": str(int(self.permissions)),
            "managed": self.managed,
            "mentionable": True,
            "flags": 0,
            "tags": {} if self.bot_id is None else {"bot_id": self.bot_id},
        }


@dataclass(slots=True, eq=False)
class VoiceState:
    """Where somebody is in voice, and how."""

    channel_id: str | None = None
    session_id: str = ""
    self_mute: bool = False
    self_deaf: bool = False
    mute: bool = False
    deaf: bool = False
    suppress: bool = False
    asked_to_speak: str | None = None

    def payload(self) -> Json:
        """The voice state object, less the ids of guild and user."""
        return {
            "channel_id": self.channel_id,
            "session_id": self.session_id,
            "deaf": self.deaf,
            "mute": self.mute,
            "self_deaf": self.self_deaf,
            "self_mute": self.self_mute,
            "self_video": False,
            "suppress": self.suppress,
            "request_to_speak_timestamp": self.asked_to_speak,
        }


@dataclass(slots=True, eq=False)
class Member:
    """A user in one guild."""

    user: User
    nick: str | None = None
    roles: list[str] = field(default_factory=list)
    voice: VoiceState = field(default_factory=VoiceState)

    def partial(self) -> Json:
        """The member object without its user, as it stands in messages."""
        return {
            "roles": list(self.roles),
            "joined_at": JOINED,
            "deaf": self.voice.deaf,
            "mute": self.voice.mute,
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "flags": 0,
            "pending": False,
            "premium_since": None,
            "communication_disabled_until": None,
        }

    def payload(self) -> Json:
        """The member object."""
        return {**self.partial(), "user": self.user.payload()}
