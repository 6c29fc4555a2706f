"""After a start Sayso proves to itself that it can speak: one sentence, twice, the second time from the cache."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from bot.errors import SaysoError, StoreError
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Priority, Reason, Refusal, Request

log = structlog.get_logger()

SENTENCES = ("您好。", "Hello.", "Hola.", "Bonjour.", "Ciao.", "Olá.", "こんにちは。")
"""What is spoken where nothing is configured: the first in a language that is spoken here."""

LANE = "self-test"
"""Who asks, and where. Nothing of theirs is left when it is over."""

RATE = 1.01
"""A rate that nobody asks for: what is spoken for the test is nobody's clip, and so can be forgotten with it."""


class Outcome(StrEnum):
    """``OFF`` is a self-test that is not wanted."""

    OFF = "off"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Turn:
    """One time that the sentence was spoken: who did, seconds until it was whole, seconds of sound."""

    engine: str
    voice: str
    took: float
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it, and in words what is wrong; ``turns`` are none, one or two."""

    outcome: Outcome
    turns: tuple[Turn, ...] = ()
    wrong: str = ""


class SelfTest:
    """Speaks ``text`` through the speaker as a user would; ``result`` is what is known so far.

    The first turn never comes from the cache: what was spoken yesterday proves nothing of today's engine.
    """

    def __init__(self, speaker: Speaker, text: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._speaker = speaker
        self._texts = (text,) if text else SENTENCES
        self._clock = clock
        self.result = Result(Outcome.RUNNING)

    @property
    def passed(self) -> bool | None:
        """The verdict; None while there is none."""
        return {Outcome.PASSED: True, Outcome.FAILED: False}.get(self.result.outcome)

    async def run(self) -> Result:
        """Do it, log it, keep it; and leave nothing behind."""
        try:
            self.result = await self._tried()
        except SaysoError as error:
            self.result = Result(Outcome.FAILED, wrong=str(error))
        with suppress(StoreError):
            await self._speaker.forget(LANE, (LANE,))
        passed = self.result.outcome is Outcome.PASSED
        took = [round(turn.took, 3) for turn in self.result.turns]
        (log.info if passed else log.warning)("self_test", outcome=self.result.outcome.value, seconds=took)
        return self.result

    async def _tried(self) -> Result:
        for text in self._texts:
            explained = await self._speaker.explain(self._request(text))
            if isinstance(explained, Refusal) and explained.reason is Reason.LANGUAGE_NOT_SPOKEN:
                continue
            if not isinstance(explained, Refusal):
                with suppress(StoreError):
                    await self._speaker.store.cache.drop(explained.key)
            return await self._spoken(text)
        return Result(Outcome.FAILED, wrong="No voice here speaks any of the languages of the self-test.")

    async def _spoken(self, text: str) -> Result:
        turns: list[Turn] = []
        caption = ""
        for _ in range(2):
            began = self._clock()
            said = await self._speaker.say(self._request(text))
            if isinstance(said, Refusal):
                return Result(Outcome.FAILED, tuple(turns), said.message)
            turns.append(await self._turn(said, began))
            caption = caption or said.caption
            await self._speaker.settle()
        if self._keeps and not turns[1].cached:
            missed = "What was spoken did not come from the cache the second time"
            return Result(Outcome.FAILED, tuple(turns), f"{missed}: {caption}." if caption else f"{missed}.")
        return Result(Outcome.PASSED, tuple(turns))

    @property
    def _keeps(self) -> bool:
        """Whether there is a cache for anything to come from."""
        cache = self._speaker.store.cache.stats()
        return bool(cache.max_bytes and cache.max_entries)

    async def _turn(self, said: Said, began: float) -> Turn:
        clip = await said.speech.clip()
        spoken = clip.spoken[0].utterance
        return Turn(spoken.engine, spoken.voice, self._clock() - began, clip.seconds, said.cached)

    def _request(self, text: str) -> Request:
        return Request(LANE, LANE, text, rate=RATE, priority=Priority.LOW)
