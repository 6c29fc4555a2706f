"""A group with an administrator, a member and the bot's owner, and the settings that the first of them decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.adapters.telegram import events
from bot.adapters.telegram.commands import settings
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.post import Post
from bot.adapters.telegram.rules import Rules, rules_of
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings
from bot.speaker import Speaker
from bot.store import Change, GuildSettings
from bot.wishes import EVERY_GUILD
from tests.adapters.telegram.commands.menus import answered, full
from tests.adapters.telegram.scene import online
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person, Status

HASTE = 1000
"""How many of the post's seconds go into one of ours: a menu is turned more often here than anybody would."""


@dataclass(slots=True)
class Council:
    """Who is there. ``ann`` administers the ``group``, ``eve`` does not, ``owner`` runs the bot."""

    fake: FakeTelegram
    speaker: Speaker
    station: Station
    ann: Person
    eve: Person
    owner: Person
    group: Chat

    async def open(self, text: str = "/settings", *, by: Person | None = None, chat: Chat | None = None) -> Message:
        """What is answered to somebody who types it in the group: Ann, where nobody else is named."""
        return await answered(self.fake, await (by or self.ann).say(text, chat or self.group))

    async def type(self, text: str, **more: Any) -> str:
        """The answer in words."""
        return (await self.open(text, **more)).text

    async def press(self, menu: Message, button: str, *, by: Person | None = None) -> str | None:
        """Press the button that has these words; what its presser is told."""
        return (await (by or self.ann).press(menu, full(menu, button))).text

    async def walk(self, menu: Message, *buttons: str, by: Person | None = None) -> str | None:
        """Press one after the other, each when the one before has changed the menu; what is told of the last."""
        *ways, last = buttons
        for button in ways:
            await self.turn(menu, button, by=by)
        return await self.press(menu, last, by=by)

    async def turn(self, menu: Message, button: str, *, by: Person | None = None) -> None:
        """Press it, and wait until the menu has changed."""
        before = (menu.text, menu.markup)
        await self.press(menu, button, by=by)
        await self.fake.until(lambda: (menu.text, menu.markup) != before)

    async def shows(self, menu: Message, *words: str) -> None:
        """Wait until a menu shows all of these words, or has buttons with them."""
        await self.fake.until(lambda: all(any(part in one for one in (menu.text, *menu.buttons)) for part in words))

    async def kept(self, chat: Chat | None = None) -> GuildSettings:
        """What is decided in a chat, as the store has it."""
        return await self.speaker.store.settings.guild(guild_key((chat or self.group).id))

    async def rules(self) -> Rules:
        """The rules of the group."""
        return rules_of(await self.kept())

    async def everywhere(self) -> GuildSettings:
        """What the owner decided for all chats."""
        return await self.speaker.store.settings.guild(EVERY_GUILD)

    async def audit(self) -> list[Change]:
        """Who changed what in the group, the newest first."""
        return list(await self.speaker.store.settings.audit(guild_key(self.group.id)))


@asynccontextmanager
async def council(fake: FakeTelegram, speaker: Speaker, *modules: Any, **more: Any) -> AsyncIterator[Council]:
    """The settings are there, and Telegram's limits take little of our time."""
    ann, eve, owner = fake.person("Ann"), fake.person("Eve"), fake.person("Oz")
    group = fake.group(members=[eve, owner], admins=[ann], bot=Status.ADMINISTRATOR, **more)
    config = TelegramSettings(owners=str(owner.id))
    async with online(fake, speaker, settings.handlers, events.handlers, *modules, settings=config) as station:
        station.messenger.post = Post(clock=lambda: time.monotonic() * HASTE, sleep=_hasty)
        yield Council(fake, speaker, station, ann, eve, owner, group)
    assert not fake.unknown


async def _hasty(seconds: float) -> None:
    await asyncio.sleep(seconds / HASTE)


def key(person: Person) -> str:
    """As the store knows somebody."""
    return user_key(person.id)
