"""What a test may add to the world, change in it and take away; bots that are connected are told."""

from __future__ import annotations

from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.parts import Parts
from tests.doubles.discord.people import Member, Role, User
from tests.doubles.discord.permissions import Permission, named
from tests.doubles.discord.world import BOT, GUILD, HUMAN, TEXT, Event, Intent, Named


class Creation(Parts):
    """The world as a test wants it. Whatever takes a guild, a channel or a user takes its id, too."""

    @property
    def permissions(self) -> int:
        """What everybody may in guild 5000; setting it takes the rest from the bot, too."""
        return int(self.world.guild(GUILD).permissions(BOT))

    @permissions.setter
    def permissions(self, value: int) -> None:
        guild = self.world.guild(GUILD)
        for role in guild.roles.values():
            role.permissions = Permission(value)
            self.world.role_event("GUILD_ROLE_UPDATE", guild, role)

    def add_user(
        self,
        name: str,
        *,
        bot: bool = False,
        id: str | int | None = None,
        locale: str = "en-US",
        nick: str | None = None,
        roles: tuple[Role, ...] = (),
        guild: Named | None = GUILD,
        voice: Named | None = None,
    ) -> User:
        """Somebody new, in a guild unless it is None, in a voice channel if one is named."""
        user = self.world.add_user(name, bot=bot, id=id, locale=locale)
        if guild is not None:
            self.join(user, guild, nick=nick, roles=roles)
        if voice is not None:
            channel = self.world.channel(voice)
            place = self.world.of(channel)
            assert place is not None
            self._switchboard.person(place, place.members[user.id], channel)
        return user

    def join(self, user: Named, guild: Named, *, nick: str | None = None, roles: tuple[Role, ...] = ()) -> Member:
        """Somebody becomes a member."""
        return self.world.add_member(self.world.guild(guild), self.world.user(user), nick=nick, roles=roles)

    def add_guild(
        self, name: str, *, id: str | int | None = None, owner: Named = HUMAN, locale: str = "en-US"
    ) -> Guild:
        """A guild with a text, a voice and a stage channel: ``guild.first(Kind.VOICE)``. A connected bot is told."""
        guild = self.world.add_guild(name, owner=self.world.user(owner), id=id, locale=locale)
        for kind, title in ((Kind.TEXT, "general"), (Kind.VOICE, "Talk"), (Kind.STAGE, "Stage")):
            self.world.add_channel(guild, title, kind)
        self.world.emit(Event("GUILD_CREATE", guild.created(BOT, with_members=False), guild.id, intent=Intent.GUILDS))
        return guild

    def add_channel(
        self, name: str, kind: Kind = Kind.TEXT, *, guild: Named = GUILD, id: str | int | None = None
    ) -> Channel:
        return self.world.add_channel(self.world.guild(guild), name, kind, id=id)

    def add_thread(self, name: str, *, parent: Named = TEXT, by: Named = HUMAN, id: str | int | None = None) -> Channel:
        """A thread of a text channel, or a post of a forum."""
        return self.world.add_thread(self.world.channel(parent), name, self.world.user(by), id=id)

    def direct(self, user: Named = HUMAN) -> Channel:
        """The direct messages of the bot and somebody."""
        return self.world.direct(self.world.user(user))

    def add_role(self, name: str, *permissions: str | Permission, guild: Named = GUILD) -> Role:
        place = self.world.guild(guild)
        role = Role(self.clock.snowflake(), name)
        for permission in permissions:
            role.permissions |= named(permission)
        place.roles[role.id] = role
        self.world.role_event("GUILD_ROLE_CREATE", place, role)
        return role

    def change_member(
        self, user: Named, guild: Named = GUILD, *, nick: str | None, roles: tuple[Role, ...] = ()
    ) -> None:
        """Give somebody a name and roles."""
        place = self.world.guild(guild)
        member = place.members[self.world.user(user).id]
        member.nick, member.roles = nick, [role.id for role in roles]
        self.world.member_event("GUILD_MEMBER_UPDATE", place, member)

    def allow(
        self,
        *permissions: str | Permission,
        who: User | Role | None = None,
        channel: Named | None = None,
        guild: Named = GUILD,
    ) -> None:
        """Grant: to @everyone, or ``who``; in a channel, or in the whole guild."""
        self._permit(permissions, who, channel, guild, allowed=True)

    def deny(
        self,
        *permissions: str | Permission,
        who: User | Role | None = None,
        channel: Named | None = None,
        guild: Named = GUILD,
    ) -> None:
        """Take away, likewise."""
        self._permit(permissions, who, channel, guild, allowed=False)

    def _permit(
        self,
        permissions: tuple[str | Permission, ...],
        who: User | Role | None,
        channel: Named | None,
        guild: Named,
        *,
        allowed: bool,
    ) -> None:
        where = None if channel is None else self.world.channel(channel)
        place = self.world.guild(guild if where is None or where.guild_id is None else where.guild_id)
        for permission in permissions:
            self.world.change_permission(named(permission), who, where, place, allowed=allowed)

    def change_channel(self, channel: Named, *, name: str | None = None, user_limit: int | None = None) -> None:
        """Give a channel another name or limit."""
        found = self.world.channel(channel)
        found.name = found.name if name is None else name
        found.user_limit = found.user_limit if user_limit is None else user_limit
        self.world.channel_event("CHANNEL_UPDATE", found)

    def change_guild(
        self, guild: Named = GUILD, *, locale: str | None = None, tier: int | None = None, afk: Named | None = None
    ) -> None:
        """Give a guild another language, tier (with its ``filesize_limit``) or channel for who is away."""
        found = self.world.guild(guild)
        found.locale = found.locale if locale is None else locale
        found.premium_tier = found.premium_tier if tier is None else tier
        found.afk_channel_id = found.afk_channel_id if afk is None else self.world.channel(afk).id
        self.world.emit(Event("GUILD_UPDATE", found.payload(), found.id, intent=Intent.GUILDS))

    async def remove_channel(self, channel: Named) -> None:
        """A moderator deletes a channel: who is in voice there, is nowhere (4014 for the bot)."""
        found = self.world.channel(channel)
        guild = self.world.of(found)
        assert guild is not None
        self.world.remove_channel(guild, found)
        for member in guild.in_voice(found.id):
            if member.user is self.world.bot:
                await self._switchboard.disconnect(guild)
            else:
                self._switchboard.person(guild, member, None)

    async def remove_guild(self, guild: Named = GUILD, *, unavailable: bool = False) -> None:
        """The bot is put out of a guild, or (``unavailable``) the guild has an outage."""
        found = self.world.guild(guild)
        if found.members[BOT].voice.channel_id is not None:
            await self._switchboard.disconnect(found)
        data = {"id": found.id, **({"unavailable": True} if unavailable else {})}
        self.world.emit(Event("GUILD_DELETE", data, found.id, intent=Intent.GUILDS))
        if not unavailable:
            self.world.remove_guild(found)

    def restore_guild(self, guild: Named = GUILD) -> None:
        """The outage is over."""
        found = self.world.guild(guild)
        self.world.emit(Event("GUILD_CREATE", found.created(BOT, with_members=False), found.id, intent=Intent.GUILDS))

    def leave(self, user: Named, guild: Named = GUILD) -> None:
        """Somebody leaves a guild, and voice in it."""
        place = self.world.guild(guild)
        member = place.members[self.world.user(user).id]
        if member.voice.channel_id is not None:
            self._switchboard.person(place, member, None)
        self.world.remove_member(place, member)
