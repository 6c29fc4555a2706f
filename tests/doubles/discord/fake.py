"""The loopback Discord: one TLS port on 127.0.0.1, and everything behind it."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from aiohttp import web

from tests.doubles.discord import tls
from tests.doubles.discord.answers import Answers
from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.clock import Clock
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.crowd import Crowd
from tests.doubles.discord.faults import Fault
from tests.doubles.discord.gateway import Connection, Gateway
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.messages import Messages
from tests.doubles.discord.people import Member, Role, User
from tests.doubles.discord.permissions import Permission, named
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.rest import Rest
from tests.doubles.discord.routes import Api
from tests.doubles.discord.rtp import RtpPacket
from tests.doubles.discord.rules import VOICE as VOICE_FLAG
from tests.doubles.discord.switchboard import Switchboard
from tests.doubles.discord.upload import Note, Recorded, note_of
from tests.doubles.discord.voice import Terms, VoiceSession
from tests.doubles.discord.world import (
    BOT,
    GUILD,
    HUMAN,
    STAGE,
    TEXT,
    VOICE,
    Event,
    Intent,
    Named,
    default_world,
    id_of,
)

T = TypeVar("T")


class FakeDiscord(Crowd):
    """See the package: what may be set, done and asked."""

    bot_id, app_id, user_id, guild_id = BOT, BOT, HUMAN, GUILD
    text_channel, voice_channel, stage_channel = TEXT, VOICE, STAGE

    def __init__(
        self,
        *,
        dave: bool | str = False,
        key_exchange_delay: float = 0.0,
        rtcp_every: float | None = 0.25,
        ack_deadline: float = 3.0,
        compress: bool = True,
        privileged_allowed: bool = True,
        shards: int = 1,
        user_in_voice: bool = True,
        heartbeat_ms: int = 41_250,
    ) -> None:
        assert dave in (False, True, "bot_joins", "bot_first")
        self.clock = Clock()
        self.token = "MTAwMA.fake." + base64.urlsafe_b64encode(os.urandom(18)).decode()
        world = default_world(self.clock)
        messages, commands = Messages(world), Commands(world)
        switchboard = Switchboard(world, Terms(dave, key_exchange_delay, rtcp_every))
        super().__init__(world, messages, commands, Answers(world, messages, ack_deadline), switchboard)
        allowed = Intent.PRIVILEGED if privileged_allowed else 0
        self.gateway = Gateway(world, self.token, switchboard.update, allowed, compress, heartbeat_ms)
        self.api = Api(world, messages, commands, self.gateway, shards)
        self.rest = Rest(self.token, self.clock, [*self._answers.routes(), *self.api.routes()])
        self.asked: list[str] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        if user_in_voice:
            world.guild(GUILD).members[HUMAN].voice.channel_id = VOICE
            world.guild(GUILD).members[HUMAN].voice.session_id = f"human-{HUMAN}"

    # -- lifecycle

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 << 20)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls.server_context())
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._switchboard.close()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def connector(self) -> aiohttp.TCPConnector:
        """Give this to ``discord.Client(connector=…)``: one for each client, inside the running loop."""
        return tls.connector(self.port, self.asked)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        if host.endswith(".discord.media"):
            return await self._switchboard.serve(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.serve(request)
        if host.startswith(("cdn.", "media.")):
            return self._file(request)
        return await self.rest.serve(request)

    def _file(self, request: web.Request) -> web.Response:
        data = self._messages.uploads.get(request.path.split("/")[3]) if request.path.count("/") > 2 else None
        return web.Response(status=404) if data is None else web.Response(body=data)

    # -- what a test asks

    async def until(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109  it ends by itself
        """What ``predicate`` returns as soon as it is true. TimeoutError if that takes too long."""
        end = time.monotonic() + timeout
        while not (got := predicate()):
            if time.monotonic() > end:
                raise TimeoutError
            await asyncio.sleep(0.005)
        return got

    @property
    def requests(self) -> list[Recorded]:
        """Everything the bot did over REST."""
        return self.rest.requests

    @property
    def faults(self) -> list[Callable[[str, str], web.Response | None]]:
        """Functions of method and path that may answer in place of the API."""
        return self.rest.answers

    @property
    def messages(self) -> dict[str, Json]:
        """Every message that is, by id."""
        return self._messages.by_id

    @property
    def uploads(self) -> dict[str, bytes]:
        return self._messages.uploads

    @property
    def commands(self) -> dict[str, list[Json]]:
        """What the bot synced: by ``"global"`` or a guild's id."""
        return self._commands.synced

    @property
    def interactions(self) -> dict[str, Interaction]:
        return self._answers.interactions

    @property
    def gateways(self) -> list[Connection]:
        return self.gateway.connections

    @property
    def gateway_frames(self) -> list[Json]:
        """Everything the bot sent to its gateways."""
        return self.gateway.frames

    @property
    def voice(self) -> dict[str, VoiceSession]:
        """The voice sessions that are, by guild."""
        return self._switchboard.current

    @property
    def voice_history(self) -> list[VoiceSession]:
        """All voice sessions that ever were."""
        return self._switchboard.history

    @property
    def refused_joins(self) -> list[Json]:
        """Attempts to join voice that got no answer: no permission, or no room."""
        return self._switchboard.refused

    @property
    def errors(self) -> list[str]:
        """What the fake did not know or could not do: tests assert that it is empty."""
        broken = [f"voice: {error!r}" for session in self.voice_history for error in session.failures]
        return [*self.rest.errors, *self.gateway.errors, *broken]

    def said(self, channel: Named = TEXT) -> list[Json]:
        """The bot's messages that all may see in a channel."""
        found = self._messages.inside(self.world.channel(channel))
        return [message for message in found if message["author"]["id"] == BOT]

    def notes(self, channel: Named | None = None) -> list[Note]:
        """The voice notes of a channel, or of all."""
        where = None if channel is None else id_of(channel)
        return [
            note_of(message, self.uploads)
            for message in self.messages.values()
            if message["flags"] & VOICE_FLAG and where in (None, message["channel_id"])
        ]

    def heard(self, guild: Named = GUILD) -> list[RtpPacket]:
        """The sound that reached people in a guild, over all its sessions, without silence."""
        sessions = [session for session in self.voice_history if session.guild_id == id_of(guild)]
        return [packet for session in sessions for packet in session.heard_packets()]

    # -- the world

    @property
    def bot(self) -> User:
        return self.world.bot

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

    # -- what goes wrong

    def fail_next(
        self,
        method: str,
        path_suffix: str,
        status: int = 500,
        code: int = 0,
        *,
        times: int = 1,
        retry_after: float | None = None,
        reset: bool = False,
    ) -> Fault:
        """The next such requests are refused (or rate limited, or their connection is cut) and do nothing."""
        return self._fault(Fault(method, path_suffix, status, code, times, retry_after, reset))

    def lose_next_response(self, method: str, path_suffix: str, *, times: int = 1) -> Fault:
        """The next such requests are carried out, but the bot never hears so: its connection is cut."""
        return self._fault(Fault(method, path_suffix, times=times, lost=True))

    def hold_next(self, method: str, path_suffix: str, *, times: int = 1) -> Fault:
        """The next such requests wait until ``fault.gate.set()``, before anything is done."""
        return self._fault(Fault(method, path_suffix, times=times, gate=asyncio.Event()))

    def _fault(self, fault: Fault) -> Fault:
        self.rest.faults.append(fault)
        return fault

    def expire(self, ix: Interaction, code: int = 50027) -> None:
        """The interaction's token dies now: 401/50027, or 404/10015 with that code."""
        ix.expired = code

    async def drop_voice(self, code: int, guild_id: Named | None = None) -> None:
        """Close the bot's voice websocket with this code; 1006 cuts it without a word."""
        session = self.voice[GUILD if guild_id is None else id_of(guild_id)]
        if code == 1006:
            session.abort()
        else:
            await session.drop(code)

    async def disconnect_bot(self, guild: Named = GUILD) -> None:
        """A moderator puts the bot out of voice."""
        await self._switchboard.disconnect(self.world.guild(guild))

    async def move_bot(self, channel: Named) -> None:
        """A moderator moves the bot to another voice channel."""
        target = self.world.channel(channel)
        place = self.world.of(target)
        assert place is not None
        await self._switchboard.move(place, target)
