"""The engine over an OpenAI-compatible speech server, streamed."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice


class Remote:
    """Speaks by ``POST /v1/audio/speech`` of one server, on at most ``slots`` connections at once.

    ``url`` is the server's (``http://10.0.0.5:8888``, with or without ``/v1``); with ``socket`` it is reached over that
    unix socket. ``format`` is what is asked for (wav, pcm, mp3, opus, flac), decoded as it comes. ``voices`` and
    ``languages`` are believed where they are given; else the server is asked in the background while entered, and
    until it has answered, and if it cannot tell, OpenAI's own voices are assumed, which speak everything. The names of
    a Sayso's personas are its voices.
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
    ) -> None:
        self._url = url
        self._name = name

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """The languages are those of the voices now known."""
        raise NotImplementedError

    async def voices(self) -> Sequence[Voice]:
        """The voices now known; asks nobody."""
        raise NotImplementedError

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak as the sound comes over the network."""
        raise NotImplementedError

    async def check(self) -> str:
        """Ask the server whether it can speak (``/ready`` of a Sayso, else its models or voices)."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
