"""The loopback Telegram: who connects to it, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
from telegram import Bot, Message, Update
from telegram.error import InvalidToken, NetworkError
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
    """When the fake has ended, and soon, no task of it is alive, though calls hung, were late, or polled."""
    before = asyncio.all_tasks()
    async with FakeTelegram() as fake:
        bot, ann = Bot(fake.token, base_url=fake.base_url), fake.person()
        await bot.initialize()
        hanging, late = fake.faults.hang("sendMessage"), fake.faults.delay("sendVoice", 60.0)
        await bot.set_webhook("http://127.0.0.1:9/nobody")
        await ann.say("x")
        await bot.delete_webhook()
        await bot.get_updates(-1)
        calls = [bot.send_message(ann.id, "x"), bot.send_voice(ann.id, b"x"), bot.get_updates(200_000_000, timeout=30)]
        asking = asyncio.gather(*calls, return_exceptions=True)
        await fake.until(lambda: hanging.hits and late.hits and fake.polls == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    said, spoken, polled = await asking
    assert isinstance(said, Message)
    assert isinstance(spoken, NetworkError)
    assert polled == ()
    await bot.shutdown()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_two_fakes_do_not_meet() -> None:
    """Two may stand beside each other."""
    async with FakeTelegram() as one, FakeTelegram() as other, a_bot(one) as bot:
        ann = one.person()
        await bot.send_message(ann.id, "x")
        assert (ann.private.texts, one.server != other.server, other.calls) == (["x"], True, [])


async def test_a_download_takes_the_token() -> None:
    """And a file that is there."""
    async with FakeTelegram() as fake, httpx.AsyncClient() as client:
        spoken = await fake.person().voice()
        assert spoken.file is not None
        statuses = [
            (await client.get(f"{fake.base_file_url}{path}")).status_code
            for path in (f"{fake.token}/{spoken.file.path}", f"{fake.token}/nothing", f"1:x/{spoken.file.path}")
        ]
        assert statuses == [200, 404, 404]


async def test_methods_are_known_whatever_their_case() -> None:
    """And parameters wherever they stand."""
    async with FakeTelegram() as fake, httpx.AsyncClient(base_url=f"{fake.base_url}{fake.token}/") as client:
        ann = fake.person()
        await client.get("SENDMESSAGE", params={"chat_id": ann.id, "text": "url"})
        await client.post("sendmessage", data={"chat_id": ann.id, "text": "form"})
        await client.post("sendMessage", json={"chat_id": ann.id, "text": "json"})
        await client.post("sendMessage", data={"chat_id": ann.id, "text": "parts"}, files={"x": b""})
        assert ann.private.texts == ["url", "form", "json", "parts"]
        assert len(fake.of("sendMessage")) == 4
        assert fake.unknown == []
