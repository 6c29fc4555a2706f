"""Who is in a pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.tts.engine import Engine


def always() -> bool:
    """Of a server elsewhere nobody knows better."""
    return True


@dataclass(frozen=True, slots=True)
class Member:
    """An engine of the pool. Twice the ``weight`` gets twice the utterances. One that is not ``awake`` is only asked
    when no other has a slot free, for it would have to be started first."""

    engine: Engine
    label: str
    weight: float = 1.0
    awake: Callable[[], bool] = always


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """How a member is doing: ``out`` is why it is left out, empty if it is not; ``outstanding`` are its calls now."""

    label: str
    out: str
    outstanding: int
    spoken: int
    failed: int
