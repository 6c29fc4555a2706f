"""Who changed what in a chat, in words; people only by their ids."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.audit import Change, parts, turnover
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
    whats = [_difference(matter, *each) for each in parts(change, SECTION)] or [label(change.name, matter.locale)]
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


def _difference(matter: Matter, name: str, old: object, new: object) -> str:
    what = label(name, matter.locale)
    if (marks := turnover(old, new, _member)) is not None:
        return matter.say("history.members", label=what, members=some(marks, "none", matter.locale))
    return matter.say("history.change", label=what, old=_value(matter, old), new=_value(matter, new))


def _member(held: object) -> str:
    return str(held).removeprefix(PREFIX)[:WIDEST]


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
