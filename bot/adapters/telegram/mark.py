"""How far a delivery had come, as it stands in the journal: what the next start goes by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from bot.adapters.telegram.parts import Point

_THERE, _UNSURE, _LEAVING, _ALL = "there", "unsure", "leaving", "all"


@dataclass(frozen=True, slots=True)
class There:
    """Its notes up to this point have been sent; not ``sure``: of one of them nobody knows whether it arrived."""

    end: Point
    sure: bool = True

    def __str__(self) -> str:
        return f"{_THERE if self.sure else _UNSURE} {_written(self.end)}"


@dataclass(frozen=True, slots=True)
class Leaving:
    """The note up to this point was about to be sent; ``end`` None: the last one, of a speech with this cache key."""

    end: Point | None = None
    key: str | None = None

    def __str__(self) -> str:
        words = (_LEAVING, _ALL if self.end is None else _written(self.end), self.key)
        return " ".join(filter(None, words))


def read(mark: str | None) -> There | Leaving | None:
    """What the mark says; None for one that another version wrote."""
    with suppress(ValueError):
        match (mark or "").split():
            case ["there" | "unsure" as kind, end]:
                return There(_point(end), kind == _THERE)
            case ["leaving", end, *key] if len(key) <= 1:
                return Leaving(None if end == _ALL else _point(end), next(iter(key), None))
    return None


def _written(point: Point) -> str:
    return f"{point.utterance}+{point.packets}" if point.packets else f"{point.utterance}"


def _point(text: str) -> Point:
    utterance, _, packets = text.partition("+")
    return Point(_count(utterance), _count(packets or "0"))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)
