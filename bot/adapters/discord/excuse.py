"""Why a note could not be sent, in the asker's language, and what to do about it."""

from __future__ import annotations

import aiohttp
import discord

from bot.adapters.discord.note import TooLarge
from bot.adapters.words import word

REFUSED = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What comes of sending a note that is not sent: Discord's no, and silence."""

_BY_CODE = {
    10003: "gone",
    10004: "gone",
    10008: "gone",
    10015: "too_late",
    10062: "too_late",
    20016: "busy",
    20028: "busy",
    40005: "too_large",
    50001: "not_seen",
    50007: "closed",
    50013: "forbidden",
    50027: "too_late",
    50083: "archived",
    50173: "forbidden",
    160005: "archived",
    160002: "forbidden",
}
_BY_STATUS = {403: "forbidden", 404: "gone", 413: "too_large", 429: "busy"}


def excuse(error: Exception, locale: str) -> str:
    """The sentence for one of :data:`REFUSED`."""
    if isinstance(error, TooLarge):
        return word("delivery.not_sent.longer", locale, megabytes=error.limit >> 20)
    if not isinstance(error, discord.HTTPException) or error.status >= 500:
        return word("delivery.not_sent.unreached", locale)
    kind = _BY_CODE.get(error.code) or _BY_STATUS.get(error.status, "refused")
    return word(f"delivery.not_sent.{kind}", locale, code=error.code)
