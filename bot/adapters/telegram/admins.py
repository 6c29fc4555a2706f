"""Who may decide for a chat: its own administrators, as Telegram knows them."""

from __future__ import annotations

import time
from collections.abc import Callable

import telegram

KEPT_SECONDS = 300.0
"""For how long an answer of Telegram's is relied on."""


class Admins:
    """Asks Telegram and remembers; what fails to be found out counts as no. ``owners`` may decide everywhere."""

    def __init__(
        self, bot: telegram.Bot, owners: frozenset[int], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bot, self._owners, self._clock = bot, owners, clock

    async def may_decide(self, chat: telegram.Chat, asker: int) -> bool:
        """Whether somebody may change what holds in a chat. In a private chat that is whose chat it is.

        ``asker`` as :func:`identity.asker_of` gives it: a group's anonymous administrators write in its own name, and
        who writes in a channel's name is one of its administrators.
        """
        raise NotImplementedError

    def forget(self, chat: int) -> None:
        """Somebody's standing in the chat has changed: ask again."""
        raise NotImplementedError
