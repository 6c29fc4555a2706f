"""What a server decided about Sayso on Discord; kept in the ``extra`` of its settings and of its channels'.

How that is read and written: :mod:`bot.adapters.extra`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from bot.adapters.extra import SWITCH, Form, Kept, Section

SECTION = "discord"
"""Under which name in ``extra``."""

LONGEST_MARK = 20
"""Characters of a prefix or a mark."""

MOST_IDS = 100
"""Roles or bots in one rule."""

MOST_PER_MINUTE = 600


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
    return _RULES.read(Rules, guild)


def channel_rules_of(channel: Kept) -> ChannelRules:
    """The rules in a channel's settings."""
    return _CHANNEL_RULES.read(ChannelRules, channel)


def with_rules(guild: Kept, **changes: object) -> dict[str, Any]:
    """``extra`` with these rules changed (None: back to the default), for ``settings.set_guild(extra=...)``.

    Raises ValueError naming what is allowed.
    """
    return _RULES.changed(guild, changes)


def with_channel_rules(channel: Kept, **changes: object) -> dict[str, Any]:
    """As :func:`with_rules`, for a channel."""
    return _CHANNEL_RULES.changed(channel, changes)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _are_ids(value: object) -> bool:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return False
    items = list(value)
    return len(items) <= MOST_IDS and all(map(_is_id, items))


def _is_mark(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_MARK and value.isprintable() and value == value.strip()


def _is_pace(value: object) -> bool:
    return _is_id(value) and isinstance(value, int) and value <= MOST_PER_MINUTE


_ID = Form("the id of a channel", _is_id)
_IDS = Form(f"at most {MOST_IDS} ids", _are_ids, lambda value: sorted(set(value)), frozenset)
_MARK = Form(f"at most {LONGEST_MARK} printable characters without blanks around them", _is_mark)
_PACE = Form(f"a whole number from 1 to {MOST_PER_MINUTE}", _is_pace)

_BY_NAME = {
    "roles": _IDS,
    "ignored_roles": _IDS,
    "bots": _IDS,
    "prefix": _MARK,
    "ignore_mark": _MARK,
    "per_minute": _PACE,
    "voice": _ID,
}
"""What is not named here is a switch."""


def _held(kind: type[Rules] | type[ChannelRules]) -> Section:
    return Section(SECTION, {item.name: _BY_NAME.get(item.name, SWITCH) for item in fields(kind)})


_RULES, _CHANNEL_RULES = _held(Rules), _held(ChannelRules)
