"""What the store gives and takes: frozen values, and the rules that a change of one must keep."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any

NO_EXTRA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Preference:
    """What a user wants; None leaves it to the channel, the guild and the configuration."""

    voice: str | None = None
    engine: str | None = None
    rate: float | None = None
    language: str | None = None
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """What a guild decided for all in it.

    ``locked``: members may not choose a voice of their own. ``allowed_engines``: empty means every engine. The three
    limits are None where the configuration decides. ``extra`` belongs to the adapters (channels read aloud, roles):
    JSON, kept as it is and set as a whole; not to be changed in place.
    """

    voice: str | None = None
    engine: str | None = None
    language: str | None = None
    rate: float | None = None
    locked: bool = False
    banned_voices: frozenset[str] = frozenset()
    allowed_engines: frozenset[str] = frozenset()
    max_chars: int | None = None
    per_user: int | None = None
    per_guild: int | None = None
    blocked_users: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRA)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What was decided for one channel; None leaves it to the guild. ``extra`` as in :class:`GuildSettings`."""

    voice: str | None = None
    engine: str | None = None
    language: str | None = None
    rate: float | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRA)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a guild's audit: who changed what in it, or in one channel of it, and when (Unix time).

    ``by`` is an id: None for Sayso itself, and for somebody who had themselves forgotten. ``old`` and ``new`` are JSON.
    """

    at: float
    by: str | None
    channel: str | None
    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Recent:
    """A clip that was heard: its cache key, when it was last heard (Unix time), and its length."""

    key: str
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Stats:
    """The audio cache at this moment; the counts of hits and misses are since the start of this process."""

    entries: int
    bytes: int
    max_bytes: int
    max_age: float
    memory_entries: int
    memory_bytes: int
    max_memory_bytes: int
    hits: int
    misses: int
    max_entries: int
    memory_hits: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field may be set to: in words, as a test, and how it is brought into the form in which it is kept."""

    allowed: str
    fits: Callable[[Any], bool]
    form: Callable[[Any], Any] = lambda value: value


def checked(kind: type, changes: Mapping[str, object]) -> dict[str, Any]:
    """``changes`` to a record of ``kind``, in the form in which they are kept; None becomes the field's default.

    Raises ValueError for a name or a value that is not allowed, saying what is.
    """
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(changes.keys() - known.keys())
    if unknown:
        raise ValueError(f"there is no setting {unknown[0]!r} here; there are: {', '.join(known)}")
    return {name: _checked(known[name], value) for name, value in changes.items()}


def _checked(item: Field[Any], value: object) -> object:
    rule = _RULES[item.name]
    if value is None:
        return item.default if item.default is not MISSING else NO_EXTRA
    if not rule.fits(value):
        raise ValueError(f"{item.name} must be {rule.allowed}, or None for the default; it cannot be {value!r:.60}")
    return rule.form(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500 and value.isprintable()


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.1 <= value <= 10


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _are_texts(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | Mapping) and all(map(_is_text, value))


def is_json_object(value: object) -> bool:
    """Whether JSON can hold it, as an object."""
    return isinstance(value, Mapping) and _is_json(value)


def _is_json(value: object) -> bool:
    match value:
        case Mapping():
            return all(isinstance(key, str) and _is_json(held) for key, held in value.items())
        case list() | tuple():
            return all(map(_is_json, value))
        case float():
            return math.isfinite(value)
        case _:
            return value is None or isinstance(value, str | int)


def plain(record: GuildSettings | ChannelSettings | Change) -> dict[str, Any]:
    """A record as JSON."""
    values = {item.name: getattr(record, item.name) for item in fields(record)}
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: object) -> object:
    match value:
        case Mapping():
            return dict(value)
        case frozenset():
            return sorted(value)
        case _:
            return value


def frozen_json(text: str) -> Mapping[str, Any]:
    """The JSON object in ``text``, not to be changed by who gets it."""
    return MappingProxyType(json.loads(text))


def _copied(value: Mapping[str, Any]) -> Mapping[str, Any]:
    # Through JSON, so that what is read from memory is what will be read from the database, and is nobody else's.
    return frozen_json(json.dumps(value, default=dict))


_TEXT = Rule("a text of 1 to 500 printable characters", _is_text)
_RATE = Rule("a number from 0.1 to 10", _is_rate, float)
_COUNT = Rule("a whole number above 0", _is_count)
_TEXTS = Rule("a list of texts", _are_texts, frozenset)
_SWITCH = Rule("True or False", lambda value: isinstance(value, bool))

_RULES: Mapping[str, Rule] = {
    "voice": _TEXT,
    "engine": _TEXT,
    "language": _TEXT,
    "rate": _RATE,
    "opted_out": _SWITCH,
    "locked": _SWITCH,
    "banned_voices": _TEXTS,
    "allowed_engines": _TEXTS,
    "blocked_users": _TEXTS,
    "max_chars": _COUNT,
    "per_user": _COUNT,
    "per_guild": _COUNT,
    "extra": Rule("a JSON object", is_json_object, _copied),
}
