"""Where a request is delivered on Discord: plain JSON, so that it survives a restart in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.adapters import address

VIA = "discord"


class Where(StrEnum):
    """How people hear it."""

    NOTE = "note"
    """A voice note in a text channel."""
    VOICE = "voice"
    """In a voice channel."""


@dataclass(frozen=True, slots=True)
class Target:
    """How to deliver a request, and where to say what became of it. Ids are snowflakes; None is "there is none".

    ``channel`` is where the asker wrote: notes and answers go there. ``voice`` is the voice channel to be played in.
    ``reply_to`` is the message that a note answers. ``response`` is Sayso's own public message with the buttons, which
    can still be edited when the interaction's token is long expired. ``application`` is the bot's, so that each bot
    finds its own again. ``token`` is the interaction's, for places that can only be answered through it (where the bot
    itself is no member): where it is set, notes go that way and no other. ``note_if_lost``: when it cannot be played, a
    note is sent in its stead. ``quiet``: nobody is told of a failure (chat read aloud).
    """

    where: Where
    channel: int
    guild: int | None = None
    voice: int | None = None
    reply_to: int | None = None
    response: int | None = None
    application: int | None = None
    token: str | None = None
    locale: str = "en-US"
    note_if_lost: bool = False
    quiet: bool = False

    def to_json(self) -> dict[str, object]:
        """What :func:`target_of` reads."""
        return address.written(VIA, self)


def target_of(data: Mapping[str, object]) -> Target | None:
    """The target that a journalled request carries; None if it is another adapter's.

    Raises ValueError if it is unreadable, naming the key but never showing its content.
    """
    return address.read(VIA, Target, data)
