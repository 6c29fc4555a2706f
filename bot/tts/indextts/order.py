"""An utterance as it is handed to the thread with the model, and the way back for its sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from bot.errors import EngineError
from bot.speech import Samples, Utterance
from bot.tts.audio import Reference


class Order:
    """One utterance to be spoken like the reference. Made on the event loop that listens to it; :meth:`give` and
    :meth:`end` may be called from any thread, and never wait."""

    def __init__(self, utterance: Utterance, reference: Reference) -> None:
        self.utterance = utterance
        self.reference = reference
        self.dropped = False
        """Whether nobody listens any more."""
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Samples | EngineError | None] = asyncio.Queue()

    def give(self, samples: Samples) -> None:
        """Sound that is ready."""
        self._tell(samples)

    def end(self, error: EngineError | None = None) -> None:
        """There is no more."""
        self._tell(error)

    async def sound(self) -> AsyncGenerator[Samples, None]:
        """The sound as it is given, to its end. Raises the error that it ended with."""
        while (news := await self._news.get()) is not None:
            if isinstance(news, EngineError):
                raise news
            yield news

    def _tell(self, news: Samples | EngineError | None) -> None:
        with suppress(RuntimeError):  # the loop is over: nobody listens
            self._loop.call_soon_threadsafe(self._news.put_nowait, news)
