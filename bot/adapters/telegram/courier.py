"""Says requests and brings them to their chats.

The way of a parcel, and what the journal knows of it::

    send ──► speaker.say ──► ACCEPTED ──► each note: SENDING, as leaving ──► SENDING, as there ──► … ──► DONE

Telegram has no idempotency key and shows a bot no history: a note is written down before it leaves, and one of which
nobody knows whether it arrived is not sent again by itself: its asker is told, and may have it sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence

from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.target import Target
from bot.config import TelegramSettings
from bot.speaker import Speaker
from bot.speech import Refusal, Request

__all__ = ["Courier", "Parcel", "Receipt"]


class Courier:
    """Takes requests for one bot. Journals them, delivers each at most once, and resumes after a restart.

    ``resumed`` is called with each parcel that a restart brought back, to tell people what becomes of it.
    """

    def __init__(
        self,
        messenger: Messenger,
        presence: Presence,
        speaker: Speaker,
        settings: TelegramSettings,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.resumed: Callable[[Parcel], Coroutine[object, object, None]]
        self._messenger, self._presence, self._speaker = messenger, presence, speaker
        self._settings, self._wall = settings, wall

    async def send(self, request: Request, target: Target) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` and a missing deadline are set here."""
        raise NotImplementedError

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        raise NotImplementedError

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a chat, in the order in which it was asked for."""
        raise NotImplementedError

    def recall(self, user: str) -> None:
        """Take back whatever a person has on its way, wherever, and their words for others."""
        raise NotImplementedError

    def clear(self, chat: int) -> None:
        """The bot may not write in the chat any more: what is on its way there is given up."""
        raise NotImplementedError

    async def resume(self) -> int:
        """After a start: deliver what was accepted and is still wanted, each chat in its order. Returns how many."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop delivering; what is not delivered stays in the journal. Notes on the wire have a moment to arrive."""
        raise NotImplementedError
