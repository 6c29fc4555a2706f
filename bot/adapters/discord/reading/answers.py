"""Answers of LLMs that appear as messages of a bot and grow by being edited, spoken as they grow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import discord

from bot.adapters.discord.reading.follow import Tail
from bot.adapters.discord.reading.growth import Growth
from bot.adapters.discord.reading.voicing import Reading, Voicing
from bot.adapters.discord.reading.words import typed_in
from bot.adapters.intake import Intake
from bot.adapters.memory import Memory
from bot.config import DiscordSettings
from bot.speech import Reason

STEADY = 3
"""After so many messages in a row that it did not edit, a bot is taken to send its messages whole."""

_OF_THESE_WORDS = (Reason.LANGUAGE_NOT_SPOKEN, Reason.NOTHING_TO_SAY)
"""Refusals that say nothing about the words that follow."""

_MOST = 2_000


@dataclass(slots=True, eq=False)
class Answer:
    """A reading that grows.

    ``tail`` is what its speaker still reads, ``timer`` what ends it, ``turn`` which of its timers counts; ``edits`` is
    how often its text changed.
    """

    reading: Reading
    growth: Growth = field(default_factory=Growth)
    tail: Tail | None = None
    timer: asyncio.TimerHandle | None = None
    turn: int = 0
    text: str = ""
    edits: int = 0

    def rest(self) -> None:
        """Wait for nothing more."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None
        self.turn += 1

    def end(self) -> None:
        """Whoever speaks it need not wait for more."""
        if self.tail is not None:
            self.tail.end()
        self.tail = None


class Answers:
    """Follows the answers of one client's bots. Its coroutines are to be run within the server's lane."""

    def __init__(
        self, voicing: Voicing, intake: Intake, settings: DiscordSettings, touched: Callable[[int], None]
    ) -> None:
        self._voicing = voicing
        self._intake = intake
        self._settings = settings
        self._touched = touched
        self._answers: Memory[int, Answer] = Memory(_MOST)
        self._latest: Memory[int, Answer] = Memory(_MOST)
        self._steady: Memory[int, int] = Memory(_MOST)

    async def begin(self, reading: Reading) -> None:
        """A bot has written something, whole or not."""
        message = reading.message
        await self._end_before(message)
        answer = Answer(reading)
        self._answers.put(message.id, answer)
        self._latest.put(message.channel.id, answer)
        await self._see(answer, message)
        if (self._steady.get(message.author.id) or 0) >= STEADY and not answer.growth.waiting:
            await self._finish(answer)

    async def changed(self, message: discord.Message) -> bool:
        """It has been edited. False if it is not one of these."""
        answer = self._answers.get(message.id)
        if answer is None:
            return False
        if typed_in(message).text != answer.text:
            answer.edits += 1
            self._steady.put(message.author.id, 0)
            await self._see(answer, message)
        return True

    def deleted(self, message: int) -> None:
        """It is gone: nothing more of it is said."""
        if (answer := self._answers.get(message)) is not None:
            self._drop(answer)
            self._answers.drop(message)

    def close(self) -> None:
        """Follow nothing more."""
        for answer in self._answers:
            self._drop(answer)

    async def _see(self, answer: Answer, message: discord.Message) -> None:
        words = typed_in(message)
        answer.text, answer.reading.message = words.text, message
        answer.reading.names.update(words.names)
        self._touched(message.id)
        if answer.reading.over or (answer.tail is not None and answer.tail.closed):
            self._drop(answer)
            return
        piece = answer.growth.see(words.text)
        if piece and answer.tail is not None:
            answer.tail.feed(piece)
        elif piece:
            # What went on once will go on again: then one stream, and not a request for each edit.
            await self._open(answer, piece, whole=answer.growth.whole and not answer.reading.texts)
        self._wait(answer, self._settings.settle_seconds)

    async def _open(self, answer: Answer, piece: str, *, whole: bool) -> None:
        """Have it said: as a text if it is one, which can be kept and journalled, else as the beginning of one."""
        reading = answer.reading
        opening = self._voicing.opening(reading)
        tail = None if whole else Tail(opening, piece)
        refused = await self._voicing.say(reading, opening, piece.strip() if tail is None else tail)
        if refused is None:
            answer.tail = tail
        elif refused.reason not in _OF_THESE_WORDS:
            reading.over = True

    def _wait(self, answer: Answer, seconds: float, *, last: bool = False) -> None:
        answer.rest()
        turn = answer.turn

        def ring() -> None:
            self._intake.put(answer.reading.guild, lambda: self._rested(answer, turn, last=last), must=True)

        answer.timer = asyncio.get_running_loop().call_later(seconds, ring)

    async def _rested(self, answer: Answer, turn: int, *, last: bool) -> None:
        """Nothing came for a while, unless meanwhile something did."""
        if turn != answer.turn:
            return
        if answer.growth.waiting and not last:
            # It says that it will go on. Nobody need wait for that: what comes is said when it comes.
            answer.end()
            self._wait(answer, self._settings.read_seconds, last=True)
        else:
            await self._finish(answer)

    async def _finish(self, answer: Answer) -> None:
        """It is whole: say the rest."""
        answer.rest()
        if not answer.edits:
            author = answer.reading.message.author.id
            self._steady.put(author, (self._steady.get(author) or 0) + 1)
        rest = "" if answer.reading.over else answer.growth.finish()
        if answer.tail is not None:
            answer.tail.feed(rest)
        elif any(map(str.isalnum, rest)):
            await self._open(answer, rest, whole=True)
        answer.end()

    async def _end_before(self, message: discord.Message) -> None:
        """Messages are only so long: what goes on in a new one is whole in the old one."""
        before = self._latest.get(message.channel.id)
        if before is not None and before.timer is not None and _goes_on(before.reading.message, message):
            await self._finish(before)

    @staticmethod
    def _drop(answer: Answer) -> None:
        answer.rest()
        answer.end()
        answer.reading.over = True


def _goes_on(before: discord.Message, message: discord.Message) -> bool:
    """Whether a bot's message may be the next part of what it wrote before."""
    if before.author.id != message.author.id:
        return False
    asked = before.reference.message_id if before.reference else None
    return message.reference is None or message.reference.message_id in (before.id, asked)
