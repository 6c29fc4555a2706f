"""The loopback Telegram at a terminal, and as a process of its own."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryResultArticle, InputTextMessageContent

from tests.doubles.telegram import FakeTelegram
from tests.doubles.telegram.client import a_bot, ogg
from tests.doubles.telegram.console import Console


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


async def lines(*typed: str) -> AsyncIterator[str]:
    for line in typed:
        yield line


async def test_what_is_typed_is_said() -> None:
    """Also as an answer, or spoken; what cannot be done is told."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, shown = fake.person(), list[str]()
        sent = await bot.send_message(ann.id, "Hello")
        typed = lines("/say hi", f"!reply {sent.message_id} /say", "!voice", "", "!press Back", "!reply 99 x")
        await Console(fake, ann, shown.append).run(typed)
        messages = ann.private.messages
        assert [message.text for message in messages] == ["Hello", "/say hi", "/say", ""]
        assert messages[2].reply_to is messages[0]
        assert messages[3].file is not None
        assert shown == ["! no button 'Back'", "! 99", f"{sent.message_id}: Hello"]


async def test_what_the_bot_does_is_shown(tmp_path: Path) -> None:
    """Its messages as they come and change, its voice notes as files."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, shown = fake.person(), list[str]()
        console = Console(fake, ann, shown.append, tmp_path)
        await bot.send_chat_action(ann.id, "record_voice")
        console.look()
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="m")]])
        sent = await bot.send_message(ann.id, "Wait")
        console.look()
        console.look()
        await sent.edit_text("Done", reply_markup=keyboard)
        voice = await bot.send_voice(ann.id, data := ogg(1.0), caption="Kokoro", filename="voice.ogg")
        console.look()
        [(file, kept)] = files(tmp_path).items()
        assert kept == data
        number = sent.message_id
        assert shown == [
            "… record_voice",
            f"{number}: Wait",
            f"{number}: Done <More>",
            f"{voice.message_id}: [voice 1 s {file}] Kokoro",
        ]


async def test_buttons_and_inline_mode_are_answered() -> None:
    """What the bot says to a press, and what it offers."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, shown = fake.person(), list[str]()
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="m")]])
        await bot.send_message(ann.id, "Hello", reply_markup=keyboard)
        console = asyncio.create_task(Console(fake, ann, shown.append).run(lines("!press More", "!inline hi")))
        await fake.until(lambda: fake.updates.pending)
        await bot.answer_callback_query(fake.updates.pending[0]["callback_query"]["id"], "No more")
        await fake.until(lambda: len(fake.updates.pending) == 2)
        article = InlineQueryResultArticle("1", "Hi there", InputTextMessageContent("hi"))
        await bot.answer_inline_query(fake.updates.pending[1]["inline_query"]["id"], [article])
        await console
        assert shown[-2:] == ["(No more)", "offered 1: Hi there"]


async def test_it_stands_alone() -> None:
    """A process that tells its token and address, until nothing more is typed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.doubles.telegram", stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    token, server = [(await process.stdout.readline()).decode().split()[1] for _ in range(2)]
    async with Bot(token, base_url=f"{server}/bot") as bot:
        process.stdin.write(b"hello\n")
        [update] = await bot.get_updates(timeout=5)
        assert update.message is not None
        await update.message.reply_text(f"You said {update.message.text}")
        assert (await process.stdout.readline()).decode().endswith(": You said hello\n")
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 5) == 0
