"""What people ask to be said: who may, where it goes, and what they are told while it is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.parcel import Parcel
from bot.speech import Priority, Refusal

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants said: a text, or by ``replay`` what has this cache key.

    ``reply_to`` is the message that the note answers (None: the one that asks), ``author`` the key of whose words these
    are where they are not the asker's, ``turn`` as in :func:`identity.request_id`. ``quiet``: nobody is told why it
    cannot be said, for nobody asked (chat read aloud).
    """

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    voice: str | None = None
    rate: float | None = None
    reply_to: int | None = None
    author: str | None = None
    replay: str | None = None
    priority: Priority = Priority.HIGH
    quiet: bool = False
    turn: int = 0


class Asking:
    """Takes the wishes of one bot's people."""

    def __init__(self, station: Station) -> None:
        self.station = station

    async def ask(self, incoming: Incoming, wish: Wish) -> Parcel | Refusal | None:
        """Have it said where it was asked for. Returns once it is accepted or refused (and the asker told why).

        None if the very same was asked for already (Telegram delivered the update again after a restart).
        """
        raise NotImplementedError

    async def latest(self, incoming: Incoming) -> str | None:
        """The cache key of what was heard last in this chat (and topic)."""
        raise NotImplementedError

    async def resumed(self, parcel: Parcel) -> None:
        """Go on telling how it goes, of what an earlier process was asked for: for :attr:`Courier.resumed`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Tell nobody any more how things go."""
        raise NotImplementedError
