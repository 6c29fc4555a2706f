"""The voices that Edge has: a shipped list, and a fresher one when the service can be asked."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import structlog

from bot.errors import EngineError
from bot.resources import folder
from bot.tts.engine import Voice

_log = structlog.get_logger()

DAY = 86_400.0

_KEYS = ("ShortName", "Locale", "Gender")
"""What we keep of what Microsoft says of a voice."""

Fetch = Callable[[], Awaitable[Sequence[Mapping[str, object]]]]


class Catalogue:
    """A fixed set of voices."""

    def __init__(self, voices: Iterable[Voice]) -> None:
        self.voices = tuple(voices)
        self._names = {voice.name: voice for voice in self.voices}

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, object]]) -> Catalogue:
        """The catalogue of a list as Microsoft writes it. Raises ValueError if it is none, or has no voices."""
        try:
            voices = [_voice(entry) for entry in entries]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no list of voices: {error!r}") from error
        if not voices:
            raise ValueError("an empty list of voices")
        return cls(voices)

    @classmethod
    def shipped(cls) -> Catalogue:
        """The one that travels with Sayso."""
        return cls.of(json.loads((folder("voices") / "edge-voices.json").read_text(encoding="utf-8")))

    @cached_property
    def languages(self) -> frozenset[str]:
        """Primary subtags of every voice."""
        return frozenset(voice.language.partition("-")[0] for voice in self.voices)

    def find(self, name: str) -> Voice | None:
        """The voice of this very name."""
        return self._names.get(name)


class Shelf:
    """Where the freshest catalogue stands. Starts with what is at hand, and never waits for the network.

    With a ``file``, the service is asked in the background, at most once a day over all starts, and its answer is kept
    there; without one, the shipped catalogue stays.
    """

    def __init__(self, file: Path | None, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._now = now
        self._asked = 0.0
        self.catalogue = Catalogue.shipped()
        self._read()

    async def keep_fresh(self, fetch: Fetch, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Ask the service whenever a day has passed since it was last asked; a failure is only logged."""
        while self._file is not None:
            await sleep(max(0.0, self._asked + DAY - self._now()))
            self._asked = self._now()
            try:
                entries = await fetch()
                await asyncio.to_thread(self.renew, entries)
            except (EngineError, OSError, ValueError) as error:
                _log.info("edge_voices_not_refreshed", error=type(error).__name__)

    def renew(self, entries: Sequence[Mapping[str, object]]) -> None:
        """Take these voices instead, and keep them in the file. Raises ValueError or OSError, and changes nothing."""
        fresh = Catalogue.of(entries)
        if self._file is not None:
            lean = [{key: entry[key] for key in _KEYS} for entry in entries]
            _write(self._file, json.dumps({"asked": self._now(), "voices": lean}))
        self.catalogue = fresh

    def _read(self) -> None:
        if self._file is None or not self._file.exists():
            return
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self.catalogue, self._asked = Catalogue.of(kept["voices"]), min(float(kept["asked"]), self._now())
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("edge_voices_unreadable", error=type(error).__name__)


def spelled(voice: Voice) -> str:
    """The name as the service is asked for it. edge-tts finds that form by itself for most voices, but not for all."""
    short = voice.name.removeprefix(f"{voice.language}-")
    return f"Microsoft Server Speech Text to Speech Voice ({voice.language}, {short})"


def _voice(entry: Mapping[str, object]) -> Voice:
    name, locale, gender = (_text(entry[key]) for key in _KEYS)
    many = "speaks many languages" if "Multilingual" in name else ""
    return Voice("edge", name, locale, gender.lower(), description=many)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _write(file: Path, text: str) -> None:
    """Write in one step: a reader finds the old file or the new one, never half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(file)
