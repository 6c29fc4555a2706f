"""Why a note could not be sent, in the asker's language, and what to do about it."""

from __future__ import annotations

from telegram.error import Forbidden

from bot.adapters.telegram.trouble import Trouble, code, trouble
from bot.adapters.words import word

_GONE = frozenset({Trouble.BLOCKED, Trouble.KICKED, Trouble.OUTSIDE, Trouble.UNOPENED, Trouble.GONE})

_SILENT = frozenset({Trouble.WRONG_FILE, Trouble.NO_REPLY, Trouble.UNCHANGED, Trouble.MESSAGE_GONE, Trouble.TOPIC_GONE})
"""Troubles that the messenger deals with itself; if one comes through after all, it is a refusal like any other."""


def excuse(error: Exception, locale: str) -> str:
    """The sentence for what :meth:`Messenger.note` or :meth:`Messenger.text` raised."""
    kind = trouble(error)
    name = Trouble.REFUSED if kind in _SILENT else kind
    return word(f"telegram_send.{name}", locale, code=code(error))


def gone(error: Exception) -> bool:
    """Whether the bot may not write in that chat at all any more, so that nothing else needs to be tried there."""
    return isinstance(error, Forbidden) or trouble(error) in _GONE
