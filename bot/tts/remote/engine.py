"""The engine over an OpenAI-compatible speech server, streamed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import EngineRejected, NothingToSay, UnknownVoice
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.remote.address import Address
from bot.tts.remote.call import Call, Patience
from bot.tts.remote.faults import Server
from bot.tts.remote.line import Line
from bot.tts.remote.stand_in import spoken
from bot.tts.remote.survey import Survey

_SAMPLE_RATE = 24_000
_MAX_CHARS = 4000
"""OpenAI takes 4,096."""
_SLOWEST, _FASTEST = 0.25, 4.0
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")


class Remote:
    """Speaks by ``POST /v1/audio/speech`` of one server, on at most ``slots`` connections at once.

    ``url`` is the server's (``http://10.0.0.5:8888``, with or without ``/v1``, with ``name:password@`` where it wants
    that in place of a ``key``); with ``socket`` it is reached over that unix socket, and taken for a Sayso. ``format``
    is what is asked for (wav, pcm, mp3, opus, flac), decoded as it comes; what comes instead is heard just as well.
    ``voices`` and ``languages`` are believed where they are given; else the server is asked in the background while
    entered, and until it has answered, and if it cannot tell, OpenAI's own voices are assumed, which speak everything.
    The names of a Sayso's personas are its voices. A proxy in the environment is used for servers elsewhere.

    The first sound comes within ``first_audio_timeout`` of getting a slot, the next within ``gap_timeout`` each time.
    Nothing is tried again here (:class:`~bot.tts.retry.Retry`). Raises ConfigError for an address that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "remote",
        key: str = "",
        socket: Path | None = None,
        model: str = "tts-1",
        format: str = "wav",
        voices: Sequence[str] = (),
        languages: Sequence[str] = (),
        slots: int = 4,
        connect_timeout: float = 5.0,
        first_audio_timeout: float = 30.0,
        gap_timeout: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        address = Address.of(url)
        label = address.label if socket is None else socket.name
        self._name = name
        self._server = Server(name, label, model, format, key)
        self._line = Line(address, socket, key, connect_timeout)
        self._survey = Survey(self._line, self._server, voices, languages, sayso=socket is not None, clock=clock)
        self._slots = slots
        self._free = asyncio.Semaphore(slots)
        self._patience = Patience(first_audio_timeout, gap_timeout)
        self._local = socket is not None
        self._clock = clock
        self._sleep = sleep
        self._asking: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """The languages are those of the voices now known."""
        return Capabilities(
            languages=self._survey.catalogue.languages,
            sample_rate=_SAMPLE_RATE,
            max_chars=_MAX_CHARS,
            slots=self._slots,
            streaming=True,
            local=self._local,
            rtf=0.2,
        )

    async def voices(self) -> Sequence[Voice]:
        """The voices now known; asks nobody."""
        return self._survey.catalogue.voices

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak as the sound comes over the network. The rate is kept within a quarter and four times the speed.

        Raises NothingToSay, and EngineRejected for what is too long, before anything is sent.
        """
        body = self._body(utterance)
        async with self._free:
            call = Call(self._line, self._server, self._patience, self._clock)
            try:
                async with aclosing(call.pieces(body)) as sound:
                    async for piece in sound:
                        yield Pcm(piece.samples, piece.rate, spoken(utterance, call.headers))
            except UnknownVoice:
                self._survey.doubt()
                raise

    async def check(self) -> str:
        """Ask the server whether it can speak (``/ready`` of a Sayso, else its voices or models)."""
        return await self._survey.check()

    async def __aenter__(self) -> Self:
        self._line.open()
        self._asking = asyncio.create_task(self._survey.keep_fresh(self._sleep))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._line.close()

    def _body(self, utterance: Utterance) -> dict[str, object]:
        text = _UNSPEAKABLE.sub(" ", utterance.text)
        if not text.strip():
            raise NothingToSay(self._name, "There is nothing in the text that could be said.")
        if len(text) > _MAX_CHARS:
            raise EngineRejected(self._name, f"The text is too long; at most {_MAX_CHARS} characters at once.")
        body: dict[str, object] = {
            "model": self._server.model,
            "input": text,
            "voice": utterance.voice,
            "response_format": self._server.format,
            "speed": min(max(utterance.rate, _SLOWEST), _FASTEST),
        }
        if not utterance.voice:
            del body["voice"]
        # Others may refuse what they do not know; a Sayso need not guess the language once more.
        return body | {"language": utterance.language} if self._survey.sayso and utterance.language else body
