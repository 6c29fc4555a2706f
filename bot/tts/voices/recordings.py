"""The recordings that voices are cloned from, by the names that personas call them by."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.errors import AudioError, ConfigError
from bot.tts.audio import Reference, prepare
from bot.tts.engine import Voice

_KEPT = 64
"""References that are kept in memory; one takes up to 0.7 MB."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that personas speak by; gender and description are those of the first of them."""

    name: str
    path: Path
    personas: tuple[str, ...] = ()
    gender: str = ""
    description: str = ""

    @property
    def revision(self) -> str:
        """That of the content; empty if the file is gone. The file is read again only when it has changed."""
        try:
            status = self.path.stat()
            return digest(self.path, status.st_mtime_ns, status.st_size)
        except OSError:
            return ""


@lru_cache(maxsize=4096)
def digest(path: Path, changed: int, size: int) -> str:
    """A hash of what is in the file, as it was when it had that time and size. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class Recordings:
    """The recordings of all personas for one cloning engine; each is read and made fit when it is first needed.

    What blocks may be called from any thread.
    """

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._by_name = {recording.name: recording for recording in recordings}
        self._references: OrderedDict[str, Reference] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def voices(self, engine: str, languages: str, model: str = "") -> Sequence[Voice]:
        """Each recording as a voice of the engine; ``languages`` as :attr:`Voice.language` has several.

        ``model`` is what, besides the recording, decides how the voice sounds: it becomes a part of the revision.
        """
        return [
            Voice(engine, one.name, languages, one.gender, one.description, _joined(one.revision, model))
            for one in self._by_name.values()
        ]

    def reference(self, name: str) -> Reference:
        """The recording as a model wants to hear it. Blocking: 50 ms the first time.

        Raises KeyError, or AudioError that says what is wrong with it.
        """
        recording = self._by_name[name]
        revision = recording.revision
        # Under the lock: two who ask for the same at once are not to do the same work.
        with self._lock:
            reference = self._references.get(revision) or prepare(recording.path)
            if revision:
                self._keep(revision, reference)
            return reference

    def check(self) -> None:
        """That each can be cloned from. Blocking: 50 ms for each that was not used yet.

        Raises ConfigError that names persona, file and reason of every one that cannot.
        """
        faults = [fault for recording in self._by_name.values() if (fault := self._fault(recording))]
        if faults:
            raise ConfigError("\n".join(faults))

    def _fault(self, recording: Recording) -> str | None:
        try:
            self.reference(recording.name)
        except AudioError as error:
            return f"{' and '.join(recording.personas)}: the recording {recording.path} cannot be used. {error}"
        return None

    def _keep(self, revision: str, reference: Reference) -> None:
        self._references[revision] = reference
        self._references.move_to_end(revision)
        while len(self._references) > _KEPT:
            self._references.popitem(last=False)


def _joined(revision: str, model: str) -> str:
    return f"{revision}/{model}" if model else revision
