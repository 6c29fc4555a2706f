"""The answers of LLMs, spoken as the chat wants it: as voice, as text, or both."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING

import telegram

from bot.adapters.telegram.parcel import Parcel
from bot.speech import Refusal

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station


class Answers:
    """Speaks for one bot's hosts."""

    def __init__(self, station: Station) -> None:
        self.station = station

    async def speak_reply(
        self,
        message: telegram.Message,
        text: str | AsyncIterable[str],
        *,
        voice: str | None = None,
        shown: bool = False,
    ) -> Parcel | Refusal | None:
        """Give the LLM's answer to ``message`` as the chat's rules say; returns once it is on its way.

        ``text`` may be a stream that is still being written; it is spoken, and shown, as it comes. ``shown``: the host
        shows the text itself, so only the voice is Sayso's. The Parcel of what is spoken; None where the answer is
        text only; a Refusal where it could not be spoken, and was sent as text instead, so that no answer is lost.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Give up what is under way."""
        raise NotImplementedError
