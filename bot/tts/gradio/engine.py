"""The engine over an IndexTTS web UI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from bot import metrics
from bot.errors import (
    AudioError,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Pcm, Utterance
from bot.tts.audio import Reference
from bot.tts.engine import Capabilities, Voice
from bot.tts.gradio.address import Address
from bot.tts.gradio.layout import FASTEST, LANGUAGES, SLOWEST, Asked
from bot.tts.gradio.line import Line
from bot.tts.gradio.sound import Memory, Sound, heard
from bot.tts.gradio.thread import aside
from bot.tts.languages import language_name
from bot.tts.voices.languages import primary
from bot.tts.voices.recordings import Recordings

if TYPE_CHECKING:
    from bot.tts.gradio.connection import Connection

_log = structlog.get_logger()

_SAMPLE_RATE = 24_000
_MAX_CHARS = 200
_RTF = 1.0
_FIRST_PAUSE = 0.25


class Gradio:
    """Speaks by ``/gen_single`` of the web UI at ``url``, one utterance at a time, for the UI is serial.

    Entering begins to connect in the background: ``connect_attempts`` times, ``connect_pause`` seconds apart, and once
    more whenever it is needed after that. The order of arguments (IndexTTS 1.5, 2.0, 2.5) is told by the UI itself; one
    that is not known is an EngineBroken that says so. A reference is uploaded once for each connection. Nothing is
    written to disk, and nothing here blocks the event loop. A call is tried ``attempts`` times within ``timeout``
    seconds of its turn. The rate is kept within half and double speed: 2.5 itself speaks faster or slower, what comes
    from others is stretched.
    """

    def __init__(
        self,
        url: str,
        recordings: Recordings,
        *,
        name: str = "indextts",
        connect_attempts: int = 5,
        connect_pause: float = 2.0,
        attempts: int = 3,
        timeout: float = 180.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._recordings = recordings
        self._address = Address.of(url)
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep
        self._line = Line(name, self._connect, attempts=connect_attempts, pause=connect_pause, sleep=sleep)
        self._turn = asyncio.Lock()
        self._memory = Memory()

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Chinese and English, cloned; more if the web UI has told that its model speaks more."""
        return Capabilities(
            languages=frozenset(self._languages),
            sample_rate=_SAMPLE_RATE,
            max_chars=_MAX_CHARS,
            slots=1,
            cloning=True,
            local=self._address.local,
            rtf=_RTF,
        )

    async def voices(self) -> Sequence[Voice]:
        """The recordings; asks nobody but the disk, beside the event loop."""
        held = self._line.connection
        model = held.layout.version if held else ""
        return await aside(partial(self._recordings.voices, self.name, " ".join(self._languages), model))

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak; the sound comes whole, and is yielded in pieces.

        Raises NothingToSay, UnknownVoice and LanguageNotSpoken before anything is asked for. Who gives it up leaves the
        web UI's queue; what that has begun, it finishes for nobody.
        """
        text = utterance.text.encode("utf-8", "ignore").decode()
        if not any(c.isalnum() for c in text):
            raise NothingToSay(self.name, "There is nothing in the text that could be said.")
        reference = await self._reference(utterance.voice)
        asked = Asked(text, reference, utterance.language, min(max(utterance.rate, SLOWEST), FASTEST))
        async with self._turn:
            sound = await self._in_time(asked)
        for piece in sound.pieces():
            yield Pcm(piece, sound.rate, utterance)

    async def check(self) -> str:
        """Which version of the web UI answers, or an EngineError that says what to do."""
        if not len(self._recordings):
            raise EngineBroken(
                self.name, f"No persona has a recording for {self.name}: name one in voices.yaml ({self.name}: me.wav)."
            )
        try:
            async with asyncio.timeout(self._timeout):
                held = await self._line.get()
        except TimeoutError as error:
            raise self._silent() from error
        voices = len(self._recordings)
        kinds = "voice" if voices == 1 else "voices"
        return f"IndexTTS {held.layout.version} web UI, gradio {held.gradio}, {voices} {kinds}"

    async def __aenter__(self) -> Self:
        self._line.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.close()

    @property
    def _languages(self) -> Sequence[str]:
        held = self._line.connection
        return held.layout.languages if held else LANGUAGES

    def _connect(self) -> Connection:
        """Blocking: the import alone is a quarter of a second."""
        try:
            from bot.tts.gradio.connection import Connection
        except ImportError as error:
            raise EngineBroken(
                self.name, "A web UI is spoken to through gradio_client: pip install 'sayso[gradio]'"
            ) from error
        return Connection(self.name, self._address)

    async def _reference(self, voice: str) -> Reference:
        if voice not in self._recordings:
            raise UnknownVoice(self.name, f"{self.name} has no recording {voice!r}.")
        try:
            return await aside(partial(self._recordings.reference, voice))
        except AudioError as error:
            # A voice that is not well says nothing of the web UI: the others speak on.
            raise EngineRejected(self.name, f"The recording {voice} cannot be used. {error}") from error

    async def _in_time(self, asked: Asked) -> Sound:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._patiently(asked)
        except TimeoutError as error:
            raise self._silent() from error

    async def _patiently(self, asked: Asked) -> Sound:
        """Tried again while the fault may pass."""
        for attempt in range(1, self._attempts):
            try:
                return await self._once(asked)
            except EngineError as error:
                if not error.retryable:
                    raise
                metrics.RETRIES.labels(self.name).inc()
                _log.info("gradio_tried_again", engine=self.name, attempt=attempt, error=type(error).__name__)
            await self._sleep(_FIRST_PAUSE * 2.0 ** (attempt - 1))
        return await self._once(asked)

    async def _once(self, asked: Asked) -> Sound:
        held = await self._line.get()
        if primary(asked.language) not in held.layout.languages:
            spoken = ", ".join(map(language_name, held.layout.languages))
            raise LanguageNotSpoken(self.name, f"IndexTTS {held.layout.version} speaks {spoken}.")
        try:
            file = await aside(partial(held.say, asked))
        except BaseException:
            # Cancelled, or something is amiss with it: a new one is a quarter of a second, and knows nothing of it.
            self._line.drop(held)
            raise
        sound = await aside(partial(heard, file, self.name, 1.0 if held.layout.paced else asked.rate))
        if self._memory.knows(sound, asked.reference.digest, asked.text):
            raise EngineUnavailable(self.name, "The web UI gave back the sound of another text.")
        return sound

    def _silent(self) -> EngineTimeout:
        return EngineTimeout(
            self.name,
            f"The web UI at {self._address.place} did not answer within {self._timeout:g} s; "
            "give it less to do, or set gradio.seconds higher.",
        )
