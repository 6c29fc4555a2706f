"""The speech server on the loopback does what its tests believe of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from bot.tts.audio import decode
from tests.doubles.speech_server import TYPES, Fault, SpeechServer, said

SPEECH = "/v1/audio/speech"
ENDLESS = {Fault.DEAF, Fault.SILENT, Fault.STALLED}
CUT = {Fault.HUNG_UP, Fault.CUT_EARLY, Fault.TRUNCATED, Fault.SHORT}


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    async with SpeechServer() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def asked(format: str = "wav") -> dict[str, object]:
    return {"model": "tts-1", "input": "Hello there.", "voice": "alloy", "response_format": format}


async def whole(http: aiohttp.ClientSession, url: str, format: str = "wav") -> tuple[int, bytes]:
    async with http.post(url + SPEECH, json=asked(format), allow_redirects=False) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("format", sorted(TYPES.keys() - {"pcm"}))
async def test_it_speaks(server: SpeechServer, http: aiohttp.ClientSession, format: str) -> None:
    """Two words, a tone each, in the format that was asked for."""
    _, data = await whole(http, server.url, format)
    samples, rate = decode(data)
    assert samples.size / rate == pytest.approx(0.4, abs=0.06)
    assert server.spoken[0].format == format


async def test_it_keeps_what_was_asked_for(server: SpeechServer, http: aiohttp.ClientSession) -> None:
    """Text, voice, the whole body and the headers."""
    await whole(http, server.url)
    spoken = server.spoken[0]
    assert (spoken.text, spoken.voice, spoken.body) == ("Hello there.", "alloy", asked())
    assert spoken.headers["content-type"] == "application/json"


@pytest.mark.parametrize("fault", sorted(set(Fault) - ENDLESS - CUT))
async def test_faults_that_are_answers(server: SpeechServer, http: aiohttp.ClientSession, fault: Fault) -> None:
    """Are answers to one request; the next goes well."""
    _, well = await whole(http, server.url)
    server.faults = [fault]
    answered = await whole(http, server.url)
    assert (answered == (200, well)) is (fault is Fault.NONE)
    assert await whole(http, server.url) == (200, well)


@pytest.mark.parametrize("fault", sorted(CUT))
async def test_faults_that_cut_the_connection(server: SpeechServer, http: aiohttp.ClientSession, fault: Fault) -> None:
    """Are told by the transfer itself."""
    server.faults = [fault]
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        await whole(http, server.url)


@pytest.mark.parametrize("fault", sorted(ENDLESS))
async def test_faults_without_end(server: SpeechServer, http: aiohttp.ClientSession, fault: Fault) -> None:
    """Last until the client goes, which the server notices."""
    server.always = fault
    asking = asyncio.create_task(whole(http, server.url))
    await server.asked()
    assert server.outstanding == 1
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.wait_for(server.idle(), 5)


async def test_it_dies_and_comes_back(server: SpeechServer, http: aiohttp.ClientSession) -> None:
    """Whoever is connected is cut, nobody gets in, and then it is where it was."""
    server.middle = asyncio.Event()
    asking = asyncio.create_task(whole(http, server.url))
    await server.asked()
    url = server.url
    await server.stop()
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
        await asking
    with pytest.raises(aiohttp.ClientConnectorError):
        await whole(http, url)
    await server.start()
    server.middle.set()
    assert (await whole(http, url))[0] == 200
    assert server.url == url


async def test_it_listens_at_a_unix_socket(tmp_path: Path) -> None:
    """As a child of our own does; also after it died."""
    async with SpeechServer(tmp_path / "s.sock") as server:
        for _ in range(2):
            async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(server.socket))) as http:
                assert (await whole(http, server.url))[0] == 200
            await server.stop()
            await server.start()


async def test_it_wants_its_key(server: SpeechServer, http: aiohttp.ClientSession) -> None:
    """If it has one."""
    server.key = "sk"
    assert (await whole(http, server.url))[0] == 401
    http.headers["Authorization"] = "Bearer sk"
    assert (await whole(http, server.url))[0] == 200


async def test_it_counts_who_is_there_at_once(server: SpeechServer, http: aiohttp.ClientSession) -> None:
    """And how many connections that took."""
    server.gate = asyncio.Event()
    asking = [asyncio.create_task(whole(http, server.url)) for _ in range(3)]
    await server.asked(3)
    server.gate.set()
    await asyncio.gather(*asking)
    assert (server.outstanding, server.peak, server.connections) == (0, 3, 3)


@pytest.mark.parametrize(
    ("path", "setting", "value"),
    [("/v1/models", "models", None), ("/v1/audio/voices", "voices", None), ("/ready", "ready", True),
     ("/ready", "ready", False), ("/health", "sayso", True)],
)  # fmt: skip
async def test_what_it_tells_of_itself(
    server: SpeechServer, http: aiohttp.ClientSession, path: str, setting: str, value: object
) -> None:
    """Is as it is set."""
    async with http.get(server.url + path) as response:
        before = response.status
    setattr(server, setting, value)
    async with http.get(server.url + path) as response:
        assert response.status == {None: 404, True: 200, False: 503}[value]  # type: ignore[index]
    assert before != response.status
    assert server.paths == [path, path]


def test_a_text_has_its_own_sound() -> None:
    """Each word a height of its own, shorter at a higher speed."""
    assert said("one two").size == said("two one").size == 2 * said("one two", 2.0).size
    assert not np.array_equal(said("one two"), said("two one"))
