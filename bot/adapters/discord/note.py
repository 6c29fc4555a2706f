"""Voice notes: discord.py 2.7 can receive them but not send them.

A note is a message with the flag IS_VOICE_MESSAGE and one attachment that knows its length and waveform. Where the
server does not allow that, the same sound goes out as a plain file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import aiohttp
import discord

from bot.adapters.discord import seams
from bot.adapters.discord.target import Target
from bot.speech import Clip

NAME = "voice-message.ogg"
"""What Discord's own clients name it; the extension decides the content type."""

LIMIT = 10 << 20
"""Bytes of one upload where the server has not paid for more: over 40 minutes of speech."""

LOST = (aiohttp.ClientError, OSError, discord.DiscordServerError)
"""What is raised when nobody knows whether the message arrived (a timeout is an OSError)."""

MISSING_PERMISSIONS = 50013
NO_REPLY = 160002
VOICE_REFUSED = frozenset({MISSING_PERMISSIONS, NO_REPLY, 50159, 50160, 50161, 50173})
"""Discord's codes after which a less demanding form of the same message may be taken."""


class TooLarge(discord.ClientException):
    """The sound is longer than Discord takes in one message; ``limit`` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the sound has more than {limit} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Sent:
    """How a clip reached the channel: the message's id, and ``reduced`` if it is a plain file instead of a note."""

    message: int
    reduced: bool = False


async def send_note(
    client: discord.Client,
    channel: int,
    clip: Clip,
    *,
    nonce: str,
    reply_to: int | None = None,
    limit: int | None = None,
) -> Sent:
    """Post a voice note, or a plain ``.ogg`` where notes are forbidden.

    ``nonce`` (at most 25 characters) makes a repetition harmless: for some minutes Discord answers it with the message
    that is there already.

    Raises discord.Forbidden, discord.NotFound or discord.HTTPException when not even a file can be sent, TooLarge when
    it is over ``limit`` bytes, and one of :data:`LOST` when Discord has not answered.
    """
    _check(clip, limit)

    async def post(form: _Form) -> int:
        sound = _sound(clip, voice=form.voice)
        return await seams.post_sound(client, channel, sound, nonce=nonce, reference=_reference(channel, form.reply_to))

    return await _first(_forms(permissions(client, channel), reply_to), post)


async def follow_up(interaction: discord.Interaction, clip: Clip, *, ephemeral: bool) -> Sent:
    """The same as an answer to an interaction, for places where the bot is no member, and for what one person hears."""
    allowed, limit = interaction.app_permissions, interaction.filesize_limit
    return await send_through(interaction.followup, clip, ephemeral=ephemeral, allowed=allowed, limit=limit)


async def send_through(
    hook: discord.Webhook,
    clip: Clip,
    *,
    ephemeral: bool = False,
    allowed: discord.Permissions | None = None,
    limit: int | None = None,
) -> Sent:
    """The same through an interaction's webhook, which takes no nonce: what may have been lost is not to be sent again.

    Raises as :func:`send_note` does; discord.NotFound also when the interaction is over 15 minutes old.
    """
    _check(clip, limit)
    return await _first(
        _forms(allowed, None),
        lambda form: seams.follow_with_sound(hook, _sound(clip, voice=form.voice), ephemeral=ephemeral),
    )


def hook_of(client: discord.Client, target: Target) -> discord.Webhook | None:
    """The way through the interaction, if its token was kept."""
    if target.application is None or target.token is None:
        return None
    return discord.Webhook.partial(target.application, target.token, client=client)


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to send it."""

    voice: bool
    reply_to: int | None


def _forms(allowed: discord.Permissions | None, reply_to: int | None) -> Iterator[_Form]:
    """The ways to send it, the best first, without those that surely are not allowed."""
    for voice in (True, False):
        if voice and allowed is not None and not allowed.send_voice_messages:
            continue
        if reply_to is not None and (allowed is None or allowed.read_message_history):
            yield _Form(voice, reply_to)
        yield _Form(voice, None)


async def _first(forms: Iterator[_Form], post: Callable[[_Form], Awaitable[int]]) -> Sent:
    """Post the first form that Discord takes; raises what it says to the last."""
    form = next(forms)
    while True:
        try:
            return Sent(await post(form), reduced=not form.voice)
        except discord.HTTPException as error:
            following = next(forms, None)
            if error.code not in VOICE_REFUSED or following is None:
                raise
            form = following


def permissions(client: discord.Client, channel: int) -> discord.Permissions | None:
    """What the bot may do there, as far as is known without asking Discord."""
    found = client.get_channel(channel)
    if not isinstance(found, discord.abc.GuildChannel | discord.Thread):
        return None
    try:
        return found.permissions_for(found.guild.me)
    except discord.ClientException:  # a thread whose channel is not known
        return None


def _check(clip: Clip, limit: int | None) -> None:
    if len(clip.ogg) > (limit or LIMIT):
        raise TooLarge(limit or LIMIT)


def _sound(clip: Clip, *, voice: bool) -> seams.Sound:
    if not voice:
        return seams.Sound(clip.ogg, NAME)
    return seams.Sound(clip.ogg, NAME, seconds=clip.seconds, waveform=clip.waveform)


def _reference(channel: int, message: int | None) -> discord.MessageReference | None:
    if message is None:
        return None
    return discord.MessageReference(message_id=message, channel_id=channel, fail_if_not_exists=False)
