"""Every no has a status, a code and words, in OpenAI's shape."""

from __future__ import annotations

import json

import pytest

from bot.adapters.http.answers import STATUS, Answer, closing, failed, refused, rendered
from bot.errors import (
    AudioError,
    Cancelled,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    Expired,
    LanguageNotSpoken,
    NothingToSay,
    SaysoError,
    StoreError,
    UnknownVoice,
)
from bot.speech import Reason, Refusal


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_status_and_keeps_its_words(reason: Reason) -> None:
    """Those that have none of their own are bad requests."""
    answer = refused(Refusal(reason, "Do this instead."))
    assert (answer.status_code, answer.detail) == (STATUS.get(reason, 400), "Do this instead.")
    assert answer.code == ("model_not_found" if reason is Reason.UNKNOWN_ENGINE else reason.value)


def test_an_unknown_voice_is_told_shortly_and_with_where_all_are() -> None:
    """A program cannot run a command of ours, and needs not hear again whatever it sent."""
    details = {"name": "x" * 100_000, "nearest": ["alloy", "heart"]}
    answer = refused(Refusal(Reason.UNKNOWN_VOICE, "`sayso voices` lists all.", details))
    assert answer.detail == (
        f"There is no voice {'x' * 60!r}; the nearest are alloy, heart. GET /v1/audio/voices lists all."
    )


@pytest.mark.parametrize(
    ("reason", "status", "kind", "param"),
    [
        (Reason.NOTHING_TO_SAY, 400, "invalid_request_error", "input"),
        (Reason.LANGUAGE_NOT_SPOKEN, 400, "invalid_request_error", "input"),
        (Reason.INVALID, 400, "invalid_request_error", None),
        (Reason.NOT_ALLOWED, 403, "invalid_request_error", None),
        (Reason.UNKNOWN_VOICE, 404, "invalid_request_error", "voice"),
        (Reason.UNKNOWN_ENGINE, 404, "invalid_request_error", "model"),
        (Reason.TOO_LONG, 413, "invalid_request_error", "input"),
        (Reason.GUILD_QUEUE_FULL, 429, "rate_limit_error", None),
        (Reason.CLOSING, 503, "server_error", None),
        (Reason.EXPIRED, 504, "server_error", None),
    ],
)
def test_a_refusal_is_told_as_openai_tells_it(reason: Reason, status: int, kind: str, param: str | None) -> None:
    """With the field that it is about."""
    response = rendered(refused(Refusal(reason, "Words.")))
    body = json.loads(bytes(response.body))["error"]
    assert (response.status_code, body["type"], body["param"], body["message"]) == (status, kind, param, "Words.")


@pytest.mark.parametrize(("seconds", "header"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.2, "2"), (59.01, "60")])
def test_a_wait_is_told_in_whole_seconds_and_never_too_short(seconds: float, header: str) -> None:
    """The header knows no parts of a second."""
    answer = refused(Refusal(Reason.QUEUE_FULL, "Full.", retry_after=seconds))
    assert answer.headers == {"retry-after": header}


def test_a_wait_that_nobody_knows_is_not_told() -> None:
    """Clients have rules of their own then."""
    assert not refused(Refusal(Reason.QUEUE_FULL, "Full.")).headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NothingToSay("edge", "Words."), 400, "nothing_to_say"),
        (LanguageNotSpoken("edge", "Words."), 400, "language_not_spoken"),
        (UnknownVoice("edge", "Words."), 404, "unknown_voice"),
        (EngineRejected("edge", "Words."), 400, "engine_error"),
        (EngineUnavailable("edge", "Words."), 503, "engine_error"),
        (EngineTruncated("edge", "Words."), 503, "engine_error"),
        (EngineBroken("edge", "Words."), 503, "engine_broken"),
        (EngineError("edge", "Words."), 503, "engine_error"),
        (EngineTimeout("edge", "Words."), 504, "engine_error"),
        (Expired("Words."), 504, "expired"),
        (StoreError("Words."), 503, "unavailable"),
        (AudioError("Words."), 500, "internal_error"),
        (SaysoError("Words."), 500, "internal_error"),
    ],
)
def test_our_own_errors_keep_their_words(error: SaysoError, status: int, code: str) -> None:
    """They are fit for a user's eyes."""
    answer = failed(error)
    assert (answer.status_code, answer.code, answer.detail) == (status, code, "Words.")


def test_what_was_given_up_says_what_to_do() -> None:
    """Its own word is of use to nobody."""
    answer = failed(Cancelled("Cancelled."))
    assert (answer.status_code, answer.code, answer.headers) == (503, "cancelled", {"retry-after": "1"})
    assert "ask again" in answer.detail


def test_a_surprise_keeps_its_words_to_itself() -> None:
    """Nobody knows what is in them."""
    answer = failed(RuntimeError("secret"))
    assert (answer.status_code, answer.code) == (500, "internal_error")
    assert "secret" not in answer.detail


def test_an_engine_that_is_left_alone_says_for_how_long() -> None:
    """And so does a house that closes."""
    assert failed(EngineUnavailable("edge", "Words.", retry_after=12.3)).headers == {"retry-after": "13"}
    assert closing().headers == {"retry-after": "1"}


def test_headers_of_one_s_own_stay() -> None:
    """Beside the wait."""
    answer = Answer(401, "Words.", "code", {"www-authenticate": "Bearer"}, retry_after=2)
    assert answer.headers == {"www-authenticate": "Bearer", "retry-after": "2"}
