"""The engine over an IndexTTS web UI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.voices.recordings import Recordings


class Gradio:
    """Speaks by ``/gen_single`` of the web UI at ``url``, one utterance at a time, for the UI is serial.

    Entering begins to connect in the background: ``connect_attempts`` times, ``connect_pause`` seconds apart, and once
    more whenever it is needed after that. The order of arguments (IndexTTS 1.5, 2.0, 2.5) is told by the UI itself; one
    that is not known is an EngineBroken that says so. A reference is uploaded once for each connection. What the client
    leaves on disk is removed. Nothing here blocks the event loop.
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
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._recordings = recordings

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Chinese and English, cloned."""
        raise NotImplementedError

    async def voices(self) -> Sequence[Voice]:
        """The recordings."""
        raise NotImplementedError

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak; the sound comes whole, and is yielded in pieces."""
        raise NotImplementedError

    async def check(self) -> str:
        """Which version of the web UI answers, or an EngineError that says what to do."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
