"""Where a request is delivered on Discord: plain JSON, so that it survives a restart in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import NoneType
from typing import Any

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
        held = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"via": VIA, **{name: value for name, value in held.items() if value is not None}}


_ID = (int, NoneType)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "where": (str,),
    "channel": (int,),
    **dict.fromkeys(("guild", "voice", "reply_to", "response", "application"), _ID),
    "token": (str, NoneType),
    "locale": (str,),
    "note_if_lost": (bool,),
    "quiet": (bool,),
}


def target_of(data: Mapping[str, object]) -> Target | None:
    """The target that a journalled request carries; None if it is another adapter's.

    Raises ValueError if it is unreadable, naming the key but never showing its content.
    """
    if data.get("via") != VIA:
        return None
    values: dict[str, Any] = {name: _checked(name, data[name]) for name in _KINDS if name in data}
    if not {"where", "channel"} <= values.keys():
        raise ValueError("a Discord target needs 'where' and 'channel'")
    return Target(**{**values, "where": Where(values["where"])})


def _checked(name: str, value: object) -> object:
    if not isinstance(value, _KINDS[name]) or isinstance(value, bool) is not (bool in _KINDS[name]):
        raise ValueError(f"a Discord target's {name!r} cannot be of type {type(value).__name__}")
    return value
