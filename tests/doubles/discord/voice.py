"""One voice connection of a bot's: websocket, UDP, and what was heard (voice-connections.mdx)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aiohttp
import davey
from aiohttp import web

from tests.doubles.discord.dave import INVALID, MARK, READY, Group
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.rtp import (
    DISCOVERY,
    MODES,
    SILENCE,
    RtpPacket,
    Samples,
    audible,
    decrypt,
    discovered,
    fields,
    pcm,
    report,
)

IDENTIFY, SELECT, HELLO_READY, HEARTBEAT, DESCRIPTION, SPEAKING, ACK, RESUME, HELLO, RESUMED = range(10)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the voice servers of a fake behave.

    ``dave``: False, ``"bot_joins"`` (the human commits) or ``"bot_first"`` (the bot does); ``key_exchange_delay``
    seconds pass before the group is made; ``rtcp_every`` None sends no UDP back, as to a deafened bot in a quiet
    channel.
    """

    dave: bool | str = False
    key_exchange_delay: float = 0.0
    rtcp_every: float | None = 0.25
    heartbeat_ms: int = 13_750


@dataclass(slots=True, eq=False)
class VoiceSession(asyncio.DatagramProtocol):
    """From one VOICE_SERVER_UPDATE to the next. ``packets`` is everything that came by UDP and was sound."""

    SILENCE: ClassVar[bytes] = SILENCE

    terms: Terms
    guild_id: str
    channel_id: str
    user_id: str
    session_id: str
    ssrc: int
    e2ee: bool
    humans: list[int]
    """Who listens when the bot comes."""
    token: str = field(default_factory=lambda: os.urandom(8).hex())
    secret_key: bytes = field(default_factory=lambda: os.urandom(32))
    mode: str | None = None
    identify: Json | None = None
    ws: web.WebSocketResponse | None = None
    request: web.Request | None = None
    packets: list[RtpPacket] = field(default_factory=list)
    keepalives: int = 0
    speaking: list[int] = field(default_factory=list)
    frames: list[Json] = field(default_factory=list)
    binary: list[tuple[int, bytes]] = field(default_factory=list)
    resumes: int = 0
    connections: int = 0
    close_code: int | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """The session description was sent."""
    group: Group | None = None
    failures: list[BaseException] = field(default_factory=list)
    begun: bool = False
    """The key exchange goes on, or is done."""
    _buffer: list[str | bytes] = field(default_factory=list)
    _udp: asyncio.DatagramTransport | None = None
    _peer: tuple[str, int] | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # -- what a test asks

    @property
    def live(self) -> bool:
        """Whether the bot's websocket is up."""
        return self.ws is not None and not self.ws.closed

    @property
    def dave_ready(self) -> asyncio.Event:
        """Set when the end-to-end encrypted group stands."""
        assert self.group is not None, "this session is not end-to-end encrypted"
        return self.group.ready

    @property
    def listener(self) -> davey.DaveSession | None:
        """The first human of the group."""
        return next(iter(self.group.humans.values()), None) if self.group is not None else None

    def audio_packets(self) -> list[RtpPacket]:
        """What was decrypted and is not silence."""
        return audible(self.packets)

    def heard_packets(self) -> list[RtpPacket]:
        """Of these, what reached people: over a live connection, and encrypted where the channel is."""
        return [packet for packet in self.audio_packets() if packet.live and (packet.dave or not self.e2ee)]

    def pcm(self) -> Samples:
        """All sound, float32, two channels at 48 kHz."""
        return pcm(self.audio_packets())

    async def regroup(self) -> None:
        """Everybody leaves and the first human comes back."""
        assert self.group is not None
        await self.group.regroup(next(iter(self.group.humans)))

    async def another_human(self, user_id: int | str, winner: str = "human") -> davey.DaveSession:
        """A further member of the group; ``winner`` ("human" or "bot") wrote the commit that was taken."""
        assert self.group is not None
        return await self.group.join(int(user_id), bot_commits=winner == "bot")

    # -- websocket

    async def send(self, op: int, data: Any, *, numbered: bool = False) -> None:
        frame: Json = {"op": op, "d": data}
        if numbered:
            frame["seq"] = len(self._buffer) + 1
            self._buffer.append(json.dumps(frame))
        await self._deliver(json.dumps(frame))

    async def send_binary(self, op: int, body: bytes) -> None:
        self._buffer.append(struct.pack(">HB", len(self._buffer) + 1 & 0xFFFF, op) + body)
        await self._deliver(self._buffer[-1])

    async def _deliver(self, frame: str | bytes) -> None:
        # The bot may be gone already; then nobody is there to be told.
        if self.ws is None or self.ws.closed:
            return
        with contextlib.suppress(ConnectionError):
            await (self.ws.send_str(frame) if isinstance(frame, str) else self.ws.send_bytes(frame))

    async def run(self, request: web.Request, ws: web.WebSocketResponse, first: Json) -> None:
        """Serve a connection that has identified itself, until it ends."""
        self.request, self.ws, self.identify = request, ws, first
        self.close_code = None
        self.connections += 1
        if first["op"] == RESUME:
            await self._resume(first["d"].get("seq_ack", -1))
        else:
            await self._welcome()
        await self._listen(ws)
        if self.ws is ws:
            self.close_code = ws.close_code
            self._cancel()

    async def _listen(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.binary.append((message.data[0], message.data[1:]))
                if self.group is not None:
                    self.group.received(message.data[0], message.data[1:])
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.frames.append(frame)
                await self._frame(ws, frame["op"], frame["d"])

    async def _resume(self, seen: int) -> None:
        """What the client missed is sent again ("Buffered Resume")."""
        self.resumes += 1
        await self.send(RESUMED, None)
        for frame in self._buffer[max(seen, 0) :]:
            await self._deliver(frame)
        self._start(self._report())

    async def _welcome(self) -> None:
        self._cancel()
        if self._udp is None:
            loop = asyncio.get_running_loop()
            self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        host, port = self._udp.get_extra_info("sockname")[:2]
        ready = {"ssrc": self.ssrc, "ip": host, "port": port, "modes": list(MODES)}
        await self.send(HELLO_READY, {**ready, "heartbeat_interval": 1, "experiments": [], "streams": []})

    async def _frame(self, ws: web.WebSocketResponse, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            await self.send(ACK, {"t": data["t"] if isinstance(data, dict) else data})
        elif op == SELECT:
            await self._select(ws, data["data"]["mode"])
        elif op == SPEAKING:
            self.speaking.append(data["speaking"])
        elif op in (READY, INVALID) and self.group is not None:
            self.group.told(op, data)

    async def _select(self, ws: web.WebSocketResponse, mode: str) -> None:
        if mode not in MODES:
            await ws.close(code=4016, message=b"Unknown encryption mode")
            return
        self.mode = mode
        description: Json = {"mode": mode, "secret_key": list(self.secret_key), "dave_protocol_version": int(self.e2ee)}
        description |= {"audio_codec": "opus", "video_codec": "H264", "media_session_id": "m"}
        if self.e2ee:
            self.group = Group(self, self.channel_id, self.user_id)
        await self.send(DESCRIPTION, description)
        self.ready.set()
        self._start(self._report())
        if self.group is not None:
            await self.group.open()
            self._start(self._begin(self.group))

    async def _begin(self, group: Group) -> None:
        """The key exchange, if anybody is there to exchange keys with."""
        await asyncio.sleep(self.terms.key_exchange_delay)
        self.begun = True
        bot_commits = self.terms.dave == "bot_first"
        for at, user_id in enumerate(list(self.humans)):
            await (group.join(user_id) if at else group.begin(user_id, bot_commits=bot_commits))

    async def _report(self) -> None:
        # Without any traffic back, discord.py's reader sits in a select() of 30 s on its old socket after a move.
        while self.terms.rtcp_every is not None:
            if self._udp is not None and self._peer is not None:
                self._udp.sendto(report(self.ssrc), self._peer)
            await asyncio.sleep(self.terms.rtcp_every)

    # -- people

    def came(self, user_id: str) -> None:
        """A human joins the channel."""
        if int(user_id) in self.humans:
            return
        self.humans.append(int(user_id))
        if self.group is not None and self.begun and self.live:
            self._start(_change(self.group.join(int(user_id))))

    def went(self, user_id: str) -> None:
        """A human leaves the channel."""
        if int(user_id) not in self.humans:
            return
        self.humans.remove(int(user_id))
        if self.group is not None and self.begun and self.live:
            self._start(_change(self.group.leave(int(user_id))))

    # -- UDP

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._peer = (addr[0], addr[1])
        if len(data) == DISCOVERY and data[:2] == b"\x00\x01":
            assert self._udp is not None
            self._udp.sendto(discovered(data, self._peer), self._peer)
        elif len(data) < 32:
            self.keepalives += 1
        else:
            self.packets.append(self._packet(data))

    def _packet(self, data: bytes) -> RtpPacket:
        at = time.monotonic()
        opus, dave, error = b"", False, None
        try:
            opus = decrypt(self.mode or "", self.secret_key, data)
            dave = opus.endswith(MARK) and self.group is not None
            if dave and self.group is not None:
                opus = self.group.decrypt(opus)
        except Exception as reason:  # noqa: BLE001  whatever cannot be decrypted is kept, with the reason
            error = f"{type(reason).__name__}: {reason}"
        return RtpPacket(at, *fields(data), opus, dave, self.live, error)

    # -- endings

    async def drop(self, code: int) -> None:
        """Close the websocket with this code."""
        if self.ws is not None:
            await self.ws.close(code=code)

    def abort(self) -> None:
        """Cut the websocket's TCP connection without a word."""
        if self.request is not None and self.request.transport is not None:
            self.request.transport.abort()

    async def close(self) -> None:
        """End everything."""
        if self.ws is not None and not self.ws.closed:
            await self.ws.close(code=1000)
        tasks = list(self._tasks)
        self._cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._udp is not None:
            self._udp.close()
            self._udp = None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _change(work: Coroutine[Any, Any, object]) -> None:
    await work
