"""Who changed what in a chat, in words; people only by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.commands.settings_keys import page
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.commands.settings_values import label, some, switch, value
from bot.adapters.telegram.identity import PREFIX
from bot.adapters.telegram.rules import SECTION
from bot.adapters.words import duration

CHANGES, MOST = 10, 30
"""How many changes are shown, and how many at most where more are asked for."""

WIDEST = 60
"""Characters of one value."""

ROOM = 3500
"""Characters of all of it: a message takes 4096."""


class Change(Protocol):
    """A line of a guild's audit, as the store gives it."""

    @property
    def at(self) -> float: ...
    @property
    def by(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def old(self) -> Any: ...
    @property
    def new(self) -> Any: ...


async def history(matter: Matter, part: str = "") -> Page:
    """The last changes, the newest first."""
    count = min(int(part), MOST) if part.isdecimal() and int(part) else CHANGES
    changes = await matter.speaker.store.settings.audit(matter.guild, count)
    now = matter.station.wall()
    lines = [line for change in changes for line in told(matter, change, now)]
    return page(matter, "history", _fitted(lines) or [matter.say("history.none")])


def told(matter: Matter, change: Change, now: float) -> Sequence[str]:
    """A line of the audit in words; one that changed several rules at once is several."""
    when, who = duration(max(0.0, now - change.at), matter.locale), _who(matter, change.by)
    whats = [_difference(matter, *each) for each in _parts(change)] or [label(change.name, matter.locale)]
    return [matter.say("history.line", when=when, who=who, what=what) for what in whats]


def _who(matter: Matter, by: str | None) -> str:
    """The one who looks, the chat itself (an administrator who does not show), or another."""
    if by is None:
        return matter.say("history.house")
    if by == matter.incoming.user:
        return matter.say("history.you")
    if by == matter.incoming.lane:
        return matter.say("history.anonymous")
    return matter.say("history.other", id=by.removeprefix(PREFIX))


def _parts(change: Change) -> Iterator[tuple[str, object, object]]:
    """What was changed, each by the name of its setting; nothing if that is not Telegram's or has no values."""
    if change.name == "extra":
        old, new = _section(change.old), _section(change.new)
        changed = (name for name in {**old, **new} if old.get(name) != new.get(name))
        yield from ((name, old.get(name), new.get(name)) for name in changed)
    elif change.name not in ("reset", "moved"):
        yield change.name, change.old, change.new


def _section(extra: object) -> Mapping[str, Any]:
    found = extra.get(SECTION) if isinstance(extra, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _difference(matter: Matter, name: str, old: object, new: object) -> str:
    what = label(name, matter.locale)
    if isinstance(old, list) or isinstance(new, list):
        came, went = _members(new) - _members(old), _members(old) - _members(new)
        marks = [*(f"+{one}" for one in sorted(came)), *(f"−{one}" for one in sorted(went))]
        return matter.say("history.members", label=what, members=some(marks, "none", matter.locale))
    return matter.say("history.change", label=what, old=_value(matter, old), new=_value(matter, new))


def _members(held: object) -> set[str]:
    return {str(one).removeprefix(PREFIX)[:WIDEST] for one in held} if isinstance(held, list) else set()


def _value(matter: Matter, held: object) -> str:
    if isinstance(held, bool):
        return switch(held, matter.locale)
    return value("default", matter.locale) if held is None else str(held)[:WIDEST]


def _fitted(lines: Sequence[str]) -> list[str]:
    """As many as go into one message."""
    room, kept = ROOM, []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept
