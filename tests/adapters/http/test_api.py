"""The HTTP adapter over a real socket, with scripted engines behind the real speaker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from urllib.parse import unquote

import httpx
import pytest

from bot.adapters.http import create_api, listen, serve, spelled
from bot.config import SpeakSettings
from bot.errors import ConfigError, EngineTimeout, EngineUnavailable
from bot.queue import Limits
from bot.speaker import Speaker
from bot.tts.audio import FormatStream, decode
from bot.tts.engine import Voice
from tests.adapters.http.served import SPEECH, client
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script


@pytest.fixture
async def http(speaker: Speaker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server without keys."""
    async with client(speaker) as http:
        yield http


@pytest.mark.parametrize(
    ("name", "kind", "magic"),
    [
        ("mp3", "audio/mpeg", b"\xff"),
        ("opus", "audio/ogg", b"OggS"),
        ("wav", "audio/wav", b"RIFF"),
        ("flac", "audio/flac", b"fLaC"),
        ("aac", "audio/aac", b"\xff\xf1"),
    ],
)
async def test_speech_comes_in_the_format_asked_for(
    http: httpx.AsyncClient, name: str, kind: str, magic: bytes
) -> None:
    """It decodes, and is as long as what was spoken."""
    answer = await http.post(SPEECH, json={"input": "Hello there.", "response_format": name})
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content.startswith(magic)
    samples, rate = decode(answer.content)
    assert len(samples) / rate == pytest.approx(0.3, abs=0.1)
    assert answer.headers["x-sayso-engine"] == "offline"
    assert answer.headers["x-sayso-voice"] == "heart"


async def test_a_voice_of_any_name_can_be_asked_for(http: httpx.AsyncClient, offline: FakeEngine) -> None:
    """Headers hold Latin letters only; others are written as in an address."""
    offline.installed = (Voice("offline", "Аня", "en-US", "female", revision="1"),)
    answer = await http.post(SPEECH, json={"input": "Hello there.", "voice": "Аня"})
    assert answer.status_code == 200
    assert unquote(answer.headers["x-sayso-voice"]) == "Аня"


async def test_mp3_is_the_format_of_who_does_not_say(http: httpx.AsyncClient) -> None:
    """As OpenAI has it; pcm is headless, 24 kHz, 16 bit."""
    answer = await http.post(SPEECH, json={"input": "Hello there."})
    assert answer.headers["content-type"] == "audio/mpeg"
    pcm = await http.post(SPEECH, json={"input": "Hello there.", "response_format": "pcm"})
    assert len(pcm.content) / 2 / 24_000 == pytest.approx(0.3, abs=0.05)


async def test_the_second_time_it_comes_from_the_cache(http: httpx.AsyncClient, offline: FakeEngine) -> None:
    """And the header says so."""
    first = await http.post(SPEECH, json={"input": "Hello there.", "response_format": "opus"})
    again = await http.post(SPEECH, json={"input": "Hello there.", "response_format": "opus"})
    assert (first.headers["x-sayso-cache"], again.headers["x-sayso-cache"]) == ("miss", "hit")
    assert len(offline.asked) == 1
    assert decode(first.content)[0].tobytes() == decode(again.content)[0].tobytes()


async def test_the_first_sentence_is_heard_before_the_second_is_made(opened: Opened, offline: FakeEngine) -> None:
    """The answer streams."""
    second = asyncio.Event()

    async def sleep(_: float) -> None:
        if len(offline.asked) > 1:
            await second.wait()

    offline.sleep = sleep
    async with opened() as speaker, client(speaker) as http:
        body = {"input": "The first sentence. The second sentence.", "response_format": "wav"}
        async with http.stream("POST", SPEECH, json=body) as answer:
            pieces = answer.aiter_bytes()
            heard = b""
            while len(heard) < 10_000:
                heard += await anext(pieces)
            assert not second.is_set()
            second.set()
            whole = heard + b"".join([piece async for piece in pieces])
    assert len(decode(whole)[0]) / decode(whole)[1] > 0.7


async def test_a_client_that_leaves_stops_the_engine(opened: Opened, offline: FakeEngine) -> None:
    """Nobody pays for what nobody hears."""
    gate = asyncio.Event()

    async def sleep(_: float) -> None:
        if len(offline.asked) > 1:
            await gate.wait()

    offline.sleep = sleep
    async with opened() as speaker, client(speaker) as http:
        body = {"input": "The first sentence. The second sentence.", "response_format": "wav"}
        async with http.stream("POST", SPEECH, json=body) as answer, asyncio.timeout(10):
            pieces = answer.aiter_bytes()  # it leaves when this is let go
            await anext(pieces)
            while len(offline.asked) < 2:  # noqa: ASYNC110 (the engine does not announce itself)
                await asyncio.sleep(0.001)
        async with asyncio.timeout(10):
            while offline.active or speaker.dispatcher.running():  # noqa: ASYNC110 (nothing announces an end)
                await asyncio.sleep(0.001)
        assert len(offline.finished) == 1


async def test_a_client_that_leaves_before_the_first_byte_frees_its_place(opened: Opened, offline: FakeEngine) -> None:
    """Although nothing is being sent by which that could be noticed; the next one need not wait."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(limits=Limits(per_guild=1), slots=1) as speaker, client(speaker) as http:
        left = asyncio.create_task(http.post(SPEECH, json={"input": "One."}))
        async with asyncio.timeout(10):
            while not offline.active:  # noqa: ASYNC110 (the engine does not announce itself)
                await asyncio.sleep(0.001)
            left.cancel()
            while offline.active or speaker.dispatcher.running():  # noqa: ASYNC110 (nothing announces an end)
                await asyncio.sleep(0.001)
        gate.set()
        assert (await http.post(SPEECH, json={"input": "Two."})).status_code == 200
    assert [utterance.text for utterance in offline.finished] == ["Two."]


@pytest.mark.parametrize("name", ["mp3", "aac", "flac", "wav", "pcm"])
async def test_a_long_answer_from_the_cache_is_encoded_a_second_at_a_time_beside_the_loop(
    http: httpx.AsyncClient, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """So that everybody else is still served while it goes on."""
    offline.scripts = [Script(100)]
    await http.post(SPEECH, json={"input": "Hello there.", "response_format": "opus"})
    written: list[tuple[int, int]] = []
    write = FormatStream.write

    def watched(stream: FormatStream, packets: Sequence[bytes]) -> bytes:
        written.append((len(packets), threading.get_ident()))
        return write(stream, packets)

    monkeypatch.setattr(FormatStream, "write", watched)
    answer = await http.post(SPEECH, json={"input": "Hello there.", "response_format": name})
    assert answer.headers["x-sayso-cache"] == "hit"
    assert threading.get_ident() not in {thread for _, thread in written}
    assert [packets for packets, _ in written][:10] == [50] * 10
    assert len(written) < 16


@pytest.mark.parametrize(("speed", "rate"), [(None, 1.5), (1.0, 1.0), (4.0, 2.0), (0.25, 0.5)])
async def test_only_a_speed_that_is_given_overrules_the_settings(
    opened: Opened, offline: FakeEngine, speed: float | None, rate: float
) -> None:
    """Within what an engine can do."""
    body = {"input": "Hello there."} | ({"speed": speed} if speed else {})
    async with opened(speak=SpeakSettings(rate=1.5)) as speaker, client(speaker) as http:
        await http.post(SPEECH, json=body)
    assert offline.asked[0].rate == rate


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"input": ""}, 400, "Nothing pronounceable"),
        ({"input": " \n"}, 400, "Nothing pronounceable"),
        ({}, 400, "input"),
        ({"input": 5}, 400, "input"),
        ({"input": "Hi.", "response_format": "midi"}, 400, "response_format"),
        ({"input": "Hi.", "speed": 9}, 400, "speed"),
        ({"input": "Hi.", "voice": "hearth"}, 404, "nearest"),
        ({"input": "Hi.", "model": "festival"}, 404, "offline, edge"),
        ({"input": "word " * 30}, 413, "at most 100"),
        ({"input": "Привет, как дела сегодня?"}, 400, "Russian"),
    ],
)
async def test_what_cannot_be_said_is_an_error_in_openais_shape(
    opened: Opened, body: dict[str, object], status: int, words: str
) -> None:
    """With the right status and words for the caller, never an empty file or a traceback."""
    async with opened(speak=SpeakSettings(max_chars=100)) as speaker, client(speaker) as http:
        answer = await http.post(SPEECH, json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]


async def test_a_body_that_is_not_json_is_an_error_of_the_caller(http: httpx.AsyncClient) -> None:
    """And so is an address that does not exist."""
    broken = await http.post(SPEECH, content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "invalid_json")
    assert (await http.get("/v1/nothing")).json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("error", "status"),
    [(EngineUnavailable("offline", "It is away."), 503), (EngineTimeout("offline", "Silence."), 504)],
)
async def test_an_engine_that_fails_before_its_first_sound_has_a_status_of_its_own(
    http: httpx.AsyncClient, offline: FakeEngine, error: EngineUnavailable, status: int
) -> None:
    """Because nothing was sent yet."""
    offline.scripts = [Script(0, error=error)]
    answer = await http.post(SPEECH, json={"input": "Hello there."})
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, str(error))


async def test_a_full_queue_says_when_to_come_back(opened: Opened, offline: FakeEngine) -> None:
    """429 with Retry-After."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(limits=Limits(per_guild=1)) as speaker, client(speaker) as http:
        first = asyncio.create_task(http.post(SPEECH, json={"input": "One."}))
        async with asyncio.timeout(10):
            while not offline.active:  # noqa: ASYNC110 (the engine does not announce itself)
                await asyncio.sleep(0.001)
        full = await http.post(SPEECH, json={"input": "Two."})
        assert (full.status_code, full.json()["error"]["type"]) == (429, "rate_limit_error")
        assert int(full.headers["retry-after"]) >= 1
        gate.set()
        assert (await first).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.2", "0:0:0:0:0:0:0:1", "Localhost"])
async def test_a_server_on_any_spelling_of_loopback_answers_to_it(speaker: Speaker, host: str) -> None:
    """What is configured, and what the greeting says, can be opened."""
    async with client(speaker, host=host) as http:
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/health", headers={"host": f"{spelled(host)}:1"})).status_code == 200
        assert (await http.get("/health", headers={"host": "evil.example"})).status_code == 400


async def test_an_open_answer_has_the_given_time_to_be_finished(
    opened: Opened, offline: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """With none, the server ends at once, the asker is told, the engine stops; and no traceback is printed."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    stop, ready = asyncio.Event(), asyncio.Event()
    async with opened() as speaker, httpx.AsyncClient(trust_env=False) as http:
        with listen("127.0.0.1", 0) as listener:
            serving = asyncio.create_task(serve(create_api(speaker), listener, stop, ready.set, drain=0))
            await ready.wait()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}{SPEECH}"
            asking = asyncio.create_task(http.post(url, json={"input": "Hello."}))
            async with asyncio.timeout(5):
                while not offline.active:  # noqa: ASYNC110 (the engine does not announce itself)
                    await asyncio.sleep(0.001)
                stop.set()
                await serving
                answer = await asking
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "closing")
    assert not offline.finished
    assert not caplog.records


def test_listening_for_others_needs_a_key() -> None:
    """And the refusal says what to do."""
    with pytest.raises(ConfigError, match="SAYSO_API_KEYS"):
        listen("0.0.0.0", 0)


def test_a_port_that_is_taken_is_named() -> None:
    """With the way out."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(ConfigError, match="SAYSO__HTTP__PORT"):
            listen("127.0.0.1", taken.getsockname()[1])


async def test_health_voices_and_page(http: httpx.AsyncClient) -> None:
    """What a newcomer and a monitor look at first."""
    health = (await http.get("/health")).json()
    assert (health["status"], list(health["engines"])) == ("ok", ["offline", "edge"])
    voices = (await http.get("/v1/audio/voices")).json()
    assert "sayso" in [voice["id"] for voice in voices["voices"]]
    assert {"name": "heart", "language": "en-US", "gender": "female"} in voices["engines"]["offline"]
    page = await http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<textarea" in page.text


async def test_a_program_may_ask_for_as_much_at_once_as_a_whole_guild(opened: Opened, offline: FakeEngine) -> None:
    """Behind one key stand many people; the bound of a single chat user is not theirs."""
    async with opened(limits=Limits(per_user=2, per_guild=30)) as speaker, client(speaker) as http:
        answers = await asyncio.gather(*(http.post(SPEECH, json={"input": f"Number {n}."}) for n in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
