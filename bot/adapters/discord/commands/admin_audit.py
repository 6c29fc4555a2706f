"""What administrators have changed, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from bot.adapters.discord.commands.admin_values import label, literal, person, place, role, some, switch
from bot.adapters.discord.rules import SECTION
from bot.adapters.words import word


class Change(Protocol):
    """A line of a guild's audit, as the store gives it."""

    @property
    def at(self) -> float: ...
    @property
    def by(self) -> str | None: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def old(self) -> Any: ...
    @property
    def new(self) -> Any: ...


def told(change: Change, locale: str) -> Sequence[str]:
    """A line of the audit in words; one that changed several rules at once is several."""
    whats = [_difference(name, old, new, locale) for name, old, new in _parts(change)]
    return [_placed(what, change, locale) for what in whats or [label(change.name, locale)]]


def _parts(change: Change) -> Iterator[tuple[str, object, object]]:
    """What was changed, each by the name of its setting; nothing if that is not Discord's or has no values."""
    if change.name == "extra":
        old, new = _section(change.old), _section(change.new)
        changed = (name for name in {**old, **new} if old.get(name) != new.get(name))
        yield from ((_OF_CHANNELS.get(name, name), old.get(name), new.get(name)) for name in changed)
    elif change.name != "reset":
        yield change.name, change.old, change.new


def _section(extra: object) -> Mapping[str, Any]:
    found = extra.get(SECTION) if isinstance(extra, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _difference(name: str, old: object, new: object, locale: str) -> str:
    written = _WRITTEN.get(name, literal)
    if isinstance(old, list) or isinstance(new, list):
        came, went = _members(new) - _members(old), _members(old) - _members(new)
        marks = [*(f"+{written(one)}" for one in sorted(came)), *(f"−{written(one)}" for one in sorted(went))]
        return word("admin.answer.members", locale, label=label(name, locale), members=some(marks, "none", locale))
    values = {"old": _value(written, old, locale), "new": _value(written, new, locale)}
    return word("admin.answer.change", locale, label=label(name, locale), **values)


def _members(value: object) -> set[str]:
    return set(map(str, value)) if isinstance(value, list) else set()


def _value(written: Callable[[object], str], value: object, locale: str) -> str:
    if isinstance(value, bool):
        return switch(value, locale)
    return word("admin.value.default", locale) if value is None else written(value) or word("admin.value.none", locale)


def _placed(what: str, change: Change, locale: str) -> str:
    if change.channel is None:
        return what
    return word("admin.answer.in_channel", locale, channel=place(change.channel), what=what)


_OF_CHANNELS = {"voice": "where"}
"""Rules of channels that are called otherwise than the setting of the same name."""

_WRITTEN: Mapping[str, Callable[[object], str]] = {
    "roles": role,
    "ignored_roles": role,
    "bots": person,
    "blocked_users": person,
    "where": place,
}
