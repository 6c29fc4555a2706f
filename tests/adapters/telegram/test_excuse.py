"""Why something could not be sent is told in words that help, in every language, and give nothing away."""

from __future__ import annotations

import httpx
import pytest
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut

from bot.adapters.telegram.excuse import excuse, gone
from bot.adapters.telegram.trouble import Late, Lost, Trouble
from bot.adapters.words import LOCALES, translated

DESCRIPTIONS = {
    "Forbidden: bot was blocked by the user": "blocked",
    "Forbidden: bot was kicked from the supergroup chat": "kicked",
    "Forbidden: bot is not a member of the channel chat": "outside",
    "Forbidden: bot can't initiate conversation with a user": "unopened",
    "Forbidden: the bot can't send messages to the bot": "unopened",
    "Forbidden: user is deactivated": "gone",
    "Forbidden: the group chat was deleted": "gone",
    "Forbidden: something new": "outside",
    "Bad Request: chat not found": "gone",
    "Bad Request: group chat was deactivated": "gone",
    "Bad Request: CHANNEL_PRIVATE": "outside",
    "Bad Request: business connection not found": "disconnected",
    "Bad Request: BUSINESS_PEER_USAGE_MISSING": "disconnected",
    "Bad Request: TOPIC_CLOSED": "topic_closed",
    "Bad Request: not enough rights to send voice notes to the chat": "no_voice_here",
    "Bad Request: not enough rights to send music to the chat": "no_audio_here",
    "Bad Request: not enough rights to send text messages to the chat": "no_writing_here",
    "Bad Request: have no write access to the chat": "no_writing_here",
    "Bad Request: need administrator rights in the channel chat": "no_writing_here",
    "Bad Request: CHAT_WRITE_FORBIDDEN": "no_writing_here",
    "Bad Request: VOICE_MESSAGES_FORBIDDEN": "voice_unwanted",
    "Bad Request: user restricted receiving of voice note messages": "voice_unwanted",
    "Bad Request: file is too big": "too_large",
    "Bad Request: message thread not found": "refused",
    "Bad Request: wrong file identifier/HTTP URL specified": "refused",
    "Bad Request: can't parse entities: what somebody wrote": "refused",
}
GONE = {"blocked", "kicked", "outside", "unopened", "gone"}


def raised(description: str) -> TelegramError:
    """What the library makes of a description."""
    return Forbidden(description) if description.startswith("Forbidden") else BadRequest(description)


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(("description", "name"), DESCRIPTIONS.items())
def test_a_refusal_is_explained(description: str, name: str) -> None:
    """By what Telegram says, in its own wording and in its servers', and with nothing of it that could be anybody's."""
    said = excuse(raised(description), "en")
    phrase = translated(f"telegram_send.{name}", "en")
    assert phrase is not None
    assert said == phrase.format(code="400")
    assert gone(raised(description)) is (name in GONE)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (caused(NetworkError("httpx.ConnectError: "), httpx.ConnectError("")), "unreached"),
        (caused(TimedOut("Pool timeout"), httpx.PoolTimeout("")), "unreached"),
        (OSError("no route"), "unreached"),
        (caused(TimedOut(), httpx.ReadTimeout("")), "unsure"),
        (Lost("TimedOut"), "unsure"),
        (Late(), "busy"),
        (NetworkError("Too Many Requests (429). Parsing the server response b'' failed"), "busy"),
        (NetworkError("Request Entity Too Large"), "too_large"),
        (NetworkError("Request Entity Too Large (413). Parsing the server response b'' failed"), "too_large"),
        (ChatMigrated(-100), "refused"),
        (InvalidToken("Unauthorized"), "refused"),
    ],
)
def test_what_is_no_refusal_is_explained_too(error: Exception, name: str) -> None:
    """Silence, haste and size each have their words; none of them means that the chat is gone."""
    phrase = translated(f"telegram_send.{name}", "en")
    assert phrase is not None
    assert excuse(error, "en").startswith(phrase.partition("{")[0])
    assert not gone(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequest("Bad Request: PAYMENT_REQUIRED_50"), "PAYMENT_REQUIRED_50"),
        (BadRequest("Bad Request: can't parse entities: Ann lives at 7 Elm St"), "400"),
        (InvalidToken("Unauthorized"), "401"),
        (ChatMigrated(-100), "ChatMigrated"),
    ],
)
def test_what_has_no_words_has_a_code(error: Exception, code: str) -> None:
    """Telegram's own where it names one; never its sentence, which may repeat what somebody wrote."""
    assert f"({'error'} {code})" in excuse(error, "en")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_every_language_has_words_of_its_own(description: str, locale: str) -> None:
    """No excuse falls back to English, and none has a hole in it."""
    said = excuse(raised(description), locale)
    assert (said == excuse(raised(description), "en")) is (locale == "en")
    assert "{" not in said


def test_no_words_are_there_for_nothing() -> None:
    """Every phrase is that of a trouble."""
    told = {kind for kind in Trouble if translated(f"telegram_send.{kind}", "en") is not None}
    silent = {Trouble.WRONG_FILE, Trouble.NO_REPLY, Trouble.UNCHANGED, Trouble.MESSAGE_GONE, Trouble.TOPIC_GONE}
    assert told == set(Trouble) - silent
