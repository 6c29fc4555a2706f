"""The world: guilds, channels, users, and the events that tell of their changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.doubles.discord.channels import Channel, Kind, Overwrite
from tests.doubles.discord.clock import Clock
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.people import Member, Role, User
from tests.doubles.discord.permissions import INVITED, Permission
from tests.doubles.discord.refusal import Json, unknown

Named: TypeAlias = "str | int | User | Channel | Guild | Role"
"""Anything with an id, or the id."""

BOT, HUMAN, GUILD, TEXT, VOICE, STAGE = "1000", "2000", "5000", "6000", "7000", "7001"


class Intent:
    """Which events a bot wants ("Gateway Intents", gateway.mdx)."""

    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    VOICE_STATES = 1 << 7
    PRESENCES = 1 << 8
    MESSAGES = 1 << 9
    REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    CONTENT = 1 << 15
    PRIVILEGED = MEMBERS | PRESENCES | CONTENT


@dataclass(frozen=True, slots=True)
class Event:
    """What may be told to the bots: to whom is for the gateway to say. No intent means it needs none."""

    name: str
    data: Json
    guild_id: str | None = None
    channel: Channel | None = None
    intent: int = 0
    message: Json | None = None
    """The message it is about, whose words need the message content intent."""


@dataclass(slots=True, eq=False)
class World:
    """Everything that is there. Setting it up tells nobody who is not yet connected; changing it tells all who are."""

    clock: Clock
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    bot: User = field(init=False)
    team: Json | None = None
    """Of the application, if it belongs to one."""

    def __post_init__(self) -> None:
        self.bot = self.add_user("speaker", bot=True, id=BOT)

    def emit(self, event: Event) -> None:
        """Tell the gateway."""
        for listener in self.listeners:
            listener(event)

    # -- looking up

    def user(self, user: Named) -> User:
        """A user by id or name, or itself."""
        key = id_of(user)
        if key in self.users:
            return self.users[key]
        return next(found for found in self.users.values() if found.name == key)

    def guild(self, guild: Named) -> Guild:
        if (found := self.guilds.get(id_of(guild))) is None:
            raise unknown("Guild")
        return found

    def channel(self, channel: Named) -> Channel:
        if (found := self.channels.get(id_of(channel))) is None:
            raise unknown("Channel")
        return found

    def of(self, channel: Channel) -> Guild | None:
        """The guild of a channel."""
        return None if channel.guild_id is None else self.guilds[channel.guild_id]

    def may(self, user_id: str, channel: Channel, wanted: Permission) -> bool:
        """Whether somebody may do all this there. In a direct message all may, who are in it."""
        guild = self.of(channel)
        if guild is None:
            return any(user.id == user_id for user in channel.recipients) or user_id == self.bot.id
        return guild.permissions(user_id, channel) & wanted == wanted

    # -- making

    def add_user(self, name: str, *, bot: bool = False, id: str | int | None = None, locale: str = "en-US") -> User:
        user = User(self._id(id), name, bot, locale=locale)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, owner: User, id: str | int | None = None, locale: str = "en-US") -> Guild:
        """A guild with the bot (and the role that came with it) and the owner in it, and nothing else."""
        guild = Guild(self._id(id), name, owner.id, locale)
        role = Role(self.clock.snowflake(), self.bot.name, INVITED, managed=True, bot_id=self.bot.id)
        guild.roles[role.id] = role
        guild.members[owner.id] = Member(owner)
        guild.members[self.bot.id] = Member(self.bot, roles=[role.id])
        self.guilds[guild.id] = guild
        return guild

    def add_channel(self, guild: Guild, name: str, kind: Kind, *, id: str | int | None = None) -> Channel:
        channel = Channel(self._id(id), kind, name, guild.id)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.channel_event("CHANNEL_CREATE", channel)
        return channel

    def add_thread(self, parent: Channel, name: str, owner: User, *, id: str | int | None = None) -> Channel:
        """A public thread, or a post of a forum."""
        assert parent.guild_id is not None
        thread = Channel(self._id(id), Kind.THREAD, name, parent.guild_id, parent, owner_id=owner.id)
        self.guilds[parent.guild_id].channels[thread.id] = self.channels[thread.id] = thread
        self.channel_event("THREAD_CREATE", thread)
        return thread

    def direct(self, user: User) -> Channel:
        """The direct messages of the bot with somebody."""
        for channel in self.channels.values():
            if channel.kind is Kind.DM and user in channel.recipients:
                return channel
        channel = Channel(self.clock.snowflake(), Kind.DM, user.name, recipients=(user,))
        self.channels[channel.id] = channel
        return channel

    def add_member(self, guild: Guild, user: User, *, nick: str | None = None, roles: tuple[Role, ...] = ()) -> Member:
        member = guild.members.setdefault(user.id, Member(user))
        member.nick = nick
        member.roles = [role.id for role in roles]
        self.member_event("GUILD_MEMBER_ADD", guild, member)
        return member

    # -- taking away

    def remove_channel(self, guild: Guild, channel: Channel) -> None:
        """With its threads."""
        gone = [found for found in guild.channels.values() if found is channel or found.parent is channel]
        for found in gone:
            del guild.channels[found.id], self.channels[found.id]
        self.channel_event("THREAD_DELETE" if channel.thread else "CHANNEL_DELETE", channel)

    def remove_guild(self, guild: Guild) -> None:
        for channel in guild.channels.values():
            del self.channels[channel.id]
        del self.guilds[guild.id]

    def remove_member(self, guild: Guild, member: Member) -> None:
        del guild.members[member.user.id]
        data = {"guild_id": guild.id, "user": member.user.payload()}
        self.emit(Event("GUILD_MEMBER_REMOVE", data, guild.id, intent=Intent.MEMBERS))

    def _id(self, id: str | int | None) -> str:
        return self.clock.snowflake() if id is None else str(id)

    # -- telling

    def channel_event(self, name: str, channel: Channel) -> None:
        self.emit(Event(name, channel.payload(), channel.guild_id, intent=Intent.GUILDS))

    def member_event(self, name: str, guild: Guild, member: Member) -> None:
        data = {**member.payload(), "guild_id": guild.id}
        # A bot hears of its own changes without the intent ("GUILD_MEMBER_UPDATE", gateway.mdx).
        own = name == "GUILD_MEMBER_UPDATE" and member.user is self.bot
        self.emit(Event(name, data, guild.id, intent=0 if own else Intent.MEMBERS))

    def role_event(self, name: str, guild: Guild, role: Role) -> None:
        self.emit(Event(name, {"guild_id": guild.id, "role": role.payload()}, guild.id, intent=Intent.GUILDS))

    def voice_event(self, guild: Guild, member: Member) -> None:
        self.emit(Event("VOICE_STATE_UPDATE", guild.voice_state(member), guild.id, intent=Intent.VOICE_STATES))

    # -- changing

    def change_permission(
        self, permission: Permission, who: User | Role | None, channel: Channel | None, guild: Guild, *, allowed: bool
    ) -> None:
        """Grant or take away; without ``who`` it is @everyone, without ``channel`` the whole guild."""
        if channel is None:
            self._change_roles(permission, who, guild, allowed=allowed)
            return
        target = guild.everyone if who is None else who
        rule = channel.overwrites.setdefault(target.id, Overwrite(target.id, int(isinstance(target, User))))
        rule.allow = rule.allow | permission if allowed else rule.allow & ~permission
        rule.deny = rule.deny & ~permission if allowed else rule.deny | permission
        self.channel_event("CHANNEL_UPDATE", channel)

    def _change_roles(self, permission: Permission, who: User | Role | None, guild: Guild, *, allowed: bool) -> None:
        """Of a member all roles are changed, @everyone among them where something is taken away."""
        roles = [guild.everyone if who is None else who] if not isinstance(who, User) else self._roles(who, guild)
        for role in roles:
            assert isinstance(role, Role)
            role.permissions = role.permissions | permission if allowed else role.permissions & ~permission
            self.role_event("GUILD_ROLE_UPDATE", guild, role)

    def _roles(self, who: User, guild: Guild) -> list[User | Role]:
        return [guild.everyone, *(guild.roles[role] for role in guild.members[who.id].roles)]


def id_of(thing: Named) -> str:
    """The id of anything."""
    return str(thing) if isinstance(thing, str | int) else thing.id


def default_world(clock: Clock) -> World:
    """Guild 5000 of user 2000 (``ann``), with the channels 6000 (text), 7000 (voice) and 7001 (stage)."""
    world = World(clock)
    ann = world.add_user("ann", id=HUMAN)
    guild = world.add_guild("Test guild", owner=ann, id=GUILD)
    world.add_channel(guild, "general", Kind.TEXT, id=TEXT)
    world.add_channel(guild, "Talk", Kind.VOICE, id=VOICE)
    world.add_channel(guild, "Stage", Kind.STAGE, id=STAGE)
    return world
