"""The loopback Discord: one TLS port on 127.0.0.1, and everything behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from aiohttp import web

from tests.doubles.discord import tls
from tests.doubles.discord.creation import Creation
from tests.doubles.discord.crowd import Crowd
from tests.doubles.discord.gateway import Connection
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.mishaps import Mishaps
from tests.doubles.discord.people import User
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.rtp import RtpPacket
from tests.doubles.discord.rules import VOICE as VOICE_FLAG
from tests.doubles.discord.upload import Note, Recorded, note_of
from tests.doubles.discord.voice import VoiceSession
from tests.doubles.discord.world import BOT, GUILD, HUMAN, STAGE, TEXT, VOICE, Named, id_of

T = TypeVar("T")


class FakeDiscord(Crowd, Creation, Mishaps):
    """See the package: what may be set, done and asked."""

    bot_id, app_id, user_id, guild_id = BOT, BOT, HUMAN, GUILD
    text_channel, voice_channel, stage_channel = TEXT, VOICE, STAGE

    # -- lifecycle

    _runner: web.AppRunner | None = None
    port = 0

    @cached_property
    def asked(self) -> list[str]:
        """The names that were looked up."""
        return []

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

    async def until(self, predicate: Callable[[], T | None], timeout: float = 5.0) -> T:  # noqa: ASYNC109  it ends by itself
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
        groups = [session.group for session in self.voice_history if session.group is not None]
        invalid = [f"voice: the bot refused {refused}" for group in groups for refused in group.invalid]
        return [*self.rest.errors, *self.gateway.errors, *broken, *invalid]

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

    @property
    def bot(self) -> User:
        return self.world.bot
