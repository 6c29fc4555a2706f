"""Calls: the traps of edge-tts itself, each shown to be there, and closed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import edge_tts
import pytest

from bot.errors import EngineTimeout, EngineTruncated
from bot.tts.edge.call import Call
from bot.tts.edge.line import Line
from tests.doubles.edge import FakeEdge, Fault, speech

VOICE = "en-US-AvaNeural"
TEXT = "Hello there, my friend."


@pytest.fixture
async def line(service: FakeEdge) -> AsyncIterator[Line]:
    async with service.connector() as shared:
        yield Line(shared)


def call(line: Line, gap: float = 10.0) -> Call:
    return Call(TEXT, VOICE, "+0%", line, connect=10.0, gap=gap)


async def sound(one: Call, first: float = 10.0) -> bytes:
    return b"".join([data async for data in one.audio(first)])


async def listen(one: Call, heard: bytearray) -> None:
    await follow(one.audio(10.0), heard)


async def follow(stream: AsyncIterator[bytes], heard: bytearray) -> None:
    async for data in stream:
        heard += data


async def received(service: FakeEdge, fault: Fault) -> tuple[int, edge_tts.Communicate]:
    """What edge-tts alone makes of a fault: the bytes of sound, and its state after it ended without complaint."""
    service.faults = [fault]
    async with service.connector() as shared:
        communicate = edge_tts.Communicate(TEXT, VOICE, connector=shared)
        stream = communicate.stream()
        return sum([len(one["data"]) async for one in stream if one["type"] == "audio"]), communicate


async def test_edge_tts_adds_up_the_bytes_when_the_service_says_that_it_is_at_the_end(service: FakeEdge) -> None:
    """What our check of completeness leans on. It is not documented: if this fails, look at edge-tts's `state`."""
    count, communicate = await received(service, Fault.NONE)
    assert communicate.state["cumulative_audio_bytes"] == count == len(speech(TEXT))


async def test_edge_tts_ends_a_truncated_stream_as_if_it_were_whole(service: FakeEdge) -> None:
    """The trap itself: half of the sound, no exception, and nothing added up."""
    count, communicate = await received(service, Fault.TRUNCATED)
    assert 0 < count < len(speech(TEXT))
    assert communicate.state["cumulative_audio_bytes"] == 0


async def test_a_whole_call_is_every_byte_that_was_sent(line: Line) -> None:
    """Nothing is added, lost or reordered."""
    assert await sound(call(line)) == speech(TEXT)


async def test_who_listens_slowly_misses_nothing(service: FakeEdge, line: Line) -> None:
    """The service does not wait for us, and what it sent meanwhile comes in one piece."""
    stream = call(line).audio(10.0)
    first = await anext(stream)
    await service.hung_up()
    rest = [piece async for piece in stream]
    assert first + b"".join(rest) == speech(TEXT)
    assert len(rest) <= 1


async def test_what_came_before_a_fault_is_heard_first(service: FakeEdge, line: Line) -> None:
    """Though the fault was known by then."""
    service.faults = [Fault.TRUNCATED]
    stream = call(line).audio(10.0)
    heard = bytearray(await anext(stream))
    await service.hung_up()
    with pytest.raises(EngineTruncated):
        await follow(stream, heard)
    assert len(heard) == len(speech(TEXT)) // 2


async def test_leaving_after_a_fault_that_nobody_heard_of_is_quiet(service: FakeEdge, line: Line) -> None:
    """Who has heard enough need not know how it would have ended, and asyncio has nothing to complain of."""
    service.faults = [Fault.GARBAGE]
    stream = call(line).audio(10.0)
    waiting = asyncio.ensure_future(anext(stream))
    await service.asked()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    await service.hung_up()


async def test_a_truncated_call_is_noticed(service: FakeEdge, line: Line) -> None:
    """What was heard is passed on, and then it fails."""
    service.faults = [Fault.TRUNCATED]
    heard = bytearray()
    with pytest.raises(EngineTruncated, match="broke off"):
        await listen(call(line), heard)
    assert 0 < len(heard) < len(speech(TEXT))


async def test_sound_that_is_missing_is_noticed_even_if_the_service_says_that_it_is_at_the_end(
    service: FakeEdge, line: Line
) -> None:
    """Our own check: a quarter of what the boundaries promise is not the whole."""
    service.faults = [Fault.SHORT]
    with pytest.raises(EngineTruncated, match=r"of 1\.. seconds"):
        await sound(call(line))


@pytest.mark.parametrize(("fault", "first", "gap"), [(Fault.SILENT, 0.05, 10.0), (Fault.STALLED, 10.0, 0.05)])
async def test_silence_is_a_timeout_and_the_socket_is_closed(
    service: FakeEdge, line: Line, fault: Fault, first: float, gap: float
) -> None:
    """Before the first sound and after it; edge-tts and aiohttp would wait for ever."""
    service.faults = [fault]
    with pytest.raises(EngineTimeout, match="fell silent"):
        await sound(call(line, gap), first)
    await service.hung_up()


async def test_a_handshake_that_is_never_answered_is_a_timeout(service: FakeEdge, line: Line) -> None:
    """A server that accepts and then says nothing cannot hold a connection."""
    service.faults = [Fault.DEAF]
    with pytest.raises(EngineTimeout):
        await sound(call(line), 0.05)
    await service.hung_up()


async def test_a_goodbye_that_is_never_answered_costs_nothing(service: FakeEdge, line: Line) -> None:
    """All sound is there: neither the ten seconds of aiohttp's handshake nor a gap is waited for."""
    service.faults = [Fault.LINGERING]
    began = time.monotonic()
    assert await sound(call(line, gap=5.0)) == speech(TEXT)
    assert time.monotonic() - began < 2.0


async def test_cancelling_closes_the_socket_of_a_silent_service_at_once(service: FakeEdge, line: Line) -> None:
    """aiohttp alone would shake hands for ten seconds with one that does not answer."""
    service.faults = [Fault.LINGERING]
    service.gate = asyncio.Event()
    task = asyncio.create_task(sound(call(line)))
    await service.asked()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1.0


async def test_leaving_early_closes_the_socket(service: FakeEdge, line: Line) -> None:
    """A listener who has heard enough frees the connection."""
    service.faults = [Fault.STALLED]
    stream = call(line).audio(10.0)
    await anext(stream)
    await stream.aclose()
    await service.hung_up()
