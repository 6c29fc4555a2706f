"""What a line of a guild's audit says was changed, for each adapter to put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol


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


Part = tuple[str, object, object]
"""The name of a setting, what it was and what it is now."""


def parts(change: Change, section: str) -> Iterator[Part]:
    """What was changed, setting by setting; nothing if that has no values.

    Of what the adapters keep of their own that is the rules of this ``section`` of ``extra``, each by itself.
    """
    if change.name == "extra":
        old, new = _rules(change.old, section), _rules(change.new, section)
        changed = (name for name in {**old, **new} if old.get(name) != new.get(name))
        yield from ((name, old.get(name), new.get(name)) for name in changed)
    elif change.name not in ("reset", "moved"):
        yield change.name, change.old, change.new


def turnover(old: object, new: object, written: Callable[[object], str]) -> list[str] | None:
    """Who came to a list and who went from it, each ``written`` behind a sign; None if it is no list."""
    if not (isinstance(old, list) or isinstance(new, list)):
        return None
    came, went = _members(new) - _members(old), _members(old) - _members(new)
    return [*(f"+{written(one)}" for one in sorted(came)), *(f"−{written(one)}" for one in sorted(went))]


def _rules(extra: object, section: str) -> Mapping[str, Any]:
    found = extra.get(section) if isinstance(extra, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _members(held: object) -> set[str]:
    return set(map(str, held)) if isinstance(held, list) else set()
