"""Sayso's own voice connection: it knows at once that it is lost, and a little later why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import discord

from bot.adapters.discord import seams
from bot.metrics import VOICE_CONNECTIONS

if TYPE_CHECKING:
    from discord.types.voice import GuildVoiceState

_UNCLEAR = frozenset({4014, 4022})
"""Close codes after which the main gateway may tell that the bot was moved or put out."""

_CONNECTED = VOICE_CONNECTIONS.labels("discord")

REFUSED = frozenset({4017, 4021})
"""Close codes after which to come again at once is useless: encryption is required, too many attempts."""


class Cause(Enum):
    """Why a link was lost."""

    DROPPED = "dropped"
    MOVED = "moved"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Loss:
    """``channel`` is where the bot is now, by its id; None if nowhere."""

    cause: Cause
    channel: int | None = None
    code: int | None = None


class Link(discord.VoiceClient):
    """Connects once. ``changed`` is called when it is lost; what to do then is decided by its room.

    The room ends it with :meth:`hang_up`; whoever else disconnects it has put the bot out. Discord is given
    ``patience`` seconds to confirm that we left.
    """

    def __init__(
        self,
        client: discord.Client,
        channel: discord.abc.Connectable,
        changed: Callable[[], None],
        patience: float,
    ) -> None:
        self.code: int | None = None
        self._changed = changed
        self._patience = patience
        self._home = 0
        self._elsewhere: int | None = None
        self._removed = self._ended = self._hanging_up = self._counted = False
        self._news = asyncio.Event()
        super().__init__(client, channel)
        self._guild = self.guild

    def create_connection_state(self) -> seams.Watched:
        self._watched = seams.Watched(self, self._websocket_ended)
        return self._watched

    @property
    def lost(self) -> bool:
        """Whether nothing that is sent now arrives, or nothing is told of it any more."""
        return self._ended or self._removed or self._elsewhere is not None or self._outlived

    @property
    def _outlived(self) -> bool:
        """Whether the gateway's session that it belongs to is over: the next one makes the guild anew."""
        return self.client.get_guild(self._guild.id) is not self._guild

    async def loss(self, grace: float) -> Loss:
        """Why it was lost, waiting ``grace`` seconds for Discord to say so where it may still come."""
        if self.code in _UNCLEAR:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), grace)
        if self._elsewhere is not None:
            return Loss(Cause.MOVED, self._elsewhere, self.code)
        if self._removed:
            return Loss(Cause.REMOVED, None, self.code)
        return Loss(Cause.DROPPED, self._home, self.code)

    async def connect(
        self,
        *,
        reconnect: bool,
        timeout: float,  # noqa: ASYNC109 (the library's own signature)
        self_deaf: bool = False,
        self_mute: bool = False,
    ) -> None:
        await super().connect(reconnect=reconnect, timeout=timeout, self_deaf=self_deaf, self_mute=self_mute)
        self._home = self.channel.id
        self._count(not self._ended)

    async def disconnect(self, *, force: bool = False) -> None:
        """What others in this process may do to it, and the library at its own end."""
        self._removed = True
        self._notice()
        self._watched.timeout = self._patience
        await super().disconnect(force=force)

    async def hang_up(self) -> None:
        """Leave."""
        self._hanging_up = self._ended = True
        self._count(False)
        if self._outlived:
            seams.listen(self)  # else nobody tells it that it has left
        self._watched.timeout = self._patience
        await super().disconnect(force=True)

    async def on_voice_state_update(self, data: GuildVoiceState) -> None:
        # The session that is over is told that it is nowhere; that is no wish of anybody's.
        if self._home and not self._hanging_up and not self._outlived:
            channel = data["channel_id"]
            self._removed = channel is None
            self._elsewhere = int(channel) if channel is not None and int(channel) != self._home else None
            self._notice()
            if self._elsewhere is not None:
                return  # the library would follow on the old socket; a new connection is sure
        await super().on_voice_state_update(data)

    def cleanup(self) -> None:
        # Somebody else may have connected since: theirs must stay in the library's list.
        if self.guild.voice_client is self:
            super().cleanup()

    def _websocket_ended(self, code: int | None) -> None:
        self.code = code
        self._ended = True
        self._count(False)
        self._changed()

    def _count(self, connected: bool) -> None:
        """It is one connection until its websocket ends, as it does whoever puts it down, or until we leave."""
        if connected is not self._counted:
            self._counted = connected
            _CONNECTED.inc(1 if connected else -1)

    def _notice(self) -> None:
        if self._removed or self._elsewhere is not None:
            self._news.set()
            self._changed()
