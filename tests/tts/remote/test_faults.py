"""What goes wrong with a server, in words and by type."""

from __future__ import annotations

import errno
import json
import time
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from yarl import URL

from bot.errors import (
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.tts.remote.faults import Complaint, Server, fault, refusal, retry_after
from bot.tts.remote.line import Answer

SERVER = Server("remote", "10.0.0.5:8888", "tts-1", "wav")
KEYED = Server("remote", "10.0.0.5:8888", "tts-1", "wav", key="sk-very-secret")


def answer(status: int, body: object = "", **headers: str) -> Answer:
    data = body if isinstance(body, str) else json.dumps(body)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, data.encode())


def openai(message: str, code: str | None = None, param: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, openai("No."), EngineRejected, "does not take this text"),
        (400, openai("No words.", "nothing_to_say"), NothingToSay, "No words."),
        (400, openai("Not Klingon.", "language_not_spoken"), LanguageNotSpoken, "Not Klingon."),
        (400, openai("Input should be 'alloy'", None, "voice"), UnknownVoice, "no voice 'nova'. It says: Input should"),
        (422, {"detail": [{"loc": ["body", "voice"], "msg": "unknown"}]}, UnknownVoice, "no voice 'nova'"),
        (422, {"detail": [{"loc": ["body", "input"], "msg": "too odd"}]}, EngineRejected, "too odd"),
        (422, {"detail": [{"loc": ["body", "model"], "msg": "no"}]}, EngineBroken, "set remote.model"),
        (422, {"detail": [{"loc": ["body", "response_format"], "msg": "x"}]}, EngineBroken, "set remote.format"),
        (400, openai("Bad host.", "invalid_host"), EngineBroken, "remote.servers"),
        (401, openai("No."), EngineBroken, "set REMOTE_API_KEY to its key"),
        (403, "", EngineBroken, "REMOTE_API_KEY"),
        (403, openai("You are blocked.", "not_allowed"), EngineRejected, "You are blocked."),
        (402, "", EngineBroken, "402"),
        (404, openai("Voice not here.", "unknown_voice"), UnknownVoice, "no voice 'nova'. It says: Voice not here."),
        (404, {"detail": "Voice 'nova' not found"}, UnknownVoice, "Voice 'nova' not found"),
        (404, openai("Nope.", "model_not_found"), EngineBroken, "no model 'tts-1'"),
        (404, {"detail": "Model tts-1 is not loaded"}, EngineBroken, "no model 'tts-1'"),
        (400, {"detail": {"error": "invalid_model", "message": "Bad model: x"}}, EngineBroken, "remote.model"),
        (400, {"detail": {"error": "validation", "message": f"Voice not found. {'y' * 297}"}}, UnknownVoice, "nova"),
        (400, {"error": "Invalid voice"}, UnknownVoice, "nova"),
        (404, "Voice nova does not exist for model tts-1", UnknownVoice, "nova"),
        (404, "The model tts-1 does not exist", EngineBroken, "set remote.model"),
        (400, openai("Input is invalid for this model."), EngineRejected, "does not take this text"),
        (404, {"detail": "Not Found"}, EngineBroken, "no /v1/audio/speech"),
        (404, "404 page not found", EngineBroken, "no /v1/audio/speech"),
        (405, "", EngineBroken, "no /v1/audio/speech"),
        (413, "", EngineRejected, "too long"),
        (413, openai("At most 10.", "too_long"), EngineRejected, "At most 10."),
        (408, "", EngineTimeout, "in time"),
        (504, "", EngineTimeout, "in time"),
        (429, openai("Slow down."), EngineUnavailable, "Slow down."),
        (429, openai("Pay.", "insufficient_quota"), EngineBroken, "quota"),
        (500, "Internal Server Error", EngineUnavailable, "500"),
        (502, "<html><h1>Bad</h1></html>", EngineUnavailable, "502"),
        (503, openai("No engine."), EngineUnavailable, "No engine."),
        (503, openai("Install it.", "engine_broken"), EngineBroken, "as it is set up. It says: Install it."),
        (301, "", EngineBroken, "elsewhere"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no(status: int, body: object, kind: type[EngineError], words: str) -> None:
    """Says what the server has against it, whose fault that is, and what to do."""
    error = refusal(SERVER, answer(status, body), "nova")
    assert type(error) is kind
    assert words in str(error)
    assert error.engine == "remote"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_may_say_when_to_come_back(status: int) -> None:
    """With everything that may pass."""
    error = refusal(SERVER, answer(status, Retry_After="7"))
    assert (error.retryable, error.retry_after) == (True, 7.0)


def test_a_redirect_is_told_without_its_secrets() -> None:
    """Only where it leads."""
    error = refusal(SERVER, answer(307, Location="https://ann:hush@elsewhere.org/v1?token=hush"))
    assert "https://elsewhere.org" in str(error)
    assert "hush" not in str(error)
    for nowhere in ("/login", "http://[", ""):
        assert "elsewhere now;" in str(refusal(SERVER, answer(307, Location=nowhere)))


def test_a_key_that_is_not_accepted_is_told_from_one_that_is_missing() -> None:
    """And what a server says of a key, which may be the key, is not passed on."""
    refused = refusal(KEYED, answer(401, openai("Incorrect API key provided: sk-very-secret.")))
    assert "the one that is set it does not" in str(refused)
    assert "secret" not in str(refused)


def test_a_key_is_never_passed_on() -> None:
    """Whatever the server complains of."""
    assert "secret" not in str(refusal(KEYED, answer(400, openai("What is sk-very-secret?"))))


@pytest.mark.parametrize(
    ("body", "words", "code", "place"),
    [
        (openai("No.", "x", "voice"), "No.", "x", "voice"),
        ({"error": "No."}, "No.", "", ""),
        ({"error": {"message": "No.", "code": 404}}, "No.", "", ""),
        ({"detail": "No."}, "No.", "", ""),
        ({"detail": {"error": "invalid", "message": "No."}}, "No.", "invalid", ""),
        ({"error": {"code": "NOPE"}}, "", "nope", ""),
        ({"detail": {"message": "No."}}, "No.", "", ""),
        ({"detail": [{"loc": ["body", "Voice"], "msg": "No."}, {"msg": "Nor that."}]}, "No.", "", "body.voice"),
        ({"message": "No.", "code": "NOPE"}, "No.", "nope", ""),
        ({"ready": False, "because": "No."}, "No.", "", ""),
        ({"detail": []}, "", "", ""),
        ({"error": None}, "", "", ""),
        ([1, 2], "", "", ""),
        ("No.", "No.", "", ""),
        ('"No."', "No.", "", ""),
        ("", "", "", ""),
        ("{broken", "{broken", "", ""),
    ],
)
def test_a_complaint_is_read_in_any_shape(body: object, words: str, code: str, place: str) -> None:
    """OpenAI's, FastAPI's, and what others make up."""
    assert Complaint.of(answer(400, body)) == Complaint(words, code, place)


@pytest.mark.parametrize(
    "words", ["<html>Oh no</html>", "x" * 201, "bell\a", "\x1b[31mred", "Traceback:\n" + "  File x\n" * 50]
)
def test_words_that_are_not_short_and_plain_are_not_passed_on(words: str) -> None:
    """They come from others, and go to a chat."""
    assert Complaint.of(answer(400, openai(words))).words == ""
    assert Complaint.of(answer(400, words)).words == ""


def test_words_in_several_lines_become_one() -> None:
    """A message is a line."""
    assert Complaint.of(answer(400, openai(" No.\n Never.\n"))).words == "No. Never."


def test_only_plain_text_is_taken_for_words() -> None:
    """Not what is sent under another name."""
    assert Complaint.of(answer(500, "body {color: red}", Content_Type="text/css")).words == ""
    assert Complaint.of(answer(500, "Oh no.", Content_Type="text/plain; charset=utf-8")).words == "Oh no."


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("1.5", 1.5), (" 3 ", 3.0), ("0", 0.0), ("99999", 3600.0), ("-5", None), ("soon", None), ("", None),
     ("1e999", None), ("nan", None), ("7 seconds", None)],
)  # fmt: skip
def test_when_to_come_back_in_seconds(value: str, seconds: float | None) -> None:
    """At most an hour; what is no number is not believed."""
    assert retry_after({"Retry-After": value}) == seconds


def test_when_to_come_back_as_a_date() -> None:
    """Which may be over."""
    assert retry_after({"Retry-After": formatdate(time.time() + 60, usegmt=True)}) == pytest.approx(60, abs=3)
    assert retry_after({"Retry-After": formatdate(time.time() - 60, usegmt=True)}) == 0.0
    assert retry_after({}) is None


KEY = cast(Any, SimpleNamespace(host="h", port=1, ssl=True, is_ssl=True))
NOBODY = cast(Any, None)
REFUSED = OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.5', 8888)")
LATE = "Connection timeout to host http://h/?key=hush"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (aiohttp.ClientConnectorError(KEY, REFUSED), EngineUnavailable, "(connection refused)"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "x")), EngineUnavailable, "its name is not known"),
        (aiohttp.ConnectionTimeoutError(LATE), EngineUnavailable, "no connection in time"),
        (aiohttp.ServerDisconnectedError(), EngineUnavailable, "it hung up"),
        (aiohttp.ClientConnectionError("hush"), EngineUnavailable, "ClientConnectionError"),
        (aiohttp.ClientPayloadError("hush"), EngineTruncated, "broke off"),
        (aiohttp.ClientHttpProxyError(NOBODY, (), status=407), EngineUnavailable, "proxy"),
        (aiohttp.ClientResponseError(NOBODY, (), status=400, message="hush"), EngineBroken, "not speak HTTP"),
        (aiohttp.ClientConnectorCertificateError(KEY, ValueError("x")), EngineBroken, "certificate"),
        (ConnectionResetError(errno.ECONNRESET, "hush"), EngineUnavailable, "(connection reset by peer)"),
    ],
)  # fmt: skip
def test_what_aiohttp_raises(error: Exception, kind: type[EngineError], words: str) -> None:
    """Is told in our words alone: its own may hold the whole address."""
    told = fault(SERVER, error)
    assert type(told) is kind
    assert words in str(told)
    assert "10.0.0.5:8888" in str(told)
    assert "hush" not in str(told)


def test_where_a_server_is_never_holds_credentials() -> None:
    """The label is all that is said of it."""
    assert "secret" not in str(KEYED)
    assert URL("http://10.0.0.5:8888").authority in str(KEYED)
