"""The commands as Telegram shows them to people who type a slash, in their language."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import structlog
import telegram
from telegram.error import TelegramError

from bot.adapters.words import LOCALES, word
from bot.errors import StoreError
from bot.speaker import Speaker

log = structlog.get_logger()

PEOPLE = ("say", "voice", "replay", "queue", "cancel", "privacy", "help")
"""What everybody is shown, in this order."""

DECIDERS = ("settings", "auto")
"""What administrators are shown besides; in a private chat everybody is one."""


class Menu:
    """Tells Telegram the commands, but only if they are others than last time."""

    def __init__(self, bot: telegram.Bot, speaker: Speaker) -> None:
        self._bot = bot
        self._keep = speaker.store.keep

    async def tell(self) -> None:
        """Have them shown. A menu that could not be set is no reason not to speak."""
        shown, key = [*_shown()], f"telegram:commands:{self._bot.id}"
        digest = hashlib.sha256(json.dumps([[*each] for each in shown]).encode()).hexdigest()
        try:
            kept = await self._keep.get(key)
            if kept is not None and kept.get("digest") == digest:
                return
            await asyncio.gather(*(self._set(scope, tag, names) for scope, tag, names in shown))
            await self._keep.put(key, {"digest": digest})
        except (TelegramError, StoreError) as error:
            log.warning("telegram_commands_not_set", error=type(error).__name__)

    async def _set(self, scope: str, tag: str, commands: Mapping[str, str]) -> None:
        listed = [telegram.BotCommand(name, text) for name, text in commands.items()]
        await self._bot.set_my_commands(listed, telegram.BotCommandScope(scope), language_code=tag)


def _shown() -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """For each scope and language (Telegram knows them by two letters, and none for the rest) the commands."""
    scopes: Mapping[str, Sequence[str]] = {
        telegram.BotCommandScope.DEFAULT: PEOPLE,
        telegram.BotCommandScope.ALL_PRIVATE_CHATS: (*PEOPLE, *DECIDERS),
        telegram.BotCommandScope.ALL_CHAT_ADMINISTRATORS: (*PEOPLE, *DECIDERS),
    }
    for scope, names in scopes.items():
        for locale in LOCALES:
            tag = "" if locale == "en" else locale[:2]
            yield scope, tag, {name: word(f"telegram.command.{name}", locale) for name in names}
