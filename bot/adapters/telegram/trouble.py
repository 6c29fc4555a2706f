"""What an error of the library means: whether the call was carried out, and what Telegram has against it.

Telegram's refusals carry no codes but the HTTP status, so they are known by their wording: that of
telegram-bot-api's ``Client.cpp``, of TDLib, and of Telegram's own servers (``IN_CAPITALS``). The library capitalises
what it likes, so case does not count.
"""

from __future__ import annotations

import re
import warnings
from datetime import timedelta
from enum import Enum, StrEnum

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

BUSY_SECONDS = 5.0
"""What is waited where Telegram says that it is too much but not for how long (a proxy in front of it does that)."""


class Lost(NetworkError):
    """The answer to a call was lost, and Telegram has no idempotency key: the message may be there or not."""


class Late(TimedOut):
    """The call was not made: its time was over before its turn came."""


class Fate(Enum):
    """What became of a call that raised."""

    REFUSED = "refused"
    """Telegram has answered no."""
    BUSY = "busy"
    """Telegram did not take it for now: too much was sent."""
    UNSENT = "unsent"
    """It never reached Telegram, and may later."""
    UNKNOWN = "unknown"
    """It may have been carried out or not."""


class Trouble(StrEnum):
    """What Telegram has against a call."""

    BLOCKED = "blocked"
    KICKED = "kicked"
    OUTSIDE = "outside"
    UNOPENED = "unopened"
    GONE = "gone"
    DISCONNECTED = "disconnected"
    TOPIC_CLOSED = "topic_closed"
    TOPIC_GONE = "topic_gone"
    NO_VOICE_HERE = "no_voice_here"
    NO_AUDIO_HERE = "no_audio_here"
    NO_WRITING_HERE = "no_writing_here"
    VOICE_UNWANTED = "voice_unwanted"
    TOO_LARGE = "too_large"
    WRONG_FILE = "wrong_file"
    NO_REPLY = "no_reply"
    UNCHANGED = "unchanged"
    MESSAGE_GONE = "message_gone"
    BUSY = "busy"
    UNREACHED = "unreached"
    UNSURE = "unsure"
    REFUSED = "refused"


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteTimeout, httpx.ProxyError)
"""Where these stand behind an error, Telegram cannot have had the whole of the call."""

_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
"""Where these do, it can never be sent."""

_ANSWERED = (BadRequest, Forbidden, InvalidToken, Conflict, ChatMigrated, EndPointNotFound)

_TOO_LARGE = ("too large", "too big")

_WORDINGS = {
    Trouble.VOICE_UNWANTED: ("voice_messages_forbidden", "restricted receiving of voice"),
    Trouble.NO_VOICE_HERE: ("rights to send voice", "chat_send_voices_forbidden", "chat_send_media_forbidden"),
    Trouble.NO_AUDIO_HERE: ("rights to send music", "chat_send_audios_forbidden", "rights to send documents"),
    Trouble.TOPIC_CLOSED: ("topic_closed",),
    Trouble.TOPIC_GONE: ("message thread not found", "topic_deleted", "topic_id_invalid"),
    Trouble.WRONG_FILE: (
        "file identifier",
        "file_id",
        "file_reference",
        "can't use file of type",
        "http url",
        "document_invalid",
    ),
    Trouble.NO_REPLY: ("message to be replied not found", "replied message not found", "reply_message_id_invalid"),
    Trouble.UNCHANGED: ("message is not modified", "message_not_modified"),
    Trouble.MESSAGE_GONE: (
        "message to edit not found",
        "message can't be edited",
        "no text in the message to edit",
        "message to delete not found",
        "message can't be deleted",
        "message not found",
        "message_id_invalid",
        "message_edit_time_expired",
    ),
    Trouble.BLOCKED: ("blocked by the user", "user_is_blocked"),
    Trouble.KICKED: ("bot was kicked",),
    Trouble.OUTSIDE: ("bot is not a member", "can't access the chat", "channel_private", "chat_forbidden"),
    Trouble.UNOPENED: ("can't initiate conversation", "can't send messages to"),
    Trouble.GONE: (
        "chat not found",
        "group chat was deactivated",
        "group chat was deleted",
        "user is deactivated",
        "user not found",
        "chat_id_invalid",
        "peer_id_invalid",
    ),
    Trouble.DISCONNECTED: ("business connection not found", "business_connection", "business_peer"),
    Trouble.NO_WRITING_HERE: (
        "no write access",
        "chat_write_forbidden",
        "chat_restricted",
        "chat_send_plain_forbidden",
        "chat_guest_send_forbidden",
        "chat_admin_required",
        "need administrator rights",
        "rights to send",
    ),
    Trouble.TOO_LARGE: _TOO_LARGE,
}
"""The first that fits is it."""

_GONE = frozenset({Trouble.BLOCKED, Trouble.KICKED, Trouble.OUTSIDE, Trouble.UNOPENED, Trouble.GONE})

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)+")
_STATUS = {BadRequest: "400", InvalidToken: "401", Forbidden: "403", Conflict: "409"}


def fate(error: TelegramError) -> Fate:
    """What became of the call that raised it."""
    if isinstance(error, RetryAfter | Late) or error.message.lower().startswith("too many requests"):
        return Fate.BUSY
    if isinstance(error, Lost):
        return Fate.UNKNOWN
    if isinstance(error, _ANSWERED) or _has(error, _TOO_LARGE) or _is_idle(error):
        return Fate.REFUSED
    if isinstance(error.__cause__, _UNSENT):
        return Fate.UNSENT
    return Fate.REFUSED if isinstance(error.__cause__, _HOPELESS) else Fate.UNKNOWN


def trouble(error: Exception) -> Trouble:
    """What is against it, as far as the error says."""
    if not isinstance(error, TelegramError):
        return Trouble.UNREACHED
    match fate(error):
        case Fate.BUSY:
            return Trouble.BUSY
        case Fate.UNSENT:
            return Trouble.UNREACHED
        case Fate.UNKNOWN:
            return Trouble.UNSURE
    found = (kind for kind, wordings in _WORDINGS.items() if _has(error, wordings))
    return next(found, Trouble.OUTSIDE if isinstance(error, Forbidden) else Trouble.REFUSED)


def gone(error: Exception) -> bool:
    """Whether the bot may not write in that chat at all any more, so that nothing else needs to be tried there."""
    return isinstance(error, Forbidden) or trouble(error) in _GONE


def patience(error: TelegramError) -> float:
    """For how many seconds Telegram wants to be left alone (:attr:`Fate.BUSY`)."""
    if not isinstance(error, RetryAfter):
        return BUSY_SECONDS
    with warnings.catch_warnings():  # the library warns of the type that its attribute will once have
        warnings.simplefilter("ignore")
        wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def code(error: Exception) -> str:
    """A short name for people to report: Telegram's own where there is one, else the number of its answer.

    Never the sentence that Telegram writes, for it may repeat what somebody wrote.
    """
    words = error.message if isinstance(error, TelegramError) else ""
    return words.upper() if _CODE.fullmatch(words) else _STATUS.get(type(error), type(error).__name__)


def _is_idle(error: TelegramError) -> bool:
    """Whether the library had been shut down, so that nothing left."""
    return isinstance(error.__cause__, RuntimeError) and _has(error, ("not initialized",))


def _has(error: TelegramError, wordings: tuple[str, ...]) -> bool:
    said = error.message.lower()
    return any(wording in said for wording in wordings)
