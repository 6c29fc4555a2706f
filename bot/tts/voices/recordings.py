"""The recordings that voices are cloned from, by the names that personas call them by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.tts.audio import Reference
from bot.tts.engine import Voice


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that a persona names; ``revision`` is that of its content."""

    name: str
    path: Path
    revision: str


class Recordings:
    """The recordings of all personas for one cloning engine; each is read and made fit when it is first needed."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._by_name = {recording.name: recording for recording in recordings}

    def voices(self, engine: str, languages: str) -> Sequence[Voice]:
        """Each recording as a voice of the engine; ``languages`` as :attr:`Voice.language` has several."""
        raise NotImplementedError

    def reference(self, name: str) -> Reference:
        """The recording as a model wants to hear it. Blocking. Raises KeyError, or AudioError that says what is wrong
        with it."""
        raise NotImplementedError
