"""People before menus of ours: they type a command, press buttons, and see what stands there then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.adapters.telegram.commands import privacy, voice
from bot.adapters.telegram.station import Station
from bot.speaker import Speaker
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person


@asynccontextmanager
async def menus(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Station]:
    """/voice and /privacy are there, and Telegram's limits take little of our time."""
    async with online(fake, speaker, voice.handlers, privacy.handlers) as station:
        station.messenger.post = quick_post()
        yield station
    assert not fake.unknown


async def answered(fake: FakeTelegram, message: Message) -> Message:
    """What the bot answers to a message."""
    return await fake.until(lambda: next((one for one in message.chat.messages if _answers(one, message, fake)), None))


async def opened(fake: FakeTelegram, person: Person, text: str, chat: Chat | None = None, **more: Any) -> Message:
    """The menu that somebody's command brings up."""
    return await answered(fake, await person.say(text, chat, **more))


async def pressed(fake: FakeTelegram, person: Person, menu: Message, button: str) -> str | None:
    """Press the button with these words at its end, if the menu changes by it; what the presser is told."""
    return (await person.press(menu, full(menu, button))).text


async def turned(fake: FakeTelegram, person: Person, menu: Message, *buttons: str) -> str:
    """Press them one after the other, each when the one before has changed the menu; what it shows in the end."""
    for button in buttons:
        before = (menu.text, menu.markup)
        await person.press(menu, full(menu, button))
        await fake.until(lambda before=before: (menu.text, menu.markup) != before)  # type: ignore[misc]
    return menu.text


async def shows(fake: FakeTelegram, menu: Message, *words: str) -> str:
    """Wait until a menu shows all of these words."""
    await fake.until(lambda: all(part in menu.text for part in words))
    return menu.text


def full(menu: Message, button: str) -> str:
    """All the words on the button that has these."""
    found = [words for words in menu.buttons if button in words]
    assert found, f"no button {button!r} among {menu.buttons}"
    return found[0]


def voices(menu: Message) -> list[str]:
    """The names of the voices on a page."""
    return [words.removeprefix("✓ ").split(" · ")[0] for words in menu.buttons if " · " in words]


def _answers(one: Message, message: Message, fake: FakeTelegram) -> bool:
    ours = one.sender is fake.bot or one.sender is None or "sender_business_bot" in one.extra
    return one.reply_to is message and ours
