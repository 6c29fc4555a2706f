"""The loopback Telegram: who connects to it, and that nothing is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.error import InvalidToken
from telegram.ext import CommandHandler

from tests.doubles.telegram import FakeTelegram
from tests.doubles.telegram.client import a_bot, built, polling


async def echo(update: Update, context: Any) -> None:
    assert update.effective_message is not None
    await update.effective_message.reply_text("You said: " + " ".join(context.args), do_quote=True)


async def test_the_unpatched_library_polls_and_answers() -> None:
    """What somebody types reaches a handler, and its answer the chat."""
    async with FakeTelegram() as fake:
        ann = fake.person("Ann")
        app = built(fake)
        app.add_handler(CommandHandler("say", echo))
        async with polling(app):
            asked = await ann.say("/say hi there")
            [answer] = await fake.until(lambda: fake.of("sendMessage"))
            await fake.until(lambda: answer.answered)
        assert ann.private.texts == ["/say hi there", "You said: hi there"]
        assert ann.private.messages[1].reply_to is asked
        assert fake.unknown == []


async def test_a_wrong_token_is_refused() -> None:
    """The library says which error it is."""
    async with FakeTelegram() as fake:
        bot = Bot("1:wrong", base_url=fake.base_url)
        with pytest.raises(InvalidToken):
            await bot.initialize()
        await bot.shutdown()


async def test_nothing_is_left_behind() -> None:
    """When the fake has ended no task of it is alive, though a call hung."""
    before = asyncio.all_tasks()
    async with FakeTelegram() as fake:
        ann = fake.person()
        async with a_bot(fake) as bot:
            fault = fake.faults.hang("sendMessage")
            sending = asyncio.create_task(bot.send_message(ann.id, "x"))
            await fault.met.wait()
            fault.release()
            await sending
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
