"""Menus that are edited where they stand, as fast as Telegram lets us, however fast people press."""

from __future__ import annotations

from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.station import Station


class Screens:
    """Each menu comes to show what was pressed last; what was to be shown in between is passed over."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._wanted: dict[tuple[int, int], Page] = {}

    def show(self, incoming: Incoming, page: Page) -> None:
        """Let the message whose button was pressed show this. Never waits: a chat takes one edit a second."""
        key = incoming.chat.id, incoming.message.message_id
        busy = key in self._wanted
        self._wanted[key] = page
        if not busy:
            self._station.errands.start(self._follow(incoming.place, key), "menu_not_shown", chat=incoming.chat.id)

    async def _follow(self, place: Place, key: tuple[int, int]) -> None:
        shown = None
        try:
            while (page := self._wanted[key]) is not shown:
                await self._station.messenger.edit(place, key[1], page.text, buttons=page.buttons)
                shown = page
        finally:
            del self._wanted[key]
