"""What was left open: whether a note arrived, and the message that still shows its buttons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import discord
import structlog

from bot.adapters.discord.excuse import REFUSED
from bot.adapters.discord.mark import Noted
from bot.adapters.discord.note import NAME, hook_of
from bot.adapters.discord.parcel import Receipt
from bot.adapters.discord.target import Target
from bot.adapters.words import word

log = structlog.get_logger()

NONCE_SECONDS = 120.0
"""For how long Discord surely remembers a nonce: its documentation says "the past few minutes"."""

SKEW = 5.0
"""Seconds by which this machine's clock and Discord's may differ."""

LOOKED_THROUGH = 200
"""Messages after the moment of sending, among which the note is looked for."""


async def posted(
    client: discord.Client, target: Target, nonce: str, noted: Noted, anothers: Callable[[int], Awaitable[bool]]
) -> int | None:
    """The message that the note became if it did arrive.

    Relied on: the bot's own message of those very minutes with the nonce, or where Discord shows none, with one sound
    file of exactly that many bytes in answer to the same message, which is not known to be ``anothers``. Where the bot
    may not read the channel's history nothing is found.
    """
    channel = client.get_partial_messageable(target.channel, guild_id=target.guild)
    since = datetime.fromtimestamp(noted.at - SKEW, UTC)
    with suppress(discord.Forbidden):
        async for message in channel.history(limit=LOOKED_THROUGH, after=since):
            if client.user is None or message.author.id != client.user.id:
                continue
            if message.nonce is not None:
                if str(message.nonce) == nonce:
                    return message.id
            elif _is_same(message, noted, target.reply_to) and not await anothers(message.id):
                return message.id
    return None


def _is_same(message: discord.Message, noted: Noted, reply_to: int | None) -> bool:
    if [(file.filename, file.size) for file in message.attachments] != [(NAME, noted.size)]:
        return False
    reference = message.reference.message_id if message.reference else None
    return reference is None or reference == reply_to


async def conclude(client: discord.Client, target: Target, receipt: Receipt) -> None:
    """Bring the message with the buttons to its end: through the interaction while its token lives, else by right."""
    if target.response is None or target.quiet:
        return
    text = receipt.why or receipt.note or word("delivery.done", target.locale)
    quiet = discord.AllowedMentions.none()
    hook = hook_of(client, target)
    if hook is not None:
        with suppress(*REFUSED):
            await hook.edit_message(target.response, content=text, view=None, allowed_mentions=quiet)
            return
    channel = client.get_partial_messageable(target.channel, guild_id=target.guild)
    try:
        await channel.get_partial_message(target.response).edit(content=text, view=None, allowed_mentions=quiet)
    except REFUSED as error:
        log.info("response_not_concluded", guild=target.guild, error=type(error).__name__)
