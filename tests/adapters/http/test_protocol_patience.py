"""How long a connection waits for what; in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.adapters.http.protocol import LINGERING, MAX_HEAD, PATIENCE
from tests.adapters.http.wire import CHUNKED, ECHO, GET, Wire, refusal
from tests.doubles.clock import now, run


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads a body whole, and answers a hundred seconds later."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.disconnect":
        return
    await asyncio.sleep(100)
    await PlainTextResponse("slow")(scope, receive, send)


async def heedless(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers, whatever there is to be read."""
    await PlainTextResponse("heedless")(scope, receive, send)


def heard(*pieces: bytes, every: float = 0.0, app: ASGIApp = slow) -> Wire:
    """What becomes of these."""

    async def main() -> Wire:
        return await Wire(app).hear(*pieces, every=every)

    return run(main())


POST = ECHO + b"Content-Length: 9\r\n\r\n"


@pytest.mark.parametrize("data", [GET, POST, POST + b"abc", CHUNKED + b"5\r\nab", CHUNKED + b"0\r\nX: a"])
def test_a_request_that_does_not_get_on_is_hung_up_on(data: bytes) -> None:
    """Whatever of it is there; after a moment in which it may be heard."""
    wire = heard(data)
    assert refusal(wire.said) == (408, "request_timeout")
    assert (wire.whole, wire.ended) == (PATIENCE, PATIENCE + LINGERING)


def test_a_head_has_its_time_once() -> None:
    """Else it could last for ever."""
    wire = heard(*[GET[at : at + 1] for at in range(len(GET))], every=10)
    assert (refusal(wire.said)[0], wire.whole) == (408, PATIENCE)


def test_a_body_has_as_much_again_for_each_of_its_pieces() -> None:
    """Slow lines are slow."""
    wire = heard(POST, *[b"a"] * 9, every=20)
    assert b" 200 " in wire.said
    late = heard(POST, *[b"a"] * 5, every=20)
    assert (refusal(late.said)[0], late.whole) == (408, 100 + PATIENCE)


@pytest.mark.parametrize("data", [b"", b"\r\n"])
def test_who_says_nothing_is_hung_up_on_without_a_word(data: bytes) -> None:
    """As who has said enough; even where nothing is said over and over."""
    silent = heard(data, data, data, every=20)
    assert (silent.said, silent.ended) == (b"", 75)
    done = heard(POST + b"a" * 9, every=150)
    assert (done.said.count(b"HTTP/1.1 "), done.ended) == (1, 100 + 75)
    babbling = heard(POST + b"a" * 9, *[b"\r\n"] * 9, every=40)
    assert babbling.ended == 120 + 75


def test_our_own_slowness_is_nobody_elses() -> None:
    """Who waits for an answer is not hung up on, and what he asks meanwhile waits as well."""
    post = POST + b"a" * 9
    wire = heard(post + post + post)
    assert (wire.said.count(b" 200 "), wire.ended) == (3, 300 + 75)
    two = heard(post, GET)
    assert (two.said.count(b"HTTP/1.1 "), two.said[-4:], two.ended) == (1, b"slow", 100)


def test_who_was_answered_already_is_told_nothing_else() -> None:
    """The rest of a body that nobody wants does not hold the connection."""
    wire = heard(POST + b"a", b"b", app=heedless)
    assert (wire.said.count(b"HTTP/1.1 "), wire.ended) == (1, PATIENCE)


def test_a_body_that_is_not_read_is_not_waited_for() -> None:
    """Whoever lets it lie is to blame, and it is whole when it is wanted."""

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(100)
        await slow(scope, receive, send)

    half = b"a" * 100_000
    wire = heard(ECHO + b"Content-Length: 200000\r\n\r\n" + half, half, every=110, app=late)
    assert wire.said.endswith(b"slow")


def test_who_waits_for_a_body_hears_at_once_that_it_will_not_come() -> None:
    """And what is said to that is not sent."""
    heard_at = 0.0

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal heard_at
        while (await receive())["type"] != "http.disconnect":
            pass
        heard_at = now()
        await PlainTextResponse("too late")(scope, receive, send)

    wire = heard(POST + b"abc", app=patient)
    assert (refusal(wire.said)[0], heard_at) == (408, PATIENCE)


def test_nothing_is_said_into_the_answer_to_another() -> None:
    """Of two requests the second stays half, while the first is being answered."""
    wire = heard(POST + b"a" * 9 + POST + b"abc")
    assert (wire.said, wire.ended) == (b"", PATIENCE)


def test_one_refusal_is_enough() -> None:
    """Whoever was late as well, or too long."""
    nonsense = b"\x00: nonsense\r\n"
    late, at_once = heard(GET, nonsense, every=PATIENCE - LINGERING / 2), heard(GET + nonsense)
    long = heard(GET + b"X: " + b"a" * (MAX_HEAD - len(GET) - 4), b"\x00")
    assert [refusal(wire.said)[0] for wire in (late, at_once, long)] == [400] * 3
    assert at_once.ended == LINGERING


def test_a_head_that_comes_in_pieces_is_one() -> None:
    """Even if the one in which it becomes too long is the last."""
    assert refusal(heard(GET + b"X: " + b"a" * 60_000, b"a" * 8_000 + b"\r\n\r\n").said)[0] == 431


def test_who_has_gone_is_told_nothing() -> None:
    """Nor counted."""

    async def main() -> Wire:
        wire = Wire(slow)
        await wire.hear(GET, until=1)
        wire.close()
        return await wire.hear()

    wire = run(main())
    assert (wire.said, wire.whole) == (b"", None)
