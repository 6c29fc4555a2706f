"""What an error of the library means for the call that raised it."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.adapters.telegram.trouble import BUSY_SECONDS, Fate, Late, Lost, Trouble, fate, gone, patience, trouble


def caused(cause: Exception) -> NetworkError:
    """What the library makes of an error below it."""
    error = TimedOut() if isinstance(cause, httpx.TimeoutException) else NetworkError(f"httpx: {cause!r}")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "became"),
    [
        (caused(httpx.ConnectError("refused")), Fate.UNSENT),
        (caused(httpx.ConnectTimeout("")), Fate.UNSENT),
        (caused(httpx.PoolTimeout("")), Fate.UNSENT),
        (caused(httpx.WriteTimeout("")), Fate.UNSENT),
        (caused(httpx.ProxyError("503")), Fate.UNSENT),
        (caused(httpx.ReadTimeout("")), Fate.UNKNOWN),
        (caused(httpx.ReadError("")), Fate.UNKNOWN),
        (caused(httpx.RemoteProtocolError("Server disconnected without sending a response.")), Fate.UNKNOWN),
        (caused(KeyError("in the library")), Fate.UNKNOWN),
        (NetworkError("Bad Gateway (502). Parsing the server response b'<html>' failed"), Fate.UNKNOWN),
        (NetworkError("Internal Server Error: Request aborted"), Fate.UNKNOWN),
        (Lost("TimedOut"), Fate.UNKNOWN),
        (caused(httpx.UnsupportedProtocol("ftp")), Fate.REFUSED),
        (caused(RuntimeError("This HTTPXRequest is not initialized!")), Fate.REFUSED),
        (BadRequest("Bad Request: chat not found"), Fate.REFUSED),
        (NetworkError("Request Entity Too Large"), Fate.REFUSED),
        (NetworkError("Too Many Requests (429)"), Fate.BUSY),
        (Late(), Fate.BUSY),
    ],
)
def test_it_is_told_what_became_of_a_call(error: TelegramError, became: Fate) -> None:
    """Only what cannot have reached Telegram is called unsent; what is not known to be otherwise is unknown."""
    if isinstance(error.__cause__, RuntimeError):
        error.message = f"Unknown error in HTTP implementation: {error.__cause__!r}"
    assert fate(error) is became


@pytest.mark.parametrize("seconds", [1, 3, 2.5])
def test_a_429_says_how_long_to_wait(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the library's new way."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    error = RetryAfter(timedelta(seconds=seconds))
    assert fate(error) is Fate.BUSY
    assert patience(error) == seconds


@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")
def test_a_429_is_read_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    """In the library's old way it warns whoever asks; the host is not to be warned of what is ours."""
    error = RetryAfter(3)
    recwarn.clear()
    assert patience(error) == 3
    assert not recwarn.list


def test_a_429_without_a_time_is_waited_out() -> None:
    """For some seconds."""
    assert patience(NetworkError("Too Many Requests (429)")) == BUSY_SECONDS


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("message is not modified: specified new message content and reply markup are exactly", Trouble.UNCHANGED),
        ("MESSAGE_NOT_MODIFIED", Trouble.UNCHANGED),
        ("message to edit not found", Trouble.MESSAGE_GONE),
        ("message can't be deleted for everyone", Trouble.MESSAGE_GONE),
        ("MESSAGE_ID_INVALID", Trouble.MESSAGE_GONE),
        ("message to be replied not found", Trouble.NO_REPLY),
        ("message thread not found", Trouble.TOPIC_GONE),
        ("wrong remote file identifier specified: wrong padding in the string", Trouble.WRONG_FILE),
        ("File identifier is invalid", Trouble.WRONG_FILE),
        ("something new", Trouble.REFUSED),
    ],
)
def test_a_refusal_is_known_by_its_wording(description: str, kind: Trouble) -> None:
    """However the library spells it."""
    assert trouble(BadRequest(f"Bad Request: {description}")) is kind
    assert trouble(BadRequest(description.upper())) is kind


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("Forbidden: bot was blocked by the user"),
        Forbidden("Forbidden: TOPIC_CLOSED"),
        Forbidden("Forbidden: CHAT_WRITE_FORBIDDEN"),
        Forbidden("Forbidden: something new"),
        BadRequest("Bad Request: chat not found"),
    ],
)
def test_who_is_forbidden_to_write_need_not_try_again(error: TelegramError) -> None:
    """Whatever Telegram gives as the reason."""
    assert gone(error)


@pytest.mark.parametrize("error", [BadRequest("Bad Request: TOPIC_CLOSED"), NetworkError("Bad Gateway"), Late()])
def test_what_is_refused_this_once_may_be_tried_again(error: TelegramError) -> None:
    """The chat is still there."""
    assert not gone(error)
