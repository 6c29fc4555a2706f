"""What a server decided about Sayso on Discord; kept in the ``extra`` of its settings and of its channels'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Kept(Protocol):
    """Settings of a guild or a channel, as the store gives them."""

    @property
    def extra(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """A server's rules. Ids are snowflakes.

    ``auto_join``: the bot comes into a voice channel when somebody in it is to be heard. ``announce``: the speaker's
    name is said before the message, not twice within 60 s. ``roles``: only who has one of them is read aloud and may
    use the commands (empty: everybody); ``ignored_roles`` are never read. ``prefix``: only messages that begin with it
    are read. ``ignore_mark``: a message that begins with it is not. ``bots``: accounts of bots whose messages are
    spoken; ``read_bots``: all of them. ``require_voice``: only people who sit in the voice channel are read.
    ``per_minute``: how many requests a person has in a minute. ``stay``: the bot does not leave when it is alone.
    """

    auto_join: bool = True
    announce: bool = True
    roles: frozenset[int] = frozenset()
    ignored_roles: frozenset[int] = frozenset()
    prefix: str = ""
    ignore_mark: str = ";"
    bots: frozenset[int] = frozenset()
    read_bots: bool = False
    require_voice: bool = True
    per_minute: int | None = None
    stay: bool = False


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """A text channel's rules: whether it is read aloud, and in which voice channel (None: where the writer sits)."""

    read: bool = False
    voice: int | None = None


def rules_of(guild: Kept) -> Rules:
    """The rules in a guild's settings; a default where nothing readable is kept."""
    raise NotImplementedError


def channel_rules_of(channel: Kept) -> ChannelRules:
    """The rules in a channel's settings."""
    raise NotImplementedError


def with_rules(guild: Kept, **changes: object) -> dict[str, Any]:
    """``extra`` with these rules changed (None: back to the default), for ``settings.set_guild(extra=...)``.

    Raises ValueError naming what is allowed.
    """
    raise NotImplementedError


def with_channel_rules(channel: Kept, **changes: object) -> dict[str, Any]:
    """As :func:`with_rules`, for a channel."""
    raise NotImplementedError
