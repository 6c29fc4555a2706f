"""The answer to one request, changed as the request goes its way."""

from __future__ import annotations

import asyncio

from bot.adapters.discord.commands.buttons import when_over, while_speaking, while_waiting
from bot.adapters.discord.commands.naming import spoken_by
from bot.adapters.discord.delivery import restarting
from bot.adapters.discord.parcel import Parcel, Receipt
from bot.adapters.discord.reply import Answer, EarlierAnswer
from bot.adapters.discord.target import Where
from bot.adapters.patience import PATIENCE, pause_of
from bot.adapters.words import duration, word
from bot.tts.voices import Voices

REFRESH = 5.0
"""Seconds between two changes of an answer while nothing but its numbers change: Discord allows few edits."""


class Following:
    """Tells through ``answer`` where ``parcel`` is, from waiting to having been heard."""

    def __init__(
        self,
        parcel: Parcel,
        answer: Answer | EarlierAnswer,
        locale: str,
        voices: Voices,
        *,
        refresh: float = REFRESH,
    ) -> None:
        self._parcel = parcel
        self._answer = answer
        self._locale = locale
        self._voices = voices
        self._refresh = refresh

    async def to_the_end(self) -> Receipt:
        """Follow until it is known what became of it, and say so if something was said before, or is there to stay.

        That is what was heard, and what comes after a restart, which needs its answer to be there then.
        """
        ended = asyncio.ensure_future(self._parcel.delivered())
        begun = asyncio.ensure_future(self._begun())
        try:
            while not (ended.done() or begun.done()):
                left = await self._wait()
                pause = pause_of(self._refresh, left)
                await asyncio.wait({ended, begun}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._speaking()
            receipt = await ended
        finally:
            ended.cancel()
            begun.cancel()
        later = receipt == restarting(self._parcel.target)
        if receipt.delivered or later or self._answer.shown:
            await self._over(receipt)
        return receipt

    async def _begun(self) -> None:
        if self._parcel.item is None:
            await self._parcel.delivered()  # a note begins when somebody plays it
        else:
            await self._parcel.item.begun.wait()

    async def _wait(self) -> float:
        """Tell how it waits; returns the seconds that are left."""
        wait = self._parcel.wait
        view = while_waiting(self._parcel.request.id, self._locale)
        if wait is not None and wait.seconds > PATIENCE:
            time = duration(wait.seconds, self._locale)
            await self._answer.show(self._word("waiting", place=wait.ahead + 1, time=time), view)
        elif self._answer.shown:
            await self._answer.show(self._word("making"), view)
        return wait.seconds if wait is not None else 0.0

    async def _speaking(self) -> None:
        view = while_speaking(self._parcel.request.id, self._locale)
        await self._answer.show(self._word("speaking", channel=self._channel), view)

    async def _over(self, receipt: Receipt) -> None:
        if receipt.delivered:
            await self._answer.show(self._heard(receipt), when_over(self._parcel.said.key, self._locale))
        else:
            await self._answer.show(receipt.why or self._word("cancelled" if receipt.taken_back else "lost"))

    def _heard(self, receipt: Receipt) -> str:
        speech = self._parcel.said.speech
        # What could not be played has gone out as a note, which is a message of its own.
        played = self._parcel.target.where is Where.VOICE and receipt.message is None
        facts = {"voice": spoken_by(speech.spoken, self._voices), "seconds": f"{speech.seconds:.1f}"}
        said = self._word("heard" if played else "noted", channel=self._channel, **facts)
        return word("common.sentences", self._locale, first=said, second=receipt.note) if receipt.note else said

    @property
    def _channel(self) -> str:
        item = self._parcel.item  # which knows it when the bot was moved
        return f"<#{self._parcel.target.voice if item is None else item.channel}>"

    def _word(self, name: str, **values: object) -> str:
        return word(f"say.answer.{name}", self._locale, **values)
