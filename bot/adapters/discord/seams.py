"""The private names of discord.py that Sayso needs, each used here alone and held by a test."""

from __future__ import annotations

import base64
import io
from typing import Any, cast

import discord
from discord import app_commands
from discord.http import handle_message_parameters
from discord.webhook.async_ import async_context


def state_of(thing: discord.Client | discord.Message) -> object:
    """The connection state that a client shares with everything that came through it."""
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
