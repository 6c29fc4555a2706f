"""Where a request is delivered, as plain JSON that survives a restart in the journal.

Each chat adapter has a frozen dataclass of its own for it, whose fields are numbers, texts, switches or StrEnums; None
is "there is none". ``via`` tells whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def written(via: str, target: DataclassInstance) -> dict[str, object]:
    """What :func:`read` reads."""
    held = {item.name: getattr(target, item.name) for item in fields(target)}
    return {"via": via, **{name: value for name, value in held.items() if value is not None}}


def read(via: str, kind: type[T], data: Mapping[str, object]) -> T | None:
    """The target that a journalled request carries; None if it is another adapter's. What is not known is left aside.

    Raises ValueError if it is unreadable, naming the key but never showing its content.
    """
    if data.get("via") != via:
        return None
    owner = f"a {via.capitalize()} target"
    values: dict[str, Any] = {
        name: _checked(f"{owner}'s {name!r}", data[name], kinds) for name, kinds in _kinds(kind).items() if name in data
    }
    needed = [item.name for item in fields(kind) if item.default is MISSING]
    if not values.keys() >= set(needed):
        raise ValueError(f"{owner} needs {' and '.join(map(repr, needed))}")
    return kind(**values)


@cache
def _kinds(kind: type[DataclassInstance]) -> Mapping[str, tuple[type, ...]]:
    """What each field may be."""
    hints = get_type_hints(kind)
    return {item.name: get_args(hints[item.name]) or (hints[item.name],) for item in fields(kind)}


def _checked(whose: str, value: object, kinds: tuple[type, ...]) -> object:
    for kind in kinds:
        if issubclass(kind, StrEnum) and isinstance(value, str) and value in list(kind):
            return kind(value)
        if isinstance(value, kind) and isinstance(value, bool) is (kind is bool):
            return value
    raise ValueError(f"{whose} cannot be the {type(value).__name__} that stands there")
