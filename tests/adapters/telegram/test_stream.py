"""A text in the making is read once, and heard and seen by as many as want to."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram.stream import Stream
from tests.adapters.telegram.writer import Writer


async def read(stream: Stream) -> str:
    return "".join([piece async for piece in stream])


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def stream(writer: Writer) -> Stream:
    return Stream(writer)


async def test_every_reader_gets_all_of_it(writer: Writer, stream: Stream) -> None:
    """Also who comes late, and who reads slowly."""
    early = asyncio.create_task(read(stream))
    writer.write("Good ", "morn", "ing.", None)
    assert await stream.begin()
    assert await early == "Good morning."
    assert await read(stream) == "Good morning."
    assert stream.text == "Good morning."


async def test_a_reader_that_stops_does_not_hold_the_others(writer: Writer, stream: Stream) -> None:
    """What one does not read, another does."""
    writer.write("One. ")
    assert await stream.begin()
    reader = aiter(stream)
    assert await anext(reader) == "One. "
    del reader
    writer.write("Two.", None)
    assert await read(stream) == "One. Two."


async def test_it_begins_with_its_first_word(writer: Writer, stream: Stream) -> None:
    """Blanks are not yet an answer; they are not lost either."""
    beginning = asyncio.create_task(stream.begin())
    writer.write("", "\n ")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not beginning.done()
    writer.write("Hi", None)
    assert await beginning
    assert await read(stream) == "\n Hi"


async def test_what_ends_without_a_word_is_nothing(writer: Writer, stream: Stream) -> None:
    """An LLM may have nothing to say."""
    writer.write(" ", None)
    assert not await stream.begin()
    assert stream.over.is_set()
    assert writer.closed.is_set()


async def test_what_fails_before_its_first_word_fails_for_its_host(writer: Writer, stream: Stream) -> None:
    """Nothing has begun that could be lost, and the host knows best what to tell."""
    writer.write(ConnectionError("no LLM"))
    with pytest.raises(ConnectionError):
        await stream.begin()
    assert stream.over.is_set()
    assert writer.closed.is_set()


async def test_what_fails_later_ends_where_it_was(writer: Writer, stream: Stream) -> None:
    """What came is an answer; the failure is logged by its type, without a word of it."""
    writer.write("So far ", "so good", ConnectionError("secret words"))
    with capture_logs() as logs:
        assert await stream.begin()
        assert await read(stream) == "So far so good"
    (failed,) = [entry for entry in logs if entry["event"] == "answer_stream_failed"]
    assert failed["error"] == "ConnectionError"
    assert "secret" not in str(logs)


async def test_closing_it_stops_the_writer(writer: Writer, stream: Stream) -> None:
    """And its readers have what has come."""
    writer.write("Half of ")
    assert await stream.begin()
    reading = asyncio.create_task(read(stream))
    await stream.close()
    assert await reading == "Half of "
    assert writer.closed.is_set()
    await stream.close()


async def test_who_stops_waiting_for_the_first_word_stops_the_writer(writer: Writer, stream: Stream) -> None:
    """The host was cancelled: nobody wants it."""
    beginning = asyncio.create_task(stream.begin())
    await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.wait([beginning])
    assert writer.closed.is_set()
    assert stream.over.is_set()
