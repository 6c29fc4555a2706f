"""What is remembered: preferences, settings, the journal, recent audio, and what adapters keep, in one SQL database.

SQLite by default, PostgreSQL beyond one machine, by the same statements. Importing this costs nothing much: SQLAlchemy
is loaded with the first :class:`Store`, Alembic only when a database is really upgraded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from bot.store.key import cache_key
from bot.store.records import Change, ChannelSettings, GuildSettings, Preference, Recent, Stats

if TYPE_CHECKING:
    from bot.store.audio import AudioCache
    from bot.store.keep import Keep
    from bot.store.preferences import Preferences
    from bot.store.settings import Settings
    from bot.store.store import Store

__all__ = [
    "AudioCache",
    "Change",
    "ChannelSettings",
    "GuildSettings",
    "Keep",
    "Preference",
    "Preferences",
    "Recent",
    "Settings",
    "Stats",
    "Store",
    "cache_key",
]

_LOADED_LATE = {
    "AudioCache": "audio",
    "Keep": "keep",
    "Preferences": "preferences",
    "Settings": "settings",
    "Store": "store",
}


def __getattr__(name: str) -> object:
    if name not in _LOADED_LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_LATE[name]}"), name)
