"""Why a note could not be sent, in the asker's language, and what to do about it."""

from __future__ import annotations

from bot.adapters.telegram.trouble import Trouble, code, gone, trouble
from bot.adapters.words import word

__all__ = ["excuse", "gone"]

_SILENT = frozenset({Trouble.WRONG_FILE, Trouble.NO_REPLY, Trouble.UNCHANGED, Trouble.MESSAGE_GONE, Trouble.TOPIC_GONE})
"""Troubles that the messenger deals with itself; if one comes through after all, it is a refusal like any other."""


def excuse(error: Exception, locale: str) -> str:
    """The sentence for what :meth:`Messenger.note` or :meth:`Messenger.text` raised."""
    kind = trouble(error)
    name = Trouble.REFUSED if kind in _SILENT else kind
    return word(f"telegram_send.{name}", locale, code=code(error))
