"""The official `openai` package, unchanged, over a real socket: what works with OpenAI works here."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any, Literal

import openai
import pytest
from openai import AsyncOpenAI, AsyncStream, OpenAI, Stream

from bot.config import SpeakSettings
from bot.errors import EngineTimeout, EngineTruncated, EngineUnavailable
from bot.queue import Limits
from bot.speaker import Speaker
from bot.tts.audio import decode
from tests.adapters.http.served import address, held, until
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script

KEY = "sk-test"
ASKED: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "input": "Hello there."}
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


class Event(openai.BaseModel):
    """An event as it comes, with whatever it holds."""

    type: str
    audio: str = ""
    usage: dict[str, int] | None = None


def asynchronous(url: str, key: str = KEY) -> AsyncOpenAI:
    """The client as its documentation has it, but for retries, which would hide what is answered."""
    http = openai.DefaultAsyncHttpxClient(trust_env=False)
    return AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0, http_client=http)


def synchronous(url: str) -> OpenAI:
    """The same, for programmes without a loop."""
    http = openai.DefaultHttpxClient(trust_env=False)
    return OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0, http_client=http)


@pytest.fixture
async def url(speaker: Speaker) -> AsyncIterator[str]:
    """A server with a key."""
    async with address(speaker, [KEY]) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncOpenAI]:
    """A client of it."""
    async with asynchronous(url) as client:
        yield client


def seconds(data: bytes, format: str) -> float:
    """How long the sound is."""
    if format == "pcm":
        return len(data) / 2 / 24_000
    samples, rate = decode(data)
    return len(samples) / rate


@pytest.mark.parametrize("format", FORMATS)
async def test_every_format_can_be_had_at_once_or_streamed_and_again(
    client: AsyncOpenAI, offline: FakeEngine, format: Format
) -> None:
    """Whole, as it comes, from the cache, and as it was kept: it decodes, and is as long as what was spoken."""
    answers = [(await client.audio.speech.create(**ASKED, response_format=format)).content]
    for _ in range(2):
        speech = client.audio.speech.with_streaming_response
        async with speech.create(**ASKED, response_format=format) as answer:
            answers.append(b"".join([piece async for piece in answer.iter_bytes()]))
    for sound in answers:
        assert seconds(sound, format) == pytest.approx(0.3, abs=0.1)
    assert len(offline.asked) == 1


@pytest.mark.parametrize("format", FORMATS)
async def test_a_programme_without_a_loop_can_have_it_too(url: str, format: Format) -> None:
    """At once and streamed."""

    def speak() -> tuple[bytes, bytes]:
        with synchronous(url) as client:
            once = client.audio.speech.create(**ASKED, response_format=format).content
            with client.audio.speech.with_streaming_response.create(**ASKED, response_format=format) as answer:
                return once, b"".join(answer.iter_bytes())

    once, streamed = await asyncio.to_thread(speak)
    assert seconds(once, format) == pytest.approx(0.3, abs=0.1)
    assert seconds(streamed, format) == pytest.approx(0.3, abs=0.1)


async def test_the_first_sentence_is_heard_before_the_second_is_made(client: AsyncOpenAI, offline: FakeEngine) -> None:
    """With the client's own way of streaming."""
    second = held(offline, 1)
    asked = ASKED | {"input": "The first sentence. The second sentence.", "response_format": "wav"}
    async with client.audio.speech.with_streaming_response.create(**asked) as answer:
        pieces = answer.iter_bytes()
        heard = b""
        while len(heard) < 10_000:
            heard += await anext(pieces)
        assert not offline.finished[1:]
        second.set()
        heard += b"".join([piece async for piece in pieces])
    assert seconds(heard, "wav") > 0.7


async def test_events_are_those_of_openai(client: AsyncOpenAI) -> None:
    """Pieces of the sound in base64, then what was used; the client reads them as a stream of events."""
    stream = await client.post(
        "/audio/speech",
        body=ASKED | {"stream_format": "sse"},
        cast_to=Event,
        stream=True,
        stream_cls=AsyncStream[Event],
    )
    *deltas, done = [event async for event in stream]
    assert {event.type for event in deltas} == {"speech.audio.delta"}
    sound = b"".join(base64.b64decode(event.audio) for event in deltas)
    assert seconds(sound, "mp3") == pytest.approx(0.3, abs=0.1)
    assert done.type == "speech.audio.done"
    assert done.usage is not None
    assert set(done.usage) == {"input_tokens", "output_tokens", "total_tokens"}
    assert done.usage["total_tokens"] == done.usage["input_tokens"] + done.usage["output_tokens"]


async def test_events_can_be_had_by_a_programme_without_a_loop(url: str) -> None:
    """And from the cache."""

    def listen() -> list[str]:
        with synchronous(url) as client:
            body = ASKED | {"stream_format": "sse"}
            for _ in range(2):
                stream = client.post("/audio/speech", body=body, cast_to=Event, stream=True, stream_cls=Stream[Event])
                types = [event.type for event in stream]
            return types

    types = await asyncio.to_thread(listen)
    assert (types[0], types[-1]) == ("speech.audio.delta", "speech.audio.done")


async def test_what_breaks_off_among_events_is_raised_as_an_error_of_the_api(
    client: AsyncOpenAI, offline: FakeEngine
) -> None:
    """After the sound that there was; nobody takes it for whole."""
    offline.scripts = [Script(), Script(1, error=EngineTruncated("offline", "It broke off."))]
    body = ASKED | {"input": "The first sentence. The second sentence.", "stream_format": "sse"}
    stream = await client.post("/audio/speech", body=body, cast_to=Event, stream=True, stream_cls=AsyncStream[Event])
    assert (await anext(stream)).type == "speech.audio.delta"
    with pytest.raises(openai.APIError, match="It broke off") as raised:
        [event async for event in stream]
    assert (raised.value.code, raised.value.type) == ("engine_error", "server_error")


async def test_sound_that_breaks_off_is_no_answer(client: AsyncOpenAI, offline: FakeEngine) -> None:
    """The connection is cut, and the client says so."""
    offline.scripts = [Script(), Script(1, error=EngineTruncated("offline", "It broke off."))]
    with pytest.raises(openai.APIConnectionError):
        await client.audio.speech.create(**ASKED | {"input": "The first sentence. The second sentence."})


@pytest.mark.parametrize("text", ["", " \n\t", "***", "…"])
async def test_what_has_no_words_is_a_bad_request(client: AsyncOpenAI, offline: FakeEngine, text: str) -> None:
    """And never an empty file."""
    with pytest.raises(openai.BadRequestError) as raised:
        await client.audio.speech.create(**ASKED | {"input": text})
    assert (raised.value.code, raised.value.param) == ("nothing_to_say", "input")
    assert not offline.asked


async def test_a_wrong_key_is_an_authentication_error(url: str) -> None:
    """With what to do."""
    async with asynchronous(url, "sk-wrong") as client:
        with pytest.raises(openai.AuthenticationError, match="Bearer") as raised:
            await client.audio.speech.create(**ASKED)
    assert raised.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("asked", "code", "param", "words"),
    [
        ({"voice": "hearth"}, "unknown_voice", "voice", "heart"),
        ({"voice": {"id": "hearth"}}, "unknown_voice", "voice", "heart"),
        ({"model": "ofline"}, "model_not_found", "model", "the nearest are offline"),
    ],
)
async def test_who_is_not_here_is_not_found_but_the_nearest_are_named(
    client: AsyncOpenAI, asked: dict[str, Any], code: str, param: str, words: str
) -> None:
    """Voices and models."""
    with pytest.raises(openai.NotFoundError, match=words) as raised:
        await client.audio.speech.create(**ASKED | asked)
    assert (raised.value.code, raised.value.param) == (code, param)


async def test_a_text_that_is_too_long_is_told_the_limit(opened: Opened) -> None:
    """By a status that the client has no name for."""
    async with (
        opened(speak=SpeakSettings(max_chars=100)) as speaker,
        address(speaker, [KEY]) as url,
        asynchronous(url) as client,
    ):
        with pytest.raises(openai.APIStatusError, match="at most 100") as raised:
            await client.audio.speech.create(**ASKED | {"input": "word " * 30})
    assert (raised.value.status_code, raised.value.code) == (413, "too_long")


async def test_a_full_queue_is_a_rate_limit_that_says_when_to_come_back(opened: Opened, offline: FakeEngine) -> None:
    """In whole seconds."""
    gate = held(offline)
    async with (
        opened(limits=Limits(per_guild=1)) as speaker,
        address(speaker, [KEY]) as url,
        asynchronous(url) as client,
    ):
        first = asyncio.create_task(client.audio.speech.create(**ASKED))
        await until(lambda: bool(offline.active))
        with pytest.raises(openai.RateLimitError) as raised:
            await client.audio.speech.create(**ASKED | {"input": "Something else."})
        gate.set()
        await first
    assert int(raised.value.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("error", "status", "later"),
    [
        (EngineUnavailable("offline", "Left alone.", retry_after=7.2), 503, "8"),
        (EngineUnavailable("offline", "It is away."), 503, None),
        (EngineTimeout("offline", "Silence."), 504, None),
    ],
)
async def test_an_engine_that_fails_is_a_server_error_with_its_words(
    client: AsyncOpenAI, offline: FakeEngine, error: EngineUnavailable, status: int, later: str | None
) -> None:
    """And with the time at which it will be asked again, where that is known."""
    offline.scripts = [Script(0, error=error)]
    with pytest.raises(openai.InternalServerError, match=str(error)) as raised:
        await client.audio.speech.create(**ASKED)
    assert raised.value.status_code == status
    assert raised.value.response.headers.get("retry-after") == later


async def test_the_client_comes_back_by_itself_when_it_was_told_to(url: str, offline: FakeEngine) -> None:
    """Its own retries do the rest."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "It is away.")), Script()]
    async with asynchronous(url) as client:
        answer = await client.with_options(max_retries=1).audio.speech.create(**ASKED)
    assert seconds(answer.content, "mp3") == pytest.approx(0.3, abs=0.1)


async def test_models_can_be_listed_and_looked_up(client: AsyncOpenAI) -> None:
    """In OpenAI's shape."""
    listed = {model.id: model async for model in client.models.list()}
    assert {"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "offline", "edge", "sayso"} <= set(listed)
    assert {model.owned_by for model in listed.values()} == {"sayso"}
    assert (await client.models.retrieve("edge")) == listed["edge"]
    with pytest.raises(openai.NotFoundError) as raised:
        await client.models.retrieve("edgy")
    assert raised.value.code == "model_not_found"


async def test_a_voice_may_be_given_as_an_object(client: AsyncOpenAI, offline: FakeEngine) -> None:
    """As OpenAI has voices of one's own."""
    await client.audio.speech.create(model="tts-1", voice={"id": "heart"}, input="Hello there.")
    assert offline.asked[0].voice == "heart"


async def test_what_is_not_understood_is_ignored(client: AsyncOpenAI, offline: FakeEngine) -> None:
    """Clients send all sorts; instructions are for other engines."""
    extra = {"lang_code": "a", "normalization_options": {"normalize": True}, "stream": True, "user": "u"}
    await client.audio.speech.create(**ASKED, instructions="Whisper.", extra_body=extra)
    assert [utterance.text for utterance in offline.finished] == ["Hello there."]
