"""Calls: the traps of edge-tts and aiohttp, and how a sound comes in portions."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import edge_tts
import pytest
from edge_tts.exceptions import NoAudioReceived

from bot.errors import EngineTimeout, EngineTruncated
from bot.tts.edge.call import Call
from bot.tts.edge.line import Exchange
from tests.doubles.edge import FakeEdge, Fault, speech
from tests.tts.edge.conftest import Wire

VOICE = "Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)"
TEXT = "Hello there, my friend."
YEAR = 365 * 86_400.0


@pytest.fixture
async def exchange(service: FakeEdge) -> AsyncIterator[Exchange]:
    async with service.connector() as shared:
        opened = Exchange(shared, connect=10.0)
        yield opened
        await opened.close()


def call(
    exchange: Exchange, gap: float = 10.0, *, text: str = TEXT, clock: Callable[[], float] = time.monotonic
) -> Call:
    return Call(text, VOICE, "+0%", exchange, gap=gap, clock=clock)


async def sound(one: Call, first: float = 10.0) -> bytes:
    return b"".join([data async for data in one.audio(first)])


async def listen(one: Call, heard: bytearray) -> None:
    await follow(one.audio(10.0), heard)


async def follow(stream: AsyncIterator[bytes], heard: bytearray) -> None:
    async for data in stream:
        heard += data


async def received(service: FakeEdge, fault: Fault) -> int:
    """What edge-tts alone makes of a fault: the bytes of sound after which it ended without complaint."""
    service.faults = [fault]
    async with service.connector() as shared:
        stream = edge_tts.Communicate(TEXT, VOICE, connector=shared).stream()
        return sum([len(one["data"]) async for one in stream if one["type"] == "audio"])


async def test_edge_tts_ends_a_truncated_stream_as_if_it_were_whole(service: FakeEdge) -> None:
    """The trap itself, for which we do not leave it to edge-tts to read the answer: half of the sound, no exception."""
    assert 0 < await received(service, Fault.TRUNCATED) < len(speech(TEXT))


async def test_a_whole_call_is_every_byte_that_was_sent(exchange: Exchange) -> None:
    """Nothing is added, lost or reordered."""
    assert await sound(call(exchange)) == speech(TEXT)


async def test_who_listens_slowly_misses_nothing(service: FakeEdge, exchange: Exchange) -> None:
    """The service does not wait for us, and what it sent meanwhile comes in one piece."""
    stream = call(exchange).audio(10.0)
    first = await anext(stream)
    await service.hung_up()
    rest = [piece async for piece in stream]
    assert first + b"".join(rest) == speech(TEXT)
    assert len(rest) <= 1


async def test_what_came_before_a_fault_is_heard_first(service: FakeEdge, exchange: Exchange) -> None:
    """Though the fault was known by then."""
    service.faults = [Fault.TRUNCATED]
    stream = call(exchange).audio(10.0)
    heard = bytearray(await anext(stream))
    await service.hung_up()
    with pytest.raises(EngineTruncated):
        await follow(stream, heard)
    assert len(heard) == len(speech(TEXT)) // 2


async def test_leaving_after_a_fault_that_nobody_heard_of_is_quiet(service: FakeEdge, exchange: Exchange) -> None:
    """Who has heard enough need not know how it would have ended, and asyncio has nothing to complain of."""
    service.faults = [Fault.GARBAGE]
    stream = call(exchange).audio(10.0)
    waiting = asyncio.ensure_future(anext(stream))
    await service.asked()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    await service.hung_up()


async def test_nobody_complains_of_a_fault_after_which_nobody_listened(wire: Wire) -> None:
    """It was known when the listener left, and not told; asyncio would write of it to the log."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    wire.ending = "what.is.this"
    async with aiohttp.TCPConnector() as shared:
        exchange = Exchange(shared, connect=10.0)
        stream = call(exchange).audio(10.0)
        await anext(stream)
        if reading := [task for task in asyncio.all_tasks() if "Call._read" in repr(task)]:
            await asyncio.wait(reading)
        await stream.aclose()
        await exchange.close()
    del stream, reading
    gc.collect()
    assert not complaints


async def test_a_truncated_call_is_noticed(service: FakeEdge, exchange: Exchange) -> None:
    """What was heard is passed on, and then it fails."""
    service.faults = [Fault.TRUNCATED]
    heard = bytearray()
    with pytest.raises(EngineTruncated, match="broke off"):
        await listen(call(exchange), heard)
    assert 0 < len(heard) < len(speech(TEXT))


async def test_sound_that_is_missing_is_noticed_even_if_the_service_says_that_it_is_at_the_end(
    service: FakeEdge, exchange: Exchange
) -> None:
    """Our own check: a quarter of what the boundaries promise is not the whole."""
    service.faults = [Fault.SHORT]
    with pytest.raises(EngineTruncated, match=r"of 1\.. seconds"):
        await sound(call(exchange))


@pytest.mark.parametrize(("fault", "first", "gap"), [(Fault.SILENT, 0.05, 10.0), (Fault.STALLED, 10.0, 0.05)])
async def test_silence_is_a_timeout_and_the_socket_is_closed(
    service: FakeEdge, exchange: Exchange, fault: Fault, first: float, gap: float
) -> None:
    """Before the first sound and after it; edge-tts and aiohttp would wait for ever."""
    service.faults = [fault]
    with pytest.raises(EngineTimeout, match="fell silent"):
        await sound(call(exchange, gap), first)
    await service.hung_up()


async def test_a_handshake_that_is_never_answered_is_a_timeout(service: FakeEdge, exchange: Exchange) -> None:
    """A server that accepts and then says nothing cannot hold a connection."""
    service.faults = [Fault.DEAF]
    with pytest.raises(EngineTimeout):
        await sound(call(exchange), 0.05)
    await service.hung_up()


async def test_a_goodbye_that_is_never_answered_costs_nothing(service: FakeEdge, exchange: Exchange) -> None:
    """All sound is there: neither the ten seconds of aiohttp's handshake nor a gap is waited for."""
    service.faults = [Fault.LINGERING]
    began = time.monotonic()
    assert await sound(call(exchange, gap=5.0)) == speech(TEXT)
    assert time.monotonic() - began < 2.0


async def test_cancelling_closes_the_socket_of_a_silent_service_at_once(service: FakeEdge, exchange: Exchange) -> None:
    """aiohttp alone would shake hands for ten seconds with one that does not answer."""
    service.faults = [Fault.LINGERING]
    service.gate = asyncio.Event()
    task = asyncio.create_task(sound(call(exchange)))
    await service.asked()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 1.0


async def test_leaving_early_closes_the_socket(service: FakeEdge, exchange: Exchange) -> None:
    """A listener who has heard enough frees the connection."""
    service.faults = [Fault.STALLED]
    stream = call(exchange).audio(10.0)
    await anext(stream)
    await stream.aclose()
    await service.hung_up()


async def test_a_service_that_leaves_without_a_word_has_sent_no_sound(service: FakeEdge, exchange: Exchange) -> None:
    """That is how it turns away a voice that it has no more, which only edge-tts's own exception can tell of."""
    service.faults = [Fault.NO_AUDIO]
    with pytest.raises(NoAudioReceived):
        await sound(call(exchange))


async def test_the_first_sound_is_not_kept_for_more(service: FakeEdge, exchange: Exchange) -> None:
    """Time stands still, and yet it is there, though half of the sound is still to come."""
    service.faults = [Fault.STALLED]
    stream = call(exchange, clock=lambda: 0.0).audio(10.0)
    assert await anext(stream)
    await stream.aclose()


@pytest.mark.parametrize(("fault", "share"), [(Fault.NONE, 1.0), (Fault.TRUNCATED, 0.5)])
async def test_what_comes_within_a_moment_is_one_portion(
    service: FakeEdge, exchange: Exchange, fault: Fault, share: float
) -> None:
    """Hundreds of messages while time stands still: all after the first is handed on at the end, or at the fault."""
    service.faults = [fault]
    text = "Hello there, my friend. " * 100
    portions: list[bytes] = []
    with contextlib.suppress(EngineTruncated):
        async for portion in call(exchange, text=text, clock=lambda: 0.0).audio(10.0):
            portions.append(portion)  # noqa: PERF401 (what came before a fault counts)
    assert b"".join(portions) == speech(text.strip())[: int(len(speech(text.strip())) * share)]
    assert len(portions) == 2


async def test_who_has_no_sound_in_hand_gets_every_portion_at_once(service: FakeEdge, exchange: Exchange) -> None:
    """A year passes between any two looks at the clock: from a service so slow nothing is held back."""
    years = itertools.count()
    one = call(exchange, gap=100 * YEAR, clock=lambda: next(years) * YEAR)
    assert await sound(one, 100 * YEAR) == speech(TEXT)
