"""/replay, /cancel and /queue."""

from __future__ import annotations

from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.station import Station


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    raise NotImplementedError
