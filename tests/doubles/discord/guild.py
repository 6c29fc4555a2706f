"""A guild: its roles, channels and members, and who may do what in it (guild.mdx, permissions.mdx)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.doubles.discord.channels import VOICES, Channel, Kind
from tests.doubles.discord.people import JOINED, Member, Role
from tests.doubles.discord.permissions import ALL, EVERYONE, NONE, P, Permission, implied
from tests.doubles.discord.refusal import Json


@dataclass(slots=True, eq=False)
class Guild:
    """A server of Discord's. ``filesize_limit`` follows ``premium_tier``, as it does there."""

    id: str
    name: str
    owner_id: str
    locale: str = "en-US"
    premium_tier: int = 0
    afk_channel_id: str | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles.setdefault(self.id, Role(self.id, "@everyone", EVERYONE, position=0))

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def filesize_limit(self) -> int:
        """Bytes of one upload (10 MiB, 50 MB at tier 2, 100 MB at tier 3)."""
        return {2: 50 << 20, 3: 100 << 20}.get(self.premium_tier, 10 << 20)

    def permissions(self, user_id: str, channel: Channel | None = None) -> Permission:
        """What a member may do, in a channel or in general ("Permission Hierarchy", "Permission Overwrites")."""
        member = self.members.get(user_id)
        if member is None:
            return NONE
        base = self._base(member)
        if channel is None or base & P.ADMINISTRATOR:
            return ALL if base & P.ADMINISTRATOR else base
        return implied(self._overwritten(base, member, channel), thread=channel.thread)

    def _base(self, member: Member) -> Permission:
        if member.user.id == self.owner_id:
            return ALL
        found = self.everyone.permissions
        for role in member.roles:
            found |= self.roles[role].permissions
        return found

    def _overwritten(self, found: Permission, member: Member, channel: Channel) -> Permission:
        rules = channel.ruling()
        if (everyone := rules.get(self.id)) is not None:
            found = found & ~everyone.deny | everyone.allow
        allow = deny = NONE
        for role in member.roles:
            if (overwrite := rules.get(role)) is not None:
                allow |= overwrite.allow
                deny |= overwrite.deny
        found = found & ~deny | allow
        if (own := rules.get(member.user.id)) is not None:
            found = found & ~own.deny | own.allow
        return found

    def in_voice(self, channel_id: str | None = None) -> list[Member]:
        """Who is in voice, in this channel or in any."""
        wanted = (lambda at: at is not None) if channel_id is None else (lambda at: at == channel_id)
        return [member for member in self.members.values() if wanted(member.voice.channel_id)]

    def voice_state(self, member: Member) -> Json:
        """The voice state object of a member, as events have it."""
        ids = {"guild_id": self.id, "user_id": member.user.id}
        return {**member.voice.payload(), **ids, "member": member.payload()}

    def payload(self) -> Json:
        """The guild object, as REST has it."""
        return {
            "id": self.id,
            "name": self.name,
            "owner_id": self.owner_id,
            "roles": [role.payload() for role in self.roles.values()],
            "preferred_locale": self.locale,
            "premium_tier": self.premium_tier,
            "afk_channel_id": self.afk_channel_id,
            **_PLAIN,
        }

    def created(self, bot_id: str, *, with_members: bool) -> Json:
        """What GUILD_CREATE brings: without the presences intent only the bot and who is in voice."""
        members = [m for m in self.members.values() if with_members or m.user.id == bot_id or m.voice.channel_id]
        seen = [c for c in self.channels.values() if self.permissions(bot_id, c) & P.VIEW_CHANNEL]
        return {
            **self.payload(),
            "joined_at": JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [member.payload() for member in members],
            "channels": [channel.payload() for channel in self.channels.values() if not channel.thread],
            "threads": [channel.payload() for channel in seen if channel.thread],
            "voice_states": [self.voice_state(m) for m in self.in_voice()],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def voice_channels(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.kind in VOICES]

    def first(self, kind: Kind) -> Channel:
        """The guild's first channel of a kind."""
        return next(channel for channel in self.channels.values() if channel.kind is kind)


_PLAIN: Json = {
    "afk_timeout": 300,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "nsfw_level": 0,
    "features": [],
    "emojis": [],
    "stickers": [],
    "system_channel_flags": 0,
    "system_channel_id": None,
    "rules_channel_id": None,
    "icon": None,
    "banner": None,
    "splash": None,
    "description": None,
    "vanity_url_code": None,
}
