"""Menus that are edited where they stand, as fast as Telegram lets us, however fast people press."""

from __future__ import annotations

from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station


class Screens:
    """Each menu comes to show what was pressed last; what was to be shown in between is passed over."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def show(self, incoming: Incoming, page: Page) -> None:
        """Let the message whose button was pressed show this. Never waits: a chat takes one edit a second."""
        place, menu = incoming.place, incoming.message.message_id
        editing = self._station.messenger.edit(place, menu, page.text, buttons=page.buttons)
        self._station.errands.start(editing, "menu_not_shown", chat=incoming.chat.id)
