"""What Telegram has of a sound already: the same audio is uploaded once, and then sent by its file_id everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass

import structlog

from bot.adapters.boundary import Errands
from bot.adapters.memory import Memory
from bot.adapters.telegram.note import Kind
from bot.adapters.telegram.parts import Part
from bot.errors import SaysoError, StoreError
from bot.said import Said
from bot.speaker import Speaker

log = structlog.get_logger()

MOST = 10_000
"""File ids in memory; the others stay with their clips."""

PAUSES = (1.0, 5.0, 30.0)
"""Seconds until it is tried again to keep one with a clip that is not in the cache yet."""

PATIENCE = 5.0
"""Seconds for which somebody else's upload of the same is waited for."""


@dataclass(frozen=True, slots=True)
class File:
    """A sound, or a part of it, in one form: the ``key`` of its speech, and as what its file id is kept with that."""

    key: str
    name: str


class Uploads:
    """The file ids of one bot's notes, in memory and with the cache. A store that is away costs an upload, never the
    note."""

    def __init__(
        self, speaker: Speaker, bot: int, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._cache, self._bot, self._sleep = speaker.store.cache, bot, sleep
        self._known: Memory[File, str] = Memory(MOST)
        self._unkept: dict[File, str] = {}
        self._flights: dict[File, asyncio.Future[None]] = {}
        self._errands = Errands()

    def whole(self, key: str) -> File:
        """All of a sound, as a voice note."""
        return File(key, f"telegram:{self._bot}:1:0")

    def part(self, key: str, part: Part, kind: Kind) -> File:
        """A note of a speech, by where it goes from and to: a version that cuts elsewhere has its own."""
        voice = self.whole(key).name if part.clip is not None else f"telegram:{self._bot}:{part.start}-{part.stop}"
        return File(key, voice if kind is Kind.VOICE else f"{voice}:{kind}")

    def of(self, said: Said, part: Part) -> Copies:
        """Those of one note."""
        return Copies(self, said, part)

    async def find(self, file: File) -> str | None:
        """Its id, if it was uploaded before."""
        if (known := self._known.get(file)) is not None:
            return known
        try:
            kept = await self._cache.attachment(file.key, file.name)
        except StoreError as error:
            log.warning("file_id_not_read", error=type(error).__name__)
            return None
        if kept is not None and file not in self._known:
            self._known.put(file, kept)
        return self._known.get(file)

    @asynccontextmanager
    async def turn(self, file: File, wrong: str | None = None) -> AsyncIterator[str | None]:
        """Its id if that is in memory, and not the ``wrong`` one that Telegram has refused.

        Who gets None uploads it in the block: others who want it wait for that, for a while.
        """
        if file in self._flights and self._known.get(file) in (None, wrong):
            await asyncio.wait([self._flights[file]], timeout=PATIENCE)
        known = self._known.get(file)
        if known not in (None, wrong):
            yield known
            return
        flight = self._flights[file] = asyncio.get_running_loop().create_future()
        try:
            yield None
        finally:
            flight.set_result(None)
            if self._flights.get(file) is flight:
                del self._flights[file]

    def keep(self, file: File, id: str) -> None:
        """Remember it from now on, and write it down with the clip."""
        self._known.put(file, id)
        self._unkept[file] = id
        self._errands.start(self._write(file), "file_id_not_kept")

    def keep_once_whole(self, copies: Copies, kind: Kind, id: str) -> None:
        """Keep it as soon as the key is known that its speech has."""
        self._errands.start(self._wait(copies, kind, id), "file_id_not_kept")

    async def forget(self, file: File, id: str) -> None:
        """Telegram does not know it any more."""
        if self._known.get(file) == id:
            self._known.drop(file)
        try:
            await self._cache.detach(file.key, file.name, id)
        except StoreError as error:
            log.warning("file_id_not_forgotten", error=type(error).__name__)

    async def close(self) -> None:
        """Write down what is not written yet, as far as that is possible."""
        await self._errands.close()
        for file in tuple(self._unkept):
            await self._written(file)

    async def _wait(self, copies: Copies, kind: Kind, id: str) -> None:
        with suppress(SaysoError):
            await copies.said.speech.clip()
        if (file := copies.file(kind)) is not None:
            self.keep(file, id)

    async def _write(self, file: File) -> None:
        """A note may have arrived before its sound is in the cache."""
        for pause in PAUSES:
            if await self._written(file):
                return
            await self._sleep(pause)
        await self._written(file)
        self._unkept.pop(file, None)

    async def _written(self, file: File) -> bool:
        """Whether it is with the clip now, or has been."""
        try:
            if (id := self._unkept.get(file)) is not None:
                await self._cache.attach(file.key, file.name, id)
                if await self._cache.attachment(file.key, file.name) != id:
                    return False
                self._unkept.pop(file, None)
            return True
        except StoreError as error:
            log.warning("file_id_not_written", error=type(error).__name__)
            return False


@dataclass(frozen=True, slots=True)
class Copies:
    """What Telegram has of one note; see :class:`bot.adapters.telegram.note.Copies`."""

    uploads: Uploads
    said: Said
    part: Part

    def file(self, kind: Kind) -> File | None:
        """As what it is kept; None while its speech has no key."""
        key = self.said.key
        return None if key is None else self.uploads.part(key, self.part, kind)

    async def find(self, kind: Kind) -> str | None:
        """Its file id in that form."""
        return None if (file := self.file(kind)) is None else await self.uploads.find(file)

    def turn(self, kind: Kind, wrong: str | None) -> AbstractAsyncContextManager[str | None]:
        """As :meth:`Uploads.turn`."""
        return nullcontext() if (file := self.file(kind)) is None else self.uploads.turn(file, wrong)

    def keep(self, kind: Kind, id: str) -> None:
        """It was uploaded."""
        if (file := self.file(kind)) is not None:
            self.uploads.keep(file, id)
        else:
            self.uploads.keep_once_whole(self, kind, id)
