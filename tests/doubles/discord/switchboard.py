"""Who is connected to voice where: joining, moving and leaving, and the voice websockets (voice-connections.mdx)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.doubles.discord.channels import VOICES, Channel, Kind
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.people import Member, VoiceState
from tests.doubles.discord.permissions import P
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.voice import HELLO, RESUME, Terms, VoiceSession
from tests.doubles.discord.world import World

ENDPOINT = "loop-1.discord.media:443"
Tell = Callable[[str, Json], None]
"""Sends an event to one gateway session only."""


@dataclass(slots=True, eq=False)
class Switchboard:
    """The voice servers. ``current`` by guild, ``history`` of all sessions; ``refused`` are unanswered joins."""

    world: World
    terms: Terms
    current: dict[str, VoiceSession] = field(default_factory=dict)
    history: list[VoiceSession] = field(default_factory=list)
    refused: list[Json] = field(default_factory=list)
    _tellers: dict[str, tuple[str, Tell]] = field(default_factory=dict)
    _ssrc: itertools.count[int] = field(default_factory=lambda: itertools.count(4242))

    # -- the bot, by opcode 4 of its gateway

    def update(self, session_id: str, tell: Tell, data: Json) -> None:
        """Join, move, mute or leave. Where the bot may not go, nothing at all is answered, as Discord does it."""
        guild = self.world.guilds[str(data["guild_id"])]
        member = guild.members[self.world.bot.id]
        if data["channel_id"] is None:
            self._leave(guild, member)
            return
        channel = guild.channels.get(str(data["channel_id"]))
        if channel is None or not self._welcome(guild, member, channel):
            self.refused.append(data)
            return
        same = member.voice.channel_id == channel.id and member.voice.session_id == session_id
        member.voice.session_id = session_id
        member.voice.self_mute, member.voice.self_deaf = bool(data["self_mute"]), bool(data["self_deaf"])
        if same:
            self.world.voice_event(guild, member)
            return
        self._tellers[guild.id] = (session_id, tell)
        self._enter(guild, member, channel)

    def _welcome(self, guild: Guild, member: Member, channel: Channel) -> bool:
        """Whether the bot may be there ("Joining a voice channel", "user limit")."""
        if channel.kind not in VOICES or not self.world.may(member.user.id, channel, P.VIEW_CHANNEL | P.CONNECT):
            return False
        others = [m for m in guild.in_voice(channel.id) if m is not member]
        room = not channel.user_limit or len(others) < channel.user_limit
        return room or self.world.may(member.user.id, channel, P.MOVE_MEMBERS)

    def _enter(self, guild: Guild, member: Member, channel: Channel) -> None:
        """A new session: the bot is told of it by both updates."""
        member.voice.channel_id = channel.id
        member.voice.suppress = channel.kind is Kind.STAGE
        session_id, tell = self._tellers[guild.id]
        # Stage channels are exempt from end-to-end encryption.
        e2ee = bool(self.terms.dave) and channel.kind is not Kind.STAGE
        humans = [int(m.user.id) for m in guild.in_voice(channel.id) if not m.user.bot]
        session = VoiceSession(
            self.terms, guild.id, channel.id, member.user.id, session_id, next(self._ssrc), e2ee, humans
        )
        self.current[guild.id] = session
        self.history.append(session)
        self.world.voice_event(guild, member)
        tell("VOICE_SERVER_UPDATE", {"token": session.token, "guild_id": guild.id, "endpoint": ENDPOINT})

    def _leave(self, guild: Guild, member: Member) -> None:
        self.current.pop(guild.id, None)
        member.voice = VoiceState(session_id=member.voice.session_id)
        self.world.voice_event(guild, member)

    # -- the bot, by a moderator's hand

    async def disconnect(self, guild: Guild) -> None:
        """A moderator puts the bot out of voice: 4014, and it is nowhere."""
        session = self.current.get(guild.id)
        self._leave(guild, guild.members[self.world.bot.id])
        if session is not None:
            await session.drop(4014)

    async def move(self, guild: Guild, channel: Channel) -> None:
        """A moderator moves the bot: 4014, and a new session elsewhere.

        In this order: where both ends close at once, aiohttp's client waits 10 s for a goodbye that it had already.
        """
        await self.current[guild.id].drop(4014)
        self._enter(guild, guild.members[self.world.bot.id], channel)

    async def ended(self, session_id: str) -> None:
        """A gateway session is over, and with it its voice connections (4014)."""
        for guild in list(self.world.guilds.values()):
            member = guild.members.get(self.world.bot.id)
            if member is None or member.voice.channel_id is None or member.voice.session_id != session_id:
                continue
            await self.disconnect(guild)

    def forget(self) -> None:
        """The bot's gateway sessions have ended: it is nowhere."""
        for guild in self.world.guilds.values():
            member = guild.members.get(self.world.bot.id)
            if member is not None and member.voice.channel_id is not None:
                self._leave(guild, member)

    # -- people

    def person(self, guild: Guild, member: Member, channel: Channel | None, **flags: Any) -> None:
        """Somebody joins, moves, mutes or leaves."""
        before = member.voice.channel_id
        after = None if channel is None else channel.id
        member.voice = VoiceState(channel_id=after, session_id=f"human-{member.user.id}", **flags)
        self.world.voice_event(guild, member)
        session = self.current.get(guild.id)
        if session is None or before == after or member.user.bot:
            return
        if session.channel_id == after:
            session.came(member.user.id)
        elif session.channel_id == before:
            session.went(member.user.id)

    # -- websockets

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One voice websocket: it identifies itself, or resumes."""
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        await ws.send_str(json.dumps({"op": HELLO, "d": {"heartbeat_interval": self.terms.heartbeat_ms, "v": 8}}))
        message = await ws.receive(timeout=5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            await ws.close(code=4003, message=b"Not authenticated")
            return ws
        frame = json.loads(message.data)
        session = self._known(frame["d"])
        if session is None:
            await ws.close(code=4006, message=b"Session is no longer valid.")
        elif session.e2ee and frame["op"] != RESUME and not frame["d"].get("max_dave_protocol_version"):
            await ws.close(code=4017, message=b"E2EE/DAVE protocol required")
        else:
            await session.run(request, ws, frame)
        return ws

    def _known(self, data: Json) -> VoiceSession | None:
        session = self.current.get(str(data.get("server_id")))
        given = (data.get("token"), data.get("session_id"))
        return session if session is not None and given == (session.token, session.session_id) else None

    async def close(self) -> None:
        """End all sessions."""
        for session in self.history:
            await session.close()
