"""The engine: IndexTTS-1.5 behind the protocol that all engines have."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bot.errors import (
    AudioError,
    ConfigError,
    EngineBroken,
    EngineRejected,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Pcm, Utterance
from bot.tts.audio import Reference
from bot.tts.engine import Capabilities, Voice
from bot.tts.indextts.faults import CheckpointError
from bot.tts.indextts.fingerprint import fingerprint
from bot.tts.indextts.manner import Manner
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.order import Order
from bot.tts.indextts.worker import Worker
from bot.tts.languages import language_name
from bot.tts.voices.languages import primary
from bot.tts.voices.recordings import Recordings

if TYPE_CHECKING:
    from bot.tts.indextts.model import Model
    from bot.tts.indextts.studio import Studio

LANGUAGES = ("zh", "en")
SAMPLE_RATE = 24_000
MAX_CHARS = 200

_USUAL = Sampling()
_RTF = {"cuda": 0.1, "mps": 0.8}
_PROCESSOR_RTF = 1.2


class IndexTTS:
    """IndexTTS-1.5 from a model folder, in voices cloned from the recordings.

    All sentences of all utterances are decoded together by one thread, up to ``slots`` at once; the sound of an
    utterance comes in the order of its sentences, ``pause`` seconds apart. The same words of the same voice sound the
    same again, whoever else is spoken for. With ``at_once`` the model is loaded by entering, else by the first
    utterance. ``prints`` is the folder that keeps what was learnt of recordings; ``threads`` are torch's, 0 leaves them
    as they are; see :class:`~bot.tts.indextts.manner.Manner` for how it speaks, and
    :func:`~bot.tts.indextts.model.load` for ``device`` and ``precision``. The rate is kept within half and double.
    ``lost`` is called when the device has failed so that only another process will speak.
    """

    def __init__(
        self,
        folder: Path,
        recordings: Recordings,
        *,
        name: str = "indextts",
        prints: Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        threads: int = 0,
        slots: int = 4,
        options: Sampling = _USUAL,
        positions: Positions = Positions.CONTIGUOUS,
        pause: float = 0.15,
        attempts: int = 3,
        streaming: bool | None = None,
        at_once: bool = True,
        load: Callable[..., Model] | None = None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._folder = folder
        self._recordings = recordings
        self._prints = prints
        self._device = device
        self._precision = precision
        self._threads = threads
        self._manner = Manner(options, positions, slots, pause, attempts, streaming)
        self._at_once = at_once
        self._load = load
        self._lost = lost
        self._content = ""
        self._worker: Worker | None = None
        self._place = "" if device == "auto" else device

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Chinese and English, cloned; how fast depends on where it runs, which is known once it does."""
        kind = self._place.split()[0].partition(":")[0] if self._place else ""
        return Capabilities(
            languages=frozenset(LANGUAGES),
            sample_rate=SAMPLE_RATE,
            max_chars=MAX_CHARS,
            slots=self._manner.slots,
            streaming=True,
            cloning=True,
            local=True,
            rtf=_RTF.get(kind, _PROCESSOR_RTF),
        )

    async def voices(self) -> Sequence[Voice]:
        """The recordings; looks at the disk, beside the event loop, and loads nothing."""
        return await asyncio.to_thread(self._voices)

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak as the sound is made.

        Raises NothingToSay, LanguageNotSpoken, UnknownVoice, and EngineRejected for a recording that is not fit, before
        anything is loaded. Who gives it up frees its place at the next step.
        """
        self._refuse(utterance)
        reference = await self._reference(utterance.voice)
        worker = self._entered()
        order = Order(utterance, reference)
        worker.say(order)
        try:
            async with aclosing(order.sound()) as sound:
                async for samples in sound:
                    yield Pcm(samples, SAMPLE_RATE, utterance)
        finally:
            worker.drop(order)

    async def check(self) -> str:
        """Load the model, if it is not there yet, and say where it runs and how many voices it has."""
        voices = len(self._recordings)
        if not voices:
            raise EngineBroken(
                self.name, f"No persona has a recording for {self.name}: name one in voices.yaml ({self.name}: me.wav)."
            )
        try:
            self._place = await self._entered().opened()
        except ConfigError as error:
            raise EngineBroken(self.name, str(error)) from error
        return f"IndexTTS-1.5, {voices} {'voice' if voices == 1 else 'voices'}, {self._place}"

    async def __aenter__(self) -> Self:
        """Raises ConfigError for a model folder, device or precision that is none, and EngineBroken without torch."""
        lost = partial(asyncio.get_running_loop().call_soon_threadsafe, self._lost)
        worker = self._worker = Worker(self.name, self._open, lost)
        worker.start()
        if self._at_once:
            try:
                self._place = await worker.opened()
            except BaseException:
                await self.__aexit__(None, None, None)
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        worker, self._worker = self._entered(), None
        await worker.stop()

    def _entered(self) -> Worker:
        if self._worker is None:
            raise EngineUnavailable(self.name, f"{self.name} is closed.")
        return self._worker

    def _open(self) -> Studio:
        """Blocking: the import of torch alone takes seconds."""
        try:
            from bot.tts.indextts.model import load
            from bot.tts.indextts.studio import Studio

            return Studio.open(
                self.name,
                self._folder,
                self._manner,
                self._prints,
                device=self._device,
                precision=self._precision,
                threads=self._threads,
                load=self._load or load,
            )
        except ImportError as error:
            raise EngineBroken(self.name, "IndexTTS needs torch: pip install 'sayso[indextts]'") from error
        except OSError as error:  # a library that torch was built with is not here
            raise EngineBroken(self.name, "torch is here, but does not load; install it again.") from error

    def _voices(self) -> Sequence[Voice]:
        return self._recordings.voices(self.name, " ".join(LANGUAGES), self._revision())

    def _revision(self) -> str:
        """What decides, beside the recording, how a voice sounds; empty for a folder that cannot be spoken from.
        Weights that are exchanged while we run are not heard before the next start, and are not looked at before."""
        try:
            self._content = self._content or fingerprint(self._folder)
            parts = (self._content, self._device, self._precision, self._manner.sounding)
        except CheckpointError:
            return ""
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def _refuse(self, utterance: Utterance) -> None:
        if primary(utterance.language) not in LANGUAGES:
            spoken = ", ".join(map(language_name, LANGUAGES))
            raise LanguageNotSpoken(self.name, f"IndexTTS 1.5 speaks {spoken}.")
        if not any(c.isalnum() for c in utterance.text):
            raise NothingToSay(self.name, "There is nothing in the text that could be said.")
        if utterance.voice not in self._recordings:
            raise UnknownVoice(self.name, f"{self.name} has no recording {utterance.voice!r}.")

    async def _reference(self, voice: str) -> Reference:
        try:
            return await asyncio.to_thread(self._recordings.reference, voice)
        except AudioError as error:
            # A voice that is not well says nothing of the model: the others speak on.
            raise EngineRejected(self.name, f"The recording {voice} cannot be used. {error}") from error
