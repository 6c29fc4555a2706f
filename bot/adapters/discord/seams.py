"""The private names of discord.py that Sayso needs, each used here alone and held by a test."""

from __future__ import annotations

import base64
import io
import select
from collections.abc import Callable, Collection
from typing import Any, cast

import discord
import structlog
from discord import app_commands
from discord.ext import commands
from discord.http import handle_message_parameters
from discord.voice_state import SocketReader, VoiceConnectionState
from discord.webhook.async_ import async_context

from bot.log import where

log = structlog.get_logger()


_PLUGIN = "_sayso"


def installed_in(thing: discord.Client | discord.Message) -> Any:
    """What :func:`install_in` put into the client, or into the client that a message came from; None if nothing.

    It is kept in the connection state, which a client shares with everything that came through it, and not in a module
    of ours: an extension's modules are thrown away when it is unloaded, and a host still holds functions of theirs.
    """
    return getattr(_state_of(thing), _PLUGIN, None)


def install_in(client: discord.Client, plugin: object | None) -> None:
    """Put a plug-in into a client, or take it out."""
    setattr(_state_of(client), _PLUGIN, plugin)


def _state_of(thing: discord.Client | discord.Message) -> object:
    return thing._connection if isinstance(thing, discord.Client) else thing._state


async def payload_of(command: object, tree: app_commands.CommandTree[Any]) -> dict[str, Any]:
    """What a sync of the tree sends for one of its commands."""
    held: Any = command
    if tree.translator is None:
        return cast(dict[str, Any], held.to_dict(tree))
    return cast(dict[str, Any], await held.get_translated_payload(tree, tree.translator))


class Sound(discord.File):
    """A sound file; with ``seconds`` and ``waveform`` it carries the two values that make a voice message of it.

    discord.py takes from ``to_dict`` what it sends of a file, and reads the bytes anew for each repetition.
    """

    def __init__(self, data: bytes, name: str, *, seconds: float | None = None, waveform: bytes = b"") -> None:
        super().__init__(io.BytesIO(data), filename=name)
        self._seconds = seconds
        self._waveform = waveform

    def to_dict(self, index: int) -> dict[str, Any]:
        """The attachment object of the file."""
        body = super().to_dict(index)
        if self._seconds is None:
            return body
        waveform = base64.b64encode(self._waveform).decode()
        return {**body, "duration_secs": round(self._seconds, 3), "waveform": waveform}


async def post_sound(
    client: discord.Client, channel: int, sound: Sound, *, nonce: str, reference: discord.MessageReference | None
) -> int:
    """Send a sound as a message of its own, a voice message if it has a length; returns its id. Pings nobody.

    ``Messageable.send`` has no way to set the flag. A nonce given here is always enforced.
    """
    with handle_message_parameters(
        file=sound,
        flags=_flags(sound),
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        mention_author=False,
        message_reference=reference.to_message_reference_dict() if reference else discord.utils.MISSING,
    ) as parameters:
        message = await client.http.send_message(channel, params=parameters)
    return int(message["id"])


async def follow_with_sound(hook: discord.Webhook, sound: Sound, *, ephemeral: bool) -> int:
    """The same through an interaction's webhook; ``Webhook.send`` cannot set the flag either."""
    flags = _flags(sound)
    flags.ephemeral = ephemeral
    with handle_message_parameters(
        file=sound, flags=flags, allowed_mentions=discord.AllowedMentions.none()
    ) as parameters:
        message = await async_context.get().execute_webhook(
            hook.id,
            hook.token or "",
            session=hook.session,
            proxy=hook.proxy,
            proxy_auth=hook.proxy_auth,
            payload=parameters.payload,
            multipart=parameters.multipart,
            files=parameters.files,
            wait=True,
        )
    assert message is not None  # it was waited for
    return int(message["id"])


def _flags(sound: Sound) -> discord.MessageFlags:
    return discord.MessageFlags(voice=sound._seconds is not None)


def leave_out(cog: commands.Cog, names: Collection[str]) -> None:
    """Have a cog come without the application commands of these names."""
    held: Any = cog
    held.__cog_app_commands__ = [command for command in held.__cog_app_commands__ if command.name not in names]


class Watched(VoiceConnectionState):
    """A voice connection that tells at once when its websocket ends, and leaves it to others to connect anew.

    As it comes, the library's own waits up to 30 s for a way to win the old one back, and is "connected" meanwhile.
    ``ended`` is called with the close code, or None if there was none.
    """

    def __init__(self, client: discord.VoiceClient, ended: Callable[[int | None], None]) -> None:
        super().__init__(client)
        self._tell = ended
        self._socket_reader.stop()
        self._socket_reader = _Reader(self)
        self._socket_reader.start()

    async def _poll_voice_ws(self, reconnect: bool) -> None:
        code = None
        try:
            while True:
                await self.ws.poll_event()
        except discord.ConnectionClosed as closed:
            code = closed.code
        except TimeoutError:
            pass  # silent for so long that it must be dead
        except Exception as error:  # noqa: BLE001 (a message that it cannot digest: the websocket is not read any more)
            log.warning("voice_websocket_failed", error=type(error).__name__, where=where(error))
        self._tell(code)

    async def _voice_disconnect(self) -> None:
        # Who was put out need not leave; the answer to that would end the next connection in its making.
        if not self._disconnected.is_set():
            await super()._voice_disconnect()


class _Reader(SocketReader):
    """Reads what the voice server sends by UDP: with ``poll`` where there is one, and never waiting for long.

    The library's ``select`` fails, and spins, from 1024 open files on, and holds a closed connection for 30 s.
    """

    def _do_run(self) -> None:
        if not hasattr(select, "poll"):
            super()._do_run()
            return
        while not self._end.is_set():
            if not self._running.is_set():
                self._running.wait()
            elif len(data := self._receive()) > 1:
                for callback in list(self._callbacks):
                    callback(data)

    def _receive(self) -> bytes:
        socket = self.state.socket
        if not socket or socket.fileno() < 0:
            self._end.wait(0.05)
            return b""
        poll = select.poll()
        try:
            poll.register(socket, select.POLLIN)
            return socket.recv(2048) if poll.poll(1000) else b""
        except (OSError, ValueError):  # closed in the meantime
            return b""


def listen(client: discord.VoiceClient) -> None:
    """Have the library tell a voice client of its guild again, where a new session made it forget that one."""
    state, guild = client.client._connection, client.guild.id
    if state._get_voice_client(guild) is None:
        state._add_voice_client(guild, client)


def speaks_in_clear(client: discord.VoiceClient) -> bool:
    """Whether what is sent now lacks the end-to-end encryption that was agreed on. May be asked from any thread."""
    connection = client._connection
    return connection.dave_protocol_version != 0 and not connection.can_encrypt
