"""What administrators have changed, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.adapters.audit import Change, Part, parts, turnover
from bot.adapters.discord.commands.admin_values import label, literal, person, place, role, some, switch
from bot.adapters.discord.rules import SECTION
from bot.adapters.words import word


def told(change: Change, locale: str) -> Sequence[str]:
    """A line of the audit in words; one that changed several rules at once is several."""
    whats = [_difference(name, old, new, locale) for name, old, new in _parts(change)]
    return [_placed(what, change, locale) for what in whats or [label(change.name, locale)]]


def _parts(change: Change) -> Iterator[Part]:
    for name, old, new in parts(change, SECTION):
        yield _OF_CHANNELS.get(name, name) if change.name == "extra" else name, old, new


def _difference(name: str, old: object, new: object, locale: str) -> str:
    written = _WRITTEN.get(name, literal)
    if (marks := turnover(old, new, written)) is not None:
        return word("admin.answer.members", locale, label=label(name, locale), members=some(marks, "none", locale))
    values = {"old": _value(written, old, locale), "new": _value(written, new, locale)}
    return word("admin.answer.change", locale, label=label(name, locale), **values)


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
