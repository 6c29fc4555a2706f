"""The gateway: sessions that outlive their connections, shards, intents, resuming (gateway.mdx, gateway-events.mdx)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from aiohttp import web

from tests.doubles.discord.messages import blanked
from tests.doubles.discord.permissions import P
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.world import Event, Intent, World

(DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, _, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK) = range(12)


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket. Frames leave in the order in which they were put."""

    request: web.Request
    ws: web.WebSocketResponse
    compressor: zlib._Compress | None
    identify: Json | None = None
    session: Session | None = None
    put_off: bool = False
    """It was closed from this side."""
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def put(self, op: int, data: object = None) -> None:
        self.outbox.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        """Send what is put, for ever."""
        with contextlib.suppress(ConnectionError):
            while True:
                raw = await self.outbox.get()
                if self.compressor is None:
                    await self.ws.send_str(raw)
                else:
                    packed = self.compressor.compress(raw.encode())
                    await self.ws.send_bytes(packed + self.compressor.flush(zlib.Z_SYNC_FLUSH))

    async def close(self, code: int, reason: str = "") -> None:
        self.put_off = True
        await self.ws.close(code=code, message=reason.encode())

    def abort(self) -> None:
        """Cut the TCP connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(slots=True, eq=False)
class Session:
    """What one Identify began; ``log`` is every event since, so that it can be resumed."""

    id: str
    token: str
    intents: int
    shard: tuple[int, int]
    connection: Connection | None
    log: list[str] = field(default_factory=list)

    def has(self, guild_id: str | None) -> bool:
        """Whether this shard is told of that guild; shard 0 is told of direct messages ("Sharding")."""
        index, count = self.shard
        return index == (0 if guild_id is None else (int(guild_id) >> 22) % count)

    def tell(self, name: str, data: object) -> None:
        frame = json.dumps({"op": DISPATCH, "d": data, "s": len(self.log) + 1, "t": name})
        self.log.append(frame)
        if self.connection is not None:
            self.connection.outbox.put_nowait(frame)


class Voice(Protocol):
    """What becomes of voice states."""

    def update(self, session_id: str, tell: Callable[[str, Json], None], data: Json) -> None: ...
    async def ended(self, session_id: str) -> None: ...


@dataclass(slots=True, eq=False)
class Gateway:
    """All gateways of one bot. ``allowed`` are the privileged intents its application has."""

    world: World
    token: str
    voice: Voice
    allowed: int = Intent.PRIVILEGED
    compress: bool = True
    heartbeat_ms: int = 41_250
    connections: list[Connection] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    frames: list[Json] = field(default_factory=list)
    resumed: int = 0
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.listeners.append(self.tell)

    @property
    def reads_content(self) -> bool:
        """Whether the bot gets the words of others over REST: as its last Identify had it."""
        return not self.sessions or bool(self.sessions[-1].intents & Intent.CONTENT)

    def tell(self, event: Event) -> None:
        """Send an event to every session that is to have it."""
        for session in self.sessions:
            if session.has(event.guild_id) and self._wants(session, event):
                session.tell(event.name, self._seen(session, event))

    def _wants(self, session: Session, event: Event) -> bool:
        if event.intent and not session.intents & event.intent:
            return False
        return event.channel is None or self.world.may(self.world.bot.id, event.channel, P.VIEW_CHANNEL)

    def _seen(self, session: Session, event: Event) -> Json:
        if event.message is None or session.intents & Intent.CONTENT:
            return event.data
        return blanked(event.data, self.world.bot.id)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One websocket of the bot's."""
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        packed = self.compress and request.query.get("compress") == "zlib-stream"
        connection = Connection(request, ws, zlib.compressobj() if packed else None)
        self.connections.append(connection)
        connection.put(HELLO, {"heartbeat_interval": self.heartbeat_ms})
        writer = asyncio.get_running_loop().create_task(connection.write())
        try:
            await self._listen(connection)
        finally:
            await self._gone(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return ws

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.frames.append(frame)
                await self._frame(connection, frame["op"], frame["d"])

    async def _gone(self, connection: Connection) -> None:
        self.connections.remove(connection)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        # A client's goodbye ends the session; anything else leaves it to be resumed ("Resuming").
        goodbye = connection.ws.close_code in (1000, 1001) and not connection.put_off
        if goodbye and session in self.sessions:
            self.sessions.remove(session)
            await self.voice.ended(session.id)

    async def _frame(self, connection: Connection, op: int, data: Json) -> None:
        if op == HEARTBEAT:
            connection.put(ACK)
        elif op == IDENTIFY:
            await self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif connection.session is None:
            await connection.close(4003, "Not authenticated.")
        elif op == MEMBERS:
            self._members(connection.session, data)
        elif op == VOICE_STATE:
            self.voice.update(connection.session.id, connection.session.tell, data)
        elif op != PRESENCE:
            self.errors.append(f"gateway opcode {op}")

    async def _identify(self, connection: Connection, data: Json) -> None:
        index, count = data.get("shard") or (0, 1)
        if data["token"] != self.token:
            await connection.close(4004, "Authentication failed.")
        elif not 0 <= index < count:
            await connection.close(4010, "Invalid shard.")
        elif data["intents"] & Intent.PRIVILEGED & ~self.allowed:
            await connection.close(4014, "Disallowed intent(s).")
        else:
            connection.identify = data
            session = Session(os.urandom(16).hex(), data["token"], data["intents"], (index, count), connection)
            connection.session = session
            self.sessions.append(session)
            self._greet(session)

    def _greet(self, session: Session) -> None:
        guilds = [guild for guild in self.world.guilds.values() if session.has(guild.id)]
        bot = self.world.bot
        ready = {
            "v": 10,
            "user": bot.payload(),
            "session_id": session.id,
            "resume_gateway_url": "wss://gateway-resume.discord.gg",
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "shard": list(session.shard),
            "application": {"id": bot.id, "flags": 1 << 19},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
        }
        session.tell("READY", ready)
        for guild in guilds:
            if bot.id in guild.members:
                everybody = bool(session.intents & Intent.PRESENCES)
                session.tell("GUILD_CREATE", guild.created(bot.id, with_members=everybody))

    def _resume(self, connection: Connection, data: Json) -> None:
        session = next((s for s in self.sessions if s.id == data["session_id"] and s.token == data["token"]), None)
        if session is None:
            connection.put(INVALID, False)
            return
        self.resumed += 1
        connection.session, connection.identify = session, data
        session.connection = connection
        for frame in session.log[data["seq"] or 0 :]:
            connection.outbox.put_nowait(frame)
        session.tell("RESUMED", {})

    def _members(self, session: Session, data: Json) -> None:
        """Request Guild Members: by ids, or by the beginning of a name."""
        guild = self.world.guilds[str(data["guild_id"])]
        ids = data.get("user_ids")
        wanted = {str(i) for i in (ids if isinstance(ids, list) else [ids])} if ids is not None else None
        query, limit = (data.get("query") or "").lower(), data.get("limit") or len(guild.members)
        found = [
            member.payload()
            for member in guild.members.values()
            if (member.user.id in wanted if wanted is not None else member.user.name.lower().startswith(query))
        ]
        chunk = {"guild_id": guild.id, "members": found[:limit], "chunk_index": 0, "chunk_count": 1}
        missing = sorted((wanted or set()) - set(guild.members))
        session.tell("GUILD_MEMBERS_CHUNK", {**chunk, "not_found": missing, "nonce": data.get("nonce")})

    async def close(self, code: int = 1000) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            await connection.close(code)

    def abort(self, *, forget: bool) -> None:
        """Cut every connection; with ``forget`` there is nothing to resume."""
        for connection in list(self.connections):
            connection.abort()
        if forget:
            self.sessions.clear()

    def ask_reconnect(self) -> None:
        """Opcode 7 to everybody ("Reconnect")."""
        for connection in self.connections:
            connection.put(RECONNECT)

    def invalidate(self, *, resumable: bool) -> None:
        """Opcode 9 to everybody ("Invalid Session")."""
        if not resumable:
            self.sessions.clear()
        for connection in self.connections:
            connection.put(INVALID, resumable)
