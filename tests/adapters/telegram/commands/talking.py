"""People who have things said: the commands for it are there, and Telegram's limits take little of our time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.adapters.telegram.commands import control, help, say
from bot.adapters.telegram.following import Pauses
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings
from bot.speaker import Speaker
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.telegram import Chat, FakeTelegram, Message, Note


@asynccontextmanager
async def talking(
    fake: FakeTelegram, speaker: Speaker, *, settings: TelegramSettings | None = None, pauses: Pauses | None = None
) -> AsyncIterator[Station]:
    """/say and what belongs to it. Nobody is told how it goes, unless there are ``pauses`` for it."""
    modules = (say.handlers, control.handlers, help.handlers)
    async with online(fake, speaker, *modules, settings=settings) as station:
        station.messenger.post = quick_post()
        station.asking.pauses = pauses or Pauses(60.0, 60.0)
        yield station
    assert not fake.unknown


async def note(fake: FakeTelegram, chat: Chat, number: int = 1) -> Note:
    """The so-manieth note of a chat, once it is there."""
    return await fake.until(lambda: fake.notes(chat)[number - 1] if len(fake.notes(chat)) >= number else None)


async def answer(fake: FakeTelegram, message: Message) -> Message:
    """What the bot writes in answer to a message."""
    return await fake.until(lambda: next(iter(answers(fake, message)), None))


def answers(fake: FakeTelegram, message: Message) -> list[Message]:
    """All that the bot has written in answer to a message, and that is there now."""
    return [
        one
        for one in message.chat.messages
        if one.reply_to is message and one.text and one.sender is not message.sender
    ]


async def settled(fake: FakeTelegram, station: Station) -> None:
    """Everything that has come in so far is done with."""
    await fake.until(lambda: not fake.updates.pending and not station.intake._lanes)


def spoken(engine: FakeEngine) -> list[str]:
    """The sentences that an engine was asked for."""
    return [utterance.text for utterance in engine.asked]


class Slow:
    """Makes an engine wait, within the first sentence that it is asked for, until it is let go."""

    def __init__(self, engine: FakeEngine) -> None:
        self._go = asyncio.Event()
        engine.scripts = (Script(delay=1.0),)
        engine.sleep = self._wait

    async def _wait(self, seconds: float) -> None:
        await self._go.wait()

    def go(self) -> None:
        """It speaks."""
        self._go.set()
