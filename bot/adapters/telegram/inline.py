"""``@bot text`` in any chat: voice notes to choose from."""

from __future__ import annotations

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.station import Station


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    raise NotImplementedError
