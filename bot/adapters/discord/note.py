"""Voice notes: discord.py 2.7 can receive them but not send them (skeleton; signatures are contracts)."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.speech import Clip


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

    ``nonce`` (at most 25 characters) makes a repetition harmless.

    Raises discord.Forbidden, discord.NotFound or discord.HTTPException when not even a file can be sent.
    """
    raise NotImplementedError


async def follow_up(interaction: discord.Interaction, clip: Clip, *, ephemeral: bool) -> Sent:
    """The same as an answer to an interaction, for places where the bot is no member, and for what one person hears."""
    raise NotImplementedError
