"""Somebody chooses a voice among those that may be used where they are: by pages, by language, by search and by ear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import telegram

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.casting import VoiceChoice


class Page(NamedTuple):
    """What a message of ours shows."""

    text: str
    buttons: telegram.InlineKeyboardMarkup | None = None


Chosen = Callable[[Incoming, VoiceChoice], Awaitable[str]]
"""Keeps what was chosen; returns what the presser is told of it, in a line that fades."""

Home = Callable[[Incoming], Awaitable[Page]]
"""What the message shows when something was chosen, or nothing after all."""

Barred = Callable[[Incoming, int], Awaitable[str]]
"""Why who presses may not press what was opened for an asker, in words; empty if they may."""


class Picker:
    """Keeps nothing in memory that matters: all is in the buttons and in the message, so they outlive the process.

    Buttons are ``sayso:<area>:…``; a host's own buttons need another area. To open it, show :meth:`page` in a message,
    or give a button the data :meth:`opening`; ``home`` is what it leads back to. ``barred`` is asked at each press
    (None: only who opened it may press). ``ask`` is the word by which a search is asked for; no two pickers may have
    the same, for it tells whose search an answer is.
    """

    def __init__(
        self,
        station: Station,
        area: str,
        chosen: Chosen,
        home: Home,
        *,
        barred: Barred | None = None,
        ask: str = "telegram_voice.search.ask",
    ) -> None:
        self.station, self.area = station, area

    def handlers(self) -> Handlers:
        """What listens to its buttons, and to what is typed as a search."""
        raise NotImplementedError

    def opening(self, owner: int) -> str:
        """The data of a button that opens it for an asker (``incoming.asker``)."""
        raise NotImplementedError

    async def page(self, incoming: Incoming, page: int = 0, language: str = "", typed: str = "") -> Page:
        """A page of those who may speak here, as ``incoming`` asks: of a language (its primary subtag), as typed."""
        raise NotImplementedError
