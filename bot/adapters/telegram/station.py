"""Everything of Sayso that is alive for one Telegram bot, for the commands and listeners to work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
import telegram
from telegram.error import TelegramError

from bot.adapters.boundary import Errands
from bot.adapters.intake import Intake
from bot.adapters.pace import Pace
from bot.adapters.telegram.admins import Admins
from bot.adapters.telegram.courier import Courier
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.messenger import Buttons, Messenger
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.rules import Rules, rules_of
from bot.config import TelegramSettings
from bot.speaker import Speaker

if TYPE_CHECKING:
    from bot.adapters.telegram.answers import Answers
    from bot.adapters.telegram.asking import Asking

log = structlog.get_logger()


@dataclass(slots=True)
class Station:
    """One bot's Sayso. ``asking`` and ``answers`` are put in last, for they work with all of the rest.

    ``reads``: people's own messages are spoken where a chat's rules say so; not where an LLM answers them.
    """

    bot: telegram.Bot = field(repr=False)
    speaker: Speaker
    settings: TelegramSettings
    messenger: Messenger
    presence: Presence
    courier: Courier
    admins: Admins
    intake: Intake = field(default_factory=Intake)
    errands: Errands = field(default_factory=Errands)
    pace: Pace = field(default_factory=Pace)
    owners: frozenset[int] = frozenset()
    reads: bool = True
    wall: Callable[[], float] = time.time
    asking: Asking = field(init=False)
    answers: Answers = field(init=False)

    async def rules(self, lane: str) -> Rules:
        """The rules of a chat."""
        return rules_of(await self.speaker.store.settings.guild(lane))

    def owns(self, user: int) -> bool:
        """Whether the person owns the bot, and so may change what holds everywhere."""
        return user in self.owners

    def tell(self, incoming: Incoming, text: str, buttons: Buttons | None = None) -> None:
        """Answer in the background, as a reply: it may have to wait for its turn, and nobody is to wait for it."""
        self.errands.start(self._told(incoming, text, buttons), "answer_crashed", chat=incoming.chat.id)

    async def _told(self, incoming: Incoming, text: str, buttons: Buttons | None) -> None:
        try:
            await self.messenger.text(incoming.place, text, reply_to=incoming.message.message_id, buttons=buttons)
        except TelegramError as error:  # who has blocked the bot is no crash
            log.info("answer_not_sent", error=type(error).__name__, chat=incoming.chat.id)
