"""How far a delivery had come, as it stands in the journal: what the next start goes by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

_NOTE = "note"


@dataclass(frozen=True, slots=True)
class Heard:
    """So many seconds of it were surely heard in the voice channel."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.3f}"


@dataclass(frozen=True, slots=True)
class Noted:
    """A note of ``size`` bytes was about to be sent, at this Unix time."""

    at: float
    size: int

    def __str__(self) -> str:
        return f"{_NOTE} {self.at:.3f} {self.size}"


def read(mark: str | None) -> Heard | Noted | None:
    """What the mark says; None for one that another version wrote."""
    parts = (mark or "").split()
    with suppress(ValueError):
        match parts:
            case [seconds]:
                return Heard(float(seconds))
            case [kind, at, size] if kind == _NOTE:
                return Noted(float(at), int(size))
    return None
