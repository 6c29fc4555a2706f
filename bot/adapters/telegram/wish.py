"""What somebody wants said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

import telegram

from bot.speech import Priority


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants said: a text, or by ``replay`` what has this cache key.

    ``reply_to`` is the message that the note answers (None: the one that asks), ``author`` the key of whose words these
    are where they are not the asker's, ``turn`` what :func:`turn_of` says. ``quiet``: nobody is told why it cannot be
    said, for nobody asked (chat read aloud).
    """

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    voice: str | None = None
    rate: float | None = None
    language: str | None = None
    reply_to: int | None = None
    author: str | None = None
    replay: str | None = None
    priority: Priority = Priority.HIGH
    quiet: bool = False
    turn: int = 0


def turn_of(message: telegram.Message, text: str) -> int:
    """Which version of a message asks for these words: the same when Telegram delivers it again, 0 before any edit."""
    if message.edit_date is None:
        return 0
    return int(message.edit_date.timestamp()) << 32 | crc32(text.encode("utf-8", "replace"))
