"""What is decided before the API, and what is said when it falls over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from structlog.testing import capture_logs

from bot.adapters.http.gate import MAX_BODY
from bot.errors import StoreError
from bot.speaker import Speaker
from bot.store import Preferences
from bot.tts.audio import FormatStream
from tests.adapters.http.served import SPEECH, client
from tests.doubles.engine import FakeEngine, Script

SECRET = "what somebody wrote"


@pytest.fixture
async def http(speaker: Speaker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server without keys."""
    async with client(speaker) as http:
        yield http


async def answered(http: httpx.AsyncClient, *head: str) -> tuple[int, dict[str, object]]:
    """The answer to a request of which only the head is ever sent."""
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    lines = [f"POST {SPEECH} HTTP/1.1", "host: localhost", "content-type: application/json", *head, "", ""]
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(5):
        status = int((await reader.readline()).split()[1])
        headers = dict([(await reader.readline()).strip().partition(b": ")[::2]])
        while b"content-length" not in headers:
            headers |= dict([(await reader.readline()).strip().partition(b": ")[::2]])
        await reader.readuntil(b"\r\n\r\n")
        body = json.loads(await reader.readexactly(int(headers[b"content-length"])))
    writer.close()
    await writer.wait_closed()
    return status, body["error"]


async def test_a_key_is_needed_where_keys_are_set(speaker: Speaker) -> None:
    """Any of them opens; a wrong one, another scheme or none is 401."""
    body = {"input": "Hello there."}
    async with client(speaker, "first", "second") as http:
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic first"}, {"authorization": "x"}):
            assert (await http.post(SPEECH, json=body, headers=header)).status_code == 401
        for key in ("first", "second"):
            answer = await http.post(SPEECH, json=body, headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 200
        assert (await http.get("/health")).status_code == 200


async def test_a_key_of_any_letters_opens(speaker: Speaker) -> None:
    """By its bytes as they are sent; the last one of `à` is a space to who reads it otherwise."""
    async with client(speaker, "schlüssel", "voilà") as http:
        for key, status in (("schlüssel", 200), ("voilà", 200), ("voilÃ", 401)):
            header = b"Bearer " + key.encode()
            assert (await http.get("/v1/models", headers={b"authorization": header})).status_code == status
        assert (await http.get("/v1/models", headers={b"authorization": "Bearer voilà".encode("latin-1")})).is_error


async def test_without_a_key_no_body_is_read(speaker: Speaker) -> None:
    """Who may not come in brings nothing in."""
    async with client(speaker, "key") as http:
        status, error = await answered(http, "content-length: 100")
    assert (status, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")


async def test_what_needs_no_key_is_a_list_and_the_rest_needs_one(speaker: Speaker) -> None:
    """A new address is closed until somebody opens it."""
    async with client(speaker, "key") as http:
        for path in ("/", "/health", "/openapi.json"):
            assert (await http.get(path)).status_code == 200
        for path in ("/v1/audio/voices", "/anything", "/health/", "/Health"):
            assert (await http.get(path)).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/health", "/ready", "/metrics", "/v1/models", "/v1/audio/voices", "/openapi.json"]
)
async def test_what_can_be_got_can_be_asked_for_without_its_body(http: httpx.AsyncClient, path: str) -> None:
    """As probes do; with the same head."""
    head, whole = await http.head(path), await http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert (await http.get("/ready")).json()["ready"]  # the connection has been left in order


async def test_without_its_body_speech_is_not_to_be_had(speaker: Speaker) -> None:
    """Nor anything without a key."""
    async with client(speaker, "key") as http:
        assert (await http.head("/v1/models")).status_code == 401
        answer = await http.head(SPEECH, headers={"authorization": "Bearer key"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_request_that_announces_too_much_is_refused_unread(http: httpx.AsyncClient) -> None:
    """With what is allowed."""
    status, error = await answered(http, f"content-length: {MAX_BODY + 1}")
    assert (status, error["code"]) == (413, "request_too_large")
    assert str(MAX_BODY) in str(error["message"])


@pytest.mark.parametrize(("extra", "code"), [(0, "too_long"), (1, "request_too_large")])
async def test_a_request_that_does_not_say_how_long_it_is_may_not_be_longer(
    http: httpx.AsyncClient, extra: int, code: str
) -> None:
    """To the byte."""
    head, tail = b'{"input": "', b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        yield head
        for _ in range(64):
            yield b"a" * (MAX_BODY // 64 - (len(head) + len(tail) if _ == 0 else 0))
        yield b"a" * extra + tail

    answer = await http.post(SPEECH, content=pieces(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, code)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "a b", ""])
async def test_a_keyless_server_answers_only_to_its_own_names(http: httpx.AsyncClient, host: str) -> None:
    """A page on the web may resolve a name of its own to 127.0.0.1 and speak for the user."""
    answer = await http.get("/health", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8000"])
async def test_its_own_names_are_all_of_loopback(http: httpx.AsyncClient, host: str) -> None:
    """With or without a port."""
    assert (await http.get("/health", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(StoreError("The database is held."), 503, "unavailable"), (RuntimeError(SECRET), 500, "internal_error")],
)
async def test_what_goes_wrong_is_answered_in_openais_shape_and_logged_without_its_words(
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    code: str,
) -> None:
    """By its type and its place."""

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Preferences, "get", fail)
    with capture_logs() as logged:
        answer = await http.post(SPEECH, json={"input": "Hello there."})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["type"] == "server_error"
    (event,) = logged
    assert (event["event"], event["error"]) == ("request_failed", type(error).__name__)
    assert "fail" in event["where"][-1]
    told = answer.text + repr(logged) + caplog.text + "".join(capfd.readouterr())
    assert SECRET not in told
    assert "Traceback" not in told


async def test_an_answer_that_goes_wrong_half_way_is_broken_off(
    http: httpx.AsyncClient,
    offline: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """So that nobody takes it for whole; and it is logged without its words too."""
    offline.scripts = [Script(100)]
    written = 0

    def write(_: FormatStream, packets: Sequence[bytes]) -> bytes:
        nonlocal written
        written += 1
        if written > 1:
            raise RuntimeError(SECRET)
        return b"sound"

    monkeypatch.setattr(FormatStream, "write", write)
    with capture_logs() as logged, pytest.raises(httpx.RemoteProtocolError):
        await http.post(SPEECH, json={"input": "Hello there."})
    assert [event["error"] for event in logged if event["event"] == "request_failed"] == ["RuntimeError"]
    assert SECRET not in repr(logged) + caplog.text + "".join(capfd.readouterr())
