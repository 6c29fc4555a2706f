"""The offline engine: what it can say here and now, and one worker process that says it."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.errors import EngineBroken, EngineRejected, LanguageNotSpoken, NothingToSay, UnknownVoice
from bot.resources import folder
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.languages import language_name
from bot.tts.offline.process import Worker, command
from bot.tts.offline.scripts import unread
from bot.tts.offline.voices import BY_NAME, OfflineVoice, described, installed

SAMPLE_RATE = 24_000
MAX_CHARS = 2_000
RATES = (0.5, 2.0)

_EXTRA = "pip install 'sayso[kokoro]'"
_PATIENCE = 120.0
"""Seconds until a worker counts as stuck: a long chunk on a slow single core takes a fifth of it."""

Sleep = Callable[[float], Awaitable[None]]


class Offline:
    """Neural voices without a network. The same utterance makes the same samples on the same machine.

    Models are loaded in a worker process by the first utterance that needs them (English about 1 s, others about 4 s;
    :meth:`warm` does it ahead), and given back after ``idle_seconds`` without one. ``slots`` is how many such processes
    may work at once; each takes one core, and 0.2 GB (English) to 0.8 GB of memory. ``worker`` is the program to run as
    one, where it is not our own.
    """

    name = "offline"

    def __init__(
        self,
        *,
        voices_folder: Path | None = None,
        idle_seconds: float = 600.0,
        slots: int = 1,
        patience: float = _PATIENCE,
        sleep: Sleep = asyncio.sleep,
        worker: Sequence[str] | None = None,
    ) -> None:
        self._folder = voices_folder or folder("voices")
        self._idle_seconds = idle_seconds
        self._sleep = sleep
        program = worker or command(self._folder)
        self._workers = tuple(Worker(program, patience=patience) for _ in range(slots))
        # Last in, first out: the worker that is warm goes first, those beyond the need idle away.
        self._free: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for one in self._workers:
            self._free.put_nowait(one)
        self._idle: dict[Worker, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def capabilities(self) -> Capabilities:
        """What can be said on this installation."""
        languages = frozenset(voice.primary for voice in installed(self._folder))
        slow = languages - {"en"}
        return Capabilities(
            languages,
            SAMPLE_RATE,
            MAX_CHARS,
            len(self._workers),
            streaming=True,
            local=True,
            rtf=0.3 if slow else 0.02,
            obtainable={voice.primary: _EXTRA for voice in BY_NAME.values() if voice.primary not in languages},
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the worker processes that are alive."""
        return tuple(pid for worker in self._workers if (pid := worker.pid))

    async def voices(self) -> Sequence[Voice]:
        """The voices that can speak on this installation."""
        return [described(voice, self._folder) for voice in installed(self._folder)]

    async def check(self) -> str:
        """Load the English voice and say which languages can be spoken."""
        voices = installed(self._folder)
        languages = sorted({voice.primary for voice in voices})
        if not languages:
            raise EngineBroken(self.name, "no offline voice is installed; pip install --force-reinstall sayso")
        await self.warm("en" if "en" in languages else languages[0])
        more = "" if len(languages) > 1 else "; pip install 'sayso[kokoro]' adds zh, ja, es, fr, it and pt"
        return f"{len(voices)} voices: {', '.join(languages)}{more}"

    async def warm(self, language: str = "en") -> None:
        """Load what a language needs, so that its first utterance need not wait. Raises LanguageNotSpoken."""
        voice = next((one for one in installed(self._folder) if one.primary == language), None)
        if voice is None:
            raise LanguageNotSpoken(self.name, self._silence(language))
        utterance = Utterance(_GREETING.get(language, "a"), self.name, voice.name, language)
        async for _ in self.synthesize(utterance):
            pass

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak a clause at a time, the first as soon as it is made."""
        voice = self._voice(utterance)
        self._refuse(utterance, voice)
        async with self._worker() as worker:
            for chunk in await worker.plan(voice.name, utterance.language, utterance.text):
                yield Pcm(await worker.speak(voice.name, chunk, utterance.rate), SAMPLE_RATE, utterance)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Stopping a worker answers whoever waits for it, so that all come back; only then is it certain who idles.
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await asyncio.gather(*self._tasks)
        for idle in self._idle.values():
            idle.cancel()
        await asyncio.gather(*self._idle.values(), return_exceptions=True)
        await asyncio.gather(*self._tasks)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Worker]:
        worker = await self._free.get()
        if idle := self._idle.pop(worker, None):
            idle.cancel()
        try:
            yield worker
        finally:
            if worker.busy:
                # Whoever breaks off need not wait for the clause that is still being made; the slot does.
                self._see_to(self._give_back(worker))
            else:
                self._release(worker)

    async def _give_back(self, worker: Worker) -> None:
        await worker.quiet()
        self._release(worker)

    def _release(self, worker: Worker) -> None:
        self._idle[worker] = asyncio.create_task(self._put_down(worker))
        self._free.put_nowait(worker)

    async def _put_down(self, worker: Worker) -> None:
        await self._sleep(self._idle_seconds)
        # From here on an utterance that comes does not call it off: the process is already on its way out.
        self._see_to(worker.stop())

    def _see_to(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _voice(self, utterance: Utterance) -> OfflineVoice:
        """The voice asked for, if it can read the language here. Raises UnknownVoice or LanguageNotSpoken."""
        here = installed(self._folder)
        language = utterance.language
        if not any(language == voice.primary for voice in here):
            raise LanguageNotSpoken(self.name, self._silence(language))
        voice = next((one for one in here if one.name == utterance.voice), None)
        if voice is None:
            raise UnknownVoice(self.name, self._no_voice(utterance.voice, here))
        if language not in voice.reads:
            names = ", ".join(one.name for one in here if one.primary == language)
            own = language_name(voice.primary)
            raise LanguageNotSpoken(
                self.name, f"The voice {voice.name} speaks {own}, not {language_name(language)}; these do: {names}."
            )
        return voice

    def _refuse(self, utterance: Utterance, voice: OfflineVoice) -> None:
        """Raise for text that would be dropped or misread, and for a rate that the models were not made for."""
        if not any(letter.isalnum() for letter in utterance.text):
            raise NothingToSay(self.name, "there is nothing in it that can be pronounced")
        if len(utterance.text) > MAX_CHARS:
            raise EngineRejected(self.name, f"at most {MAX_CHARS} characters at once; these are {len(utterance.text)}")
        slowest, fastest = RATES
        if not slowest <= utterance.rate <= fastest:
            raise EngineRejected(self.name, f"rate is {utterance.rate:g}; it can be {slowest:g} to {fastest:g}")
        if script := unread(utterance.text, utterance.language):
            raise LanguageNotSpoken(
                self.name,
                f"The offline voice {voice.name} cannot read {script} letters in {language_name(utterance.language)}. "
                "Choose a voice of that language, or the edge engine.",
            )

    def _silence(self, language: str) -> str:
        name = language_name(language)
        if any(voice.primary == language for voice in BY_NAME.values()):
            return f"The offline voices for {name} are not installed: {_EXTRA}."
        spoken = ", ".join(sorted(self.capabilities.languages)) or "none"
        return f"No offline voice speaks {name}. Use the edge engine, or one of the languages spoken here: {spoken}."

    def _no_voice(self, name: str, here: Sequence[OfflineVoice]) -> str:
        if name in BY_NAME:
            return f"The offline voice {name} is not installed: {_EXTRA}."
        near = difflib.get_close_matches(name, [voice.name for voice in here], 3, 0.0)
        return f"The offline engine has no voice {name!r}; nearest: {', '.join(near)}."


_GREETING = {"zh": "你好。", "ja": "はい。", "en": "Hello."}
