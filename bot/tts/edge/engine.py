"""The engine over Microsoft Edge's read-aloud service."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import aiohttp
import edge_tts
import structlog

from bot.errors import EngineError, EngineUnavailable, LanguageNotSpoken, NothingToSay, UnknownVoice
from bot.speech import Codec, Pcm, Utterance
from bot.tts.edge.call import Call
from bot.tts.edge.catalogue import Shelf, spelled
from bot.tts.edge.faults import FOREIGN, fault, passing
from bot.tts.edge.line import Exchange, Lent, connector, proxy
from bot.tts.edge.pieces import clean, pieces, pronounceable
from bot.tts.edge.sound import SAMPLE_RATE, Sound
from bot.tts.engine import Capabilities, Voice

_log = structlog.get_logger()

_MAX_CHARS = 1000
_SLOWEST, _FASTEST = 0.5, 2.0
_FIRST_PAUSE = 0.25


class Edge:
    """Speaks over the network, as it streams, on at most ``slots`` connections at once.

    Sound or an error comes within ``first_audio_timeout`` seconds of getting a connection, however many of the
    ``attempts`` were made; after the first sound there is no second attempt, and silence for ``gap_timeout`` is a
    failure. ``cache_file`` keeps a fresher list of voices than the one that is shipped; while entered the engine asks
    for it once a day, unless ``refresh`` is false. A proxy that is in the environment
    by then is used.
    """

    name = "edge"

    def __init__(
        self,
        *,
        cache_file: Path | None = None,
        refresh: bool = True,
        slots: int = 8,
        connect_timeout: float = 10.0,
        first_audio_timeout: float = 15.0,
        gap_timeout: float = 10.0,
        attempts: int = 3,
        connector_factory: Callable[[], aiohttp.BaseConnector] = connector,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._slots = slots
        self._free = asyncio.Semaphore(slots)
        self._connect_timeout = connect_timeout
        self._first_audio_timeout = first_audio_timeout
        self._gap_timeout = gap_timeout
        self._attempts = attempts
        self._connector_factory = connector_factory
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._shelf = Shelf(cache_file, now)
        self._fresh = refresh
        self._shared: aiohttp.BaseConnector | None = None
        self._exchange: Exchange | None = None
        self._proxy: str | None = None
        self._refresh: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """The languages are those of the voices now known."""
        return Capabilities(
            languages=self._shelf.catalogue.languages,
            sample_rate=SAMPLE_RATE,
            max_chars=_MAX_CHARS,
            slots=self._slots,
            streaming=True,
            rtf=0.15,
            codec=Codec.MP3,
        )

    async def voices(self) -> Sequence[Voice]:
        """The voices now known; asks nobody."""
        return self._shelf.catalogue.voices

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak as the sound comes over the network. The rate is kept within half and double speed.

        Raises NothingToSay and UnknownVoice before anything is sent.
        """
        text = clean(utterance.text)
        if not pronounceable(text):
            raise NothingToSay(self.name, "There is nothing in the text that could be said.")
        voice = self._shelf.catalogue.find(utterance.voice)
        if voice is None:
            raise UnknownVoice(self.name, f"Edge has no voice {utterance.voice!r}.")
        async with self._free:
            for piece in filter(pronounceable, pieces(text)):
                async with aclosing(self._patiently(piece, voice, utterance)) as sound:
                    async for pcm in sound:
                        yield pcm

    async def check(self) -> str:
        """Ask the service for its voices: the shortest thing that proves that it can be reached and accepts us."""
        entries = await self._fetch()
        return f"{len(entries)} voices"

    async def __aenter__(self) -> Self:
        self._shared, self._proxy = self._connector_factory(), proxy()
        self._exchange = Exchange(self._shared, self._proxy, connect=self._connect_timeout)
        if self._fresh:
            self._refresh = asyncio.create_task(self._shelf.keep_fresh(self._fetch, self._sleep))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)
        if self._exchange is not None:
            await self._exchange.close()
        if self._shared is not None:
            await self._shared.close()
        self._exchange = self._shared = None

    async def _patiently(self, text: str, voice: Voice, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """One piece, tried again while nothing of it was heard, the fault may pass and time is left."""
        deadline = self._clock() + self._first_audio_timeout
        attempt = 0
        while True:
            attempt += 1
            begun = False
            try:
                async with aclosing(self._once(text, voice, utterance, deadline)) as sound:
                    async for pcm in sound:
                        begun = True
                        yield pcm
                return
            except EngineError as error:
                pause = self._pause(attempt)
                hopeless = attempt >= self._attempts or self._clock() + pause >= deadline or not passing(error, attempt)
                if begun or hopeless:
                    raise _verdict(error, text, voice, utterance) from error.__cause__
                _log.info("edge_tried_again", attempt=attempt, error=type(error).__name__)
            await self._sleep(pause)

    def _pause(self, attempt: int) -> float:
        """Seconds before the next attempt, doubling, between half and one and a half of that."""
        return _FIRST_PAUSE * 2.0 ** (attempt - 1) * (0.5 + self._chance())

    async def _once(self, text: str, voice: Voice, utterance: Utterance, deadline: float) -> AsyncGenerator[Pcm, None]:
        exchange = self._entered()
        call = Call(text, spelled(voice), _percent(utterance.rate), exchange, gap=self._gap_timeout, clock=self._clock)
        sound = Sound(utterance)
        try:
            async with aclosing(call.audio(deadline - self._clock())) as mp3:
                async for data in mp3:
                    if (pcm := sound.feed(data)) is not None:
                        yield pcm
        except FOREIGN as error:
            raise fault(error, voice.name) from error
        if (pcm := sound.flush()) is not None:
            yield pcm
        if not sound.heard:
            raise EngineUnavailable(self.name, "Edge sent something that is no sound.")

    async def _fetch(self) -> Sequence[Mapping[str, object]]:
        """The list of voices from the service itself."""
        try:
            async with asyncio.timeout(self._connect_timeout):
                entries = await edge_tts.list_voices(connector=self._lent(), proxy=self._proxy)
        except FOREIGN as error:
            raise fault(error, "the list of voices") from error
        return cast(Sequence[Mapping[str, object]], entries)

    def _entered(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("enter the engine before it speaks")
        return self._exchange

    def _lent(self) -> Lent:
        if self._shared is None:
            raise RuntimeError("enter the engine before it is asked")
        return Lent(self._shared)


def _percent(rate: float) -> str:
    """A factor as the service wants it: 1.25 is ``+25%``."""
    return f"{round((min(max(rate, _SLOWEST), _FASTEST) - 1) * 100):+d}%"


def _verdict(error: EngineError, text: str, voice: Voice, utterance: Utterance) -> EngineError:
    """The error to raise at last: silence may be the fault of the input, and then it does not count against Edge."""
    if not isinstance(error.__cause__, edge_tts.exceptions.NoAudioReceived):
        return error
    if not any(c.isalnum() for c in text):
        return NothingToSay("edge", "Edge has no words for this text.")
    if voice.language.partition("-")[0] != utterance.language and "Multilingual" not in voice.name:
        return LanguageNotSpoken("edge", f"{voice.name} does not speak this language ({utterance.language}).")
    return error
