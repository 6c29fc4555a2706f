"""Speech over a real socket, with scripted engines behind the real speaker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from urllib.parse import unquote

import httpx
import pytest
from structlog.testing import capture_logs

from bot import metrics
from bot.config import SpeakSettings
from bot.errors import EngineUnavailable, StoreError
from bot.queue import Limits
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Codec, Priority, Request
from bot.store import Preferences
from bot.tts.audio import FormatStream, decode
from bot.tts.engine import Voice
from tests.adapters.http.served import SPEECH, client, failing, held, until
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


async def test_a_program_may_ask_for_as_much_at_once_as_a_whole_guild(opened: Opened, offline: FakeEngine) -> None:
    """Behind one key stand many people; the bound of a single chat user is not theirs."""
    async with opened(limits=Limits(per_user=2, per_guild=30)) as speaker, client(speaker) as http:
        answers = await asyncio.gather(*(http.post(SPEECH, json={"input": f"Number {n}."}) for n in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20


async def spoken(http: httpx.AsyncClient, text: str = "Hello there.", **body: object) -> httpx.Response:
    """The answer, which must be one."""
    answer = await http.post(SPEECH, json={"input": text} | body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", ["mp3", "aac", "flac", "wav", "pcm"])
async def test_what_was_encoded_once_is_not_encoded_again(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The third answer is the second, byte for byte, and says how long it is before it comes."""
    streamed = await spoken(http, response_format=name)
    assert "content-length" not in streamed.headers
    monkeypatch.setattr(FormatStream, "write", None)
    kept = await spoken(http, response_format=name)
    assert (kept.headers["content-length"], kept.headers["x-sayso-cache"]) == (str(len(kept.content)), "hit")
    assert len(kept.content) == len(streamed.content)


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_what_many_ask_for_at_once_is_encoded_once(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each has all of it, and who leaves takes nothing from the others."""
    await spoken(http, response_format="opus")
    gate, closed = threading.Event(), []
    write, close = FormatStream.write, FormatStream.close

    def held_back(stream: FormatStream, packets: Sequence[bytes]) -> bytes:
        assert gate.wait(10)
        return write(stream, packets)

    def counted(stream: FormatStream) -> bytes:
        closed.append(stream)
        return close(stream)

    monkeypatch.setattr(FormatStream, "write", held_back)
    monkeypatch.setattr(FormatStream, "close", counted)
    asking = [asyncio.create_task(spoken(http, response_format=name)) for _ in range(8)]
    while (await http.get("/health")).json()["answers"]["misses"] < 8:  # noqa: ASYNC110 (nothing announces it)
        await asyncio.sleep(0.001)
    asking[0].cancel()
    gate.set()
    answers = await asyncio.gather(*asking[1:])
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].content
    assert len(closed) == 1


async def test_a_wav_that_is_kept_knows_how_long_it_is(http: httpx.AsyncClient) -> None:
    """What is streamed cannot; some players then show 27 hours."""
    streamed, kept = [(await spoken(http, response_format="wav")).content for _ in range(2)]
    assert (streamed[4:8], streamed[40:44]) == (b"\xff" * 4, b"\xff" * 4)
    sizes = int.from_bytes(kept[4:8], "little"), int.from_bytes(kept[40:44], "little")
    assert sizes == (len(kept) - 8, len(kept) - 44)
    assert (streamed[:4], streamed[8:40], streamed[44:]) == (kept[:4], kept[8:40], kept[44:])


async def test_opus_from_the_cache_is_the_file_that_is_in_it(http: httpx.AsyncClient, speaker: Speaker) -> None:
    """No encoding at all."""
    await spoken(http, response_format="mp3")
    await until(lambda: speaker.store.cache.stats().entries == 1)
    key = await speaker.latest(user="api:local")
    assert key is not None
    clip = await speaker.store.cache.get(key)
    assert clip is not None
    assert (await spoken(http, response_format="opus")).content == clip.data


async def test_an_engine_that_has_mp3_is_sent_on_as_it_is(
    opened: Opened, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First as it comes, then from the cache, without any encoder of ours."""
    offline.capabilities = replace(offline.capabilities, codec=Codec.MP3)
    monkeypatch.setattr(FormatStream, "write", None)
    async with opened() as speaker, client(speaker) as http:
        streamed, kept = [await spoken(http) for _ in range(2)]
    assert streamed.content == kept.content
    assert (streamed.headers["x-sayso-cache"], kept.headers["x-sayso-cache"]) == ("miss", "hit")
    assert kept.headers["content-length"] == str(len(kept.content))
    samples, rate = decode(streamed.content)
    assert len(samples) / rate == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("body", [{"response_format": "wav"}, {"stream_format": "sse"}])
async def test_a_client_that_leaves_stops_the_engine(
    opened: Opened, offline: FakeEngine, body: dict[str, object]
) -> None:
    """Nobody pays for what nobody hears, whether sound was asked for or events."""
    held(offline, 1)
    text = "The first sentence. The second sentence."
    async with opened() as speaker, client(speaker) as http:
        async with http.stream("POST", SPEECH, json={"input": text} | body) as answer, asyncio.timeout(10):
            pieces = answer.aiter_bytes()  # it leaves when this is let go
            await anext(pieces)
            await until(lambda: len(offline.asked) == 2)
        await until(lambda: not offline.active and not speaker.dispatcher.running())
    assert len(offline.finished) == 1


@pytest.mark.parametrize("format", ["flac", "aac", "wav"])
async def test_a_client_that_leaves_leaves_no_encoder_behind(
    opened: Opened, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """Python would come to it late, and a hundred clients that leave are a gigabyte."""
    abandoned: list[FormatStream] = []
    monkeypatch.setattr(FormatStream, "abandon", lambda stream: abandoned.append(stream))
    held(offline, 1)
    async with opened() as speaker, client(speaker) as http:
        body = {"input": "The first sentence. The second sentence.", "response_format": format}
        async with http.stream("POST", SPEECH, json=body) as answer:
            await anext(answer.aiter_bytes())
        await until(lambda: len(abandoned) == 1)


async def test_a_client_that_leaves_before_the_first_byte_frees_its_place(opened: Opened, offline: FakeEngine) -> None:
    """Although nothing is being sent by which that could be noticed; the next one need not wait."""
    gate = held(offline)
    async with opened(limits=Limits(per_guild=1), slots=1) as speaker, client(speaker) as http:
        left = asyncio.create_task(http.post(SPEECH, json={"input": "One."}))
        await until(lambda: bool(offline.active))
        left.cancel()
        await until(lambda: not offline.active and not speaker.dispatcher.running())
        gate.set()
        await spoken(http, "Two.")
    assert [utterance.text for utterance in offline.finished] == ["Two."]


async def test_a_client_that_leaves_the_queue_is_never_spoken_for(opened: Opened, offline: FakeEngine) -> None:
    """Nor does it count as an answer."""
    gate = held(offline)
    async with opened(slots=1) as speaker, client(speaker) as http:
        first = asyncio.create_task(spoken(http, "One."))
        await until(lambda: bool(offline.active))
        before = counted(SPEECH)
        left = asyncio.create_task(spoken(http, "Two."))
        await until(lambda: speaker.dispatcher.waiting() == 1)
        left.cancel()
        await until(lambda: speaker.dispatcher.waiting() == 0)
        gate.set()
        await first
    assert [utterance.text for utterance in offline.asked] == ["One."]
    assert counted(SPEECH) - before == 1


async def test_who_shares_a_speech_hears_it_when_the_other_leaves(
    opened: Opened, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made for whoever still wants it."""
    gate = held(offline)
    asked, cancelled = watched(monkeypatch, Speaker, "say"), watched(monkeypatch, Said, "cancel")
    async with opened() as speaker, client(speaker) as http:
        leaver = asyncio.create_task(spoken(http, "One."))
        await until(lambda: bool(offline.active))
        stayer = asyncio.create_task(spoken(http, "One."))
        await until(lambda: len(asked) == 2)
        leaver.cancel()
        await until(lambda: bool(cancelled))
        gate.set()
        answer = await stayer
    assert len(offline.finished) == 1
    assert len(decode(answer.content)[0]) > 0


def counted(path: str) -> float:
    """The answers that were counted at this address."""
    (family,) = metrics.HTTP.collect()
    return sum(one.value for one in family.samples if one.name.endswith("_total") and one.labels["path"] == path)


def watched(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[tuple[object, ...]]:
    """What a method is called with from now on."""
    calls: list[tuple[object, ...]] = []
    method = getattr(owner, name)

    def call(*arguments: object) -> object:
        calls.append(arguments)
        return method(*arguments)

    monkeypatch.setattr(owner, name, call)
    return calls


@pytest.mark.parametrize(
    ("header", "priority"),
    [
        (None, Priority.NORMAL),
        ("high", Priority.HIGH),
        ("Normal", Priority.NORMAL),
        ("low", Priority.LOW),
    ],
)
async def test_a_header_says_who_goes_first(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, header: str | None, priority: Priority
) -> None:
    """Among the requests of one key."""
    asked = watched(monkeypatch, Speaker, "say")
    headers = {} if header is None else {"x-priority": header}
    await http.post(SPEECH, json={"input": "Hello there."}, headers=headers)
    (request,) = [argument for call in asked for argument in call if isinstance(argument, Request)]
    assert request.priority is priority


async def test_what_is_urgent_is_spoken_before_what_is_not(opened: Opened, offline: FakeEngine) -> None:
    """Whoever came first."""
    gate = held(offline)
    async with opened(slots=1) as speaker, client(speaker) as http:
        waiting = [asyncio.create_task(spoken(http, "One."))]
        await until(lambda: bool(offline.active))
        for count, (text, priority) in enumerate([("Two.", "low"), ("Three.", "high")], 1):
            request = http.post(SPEECH, json={"input": text}, headers={"x-priority": priority})
            waiting.append(asyncio.create_task(request))
            await until(lambda count=count: speaker.dispatcher.waiting() == count)  # type: ignore[misc]
        gate.set()
        await asyncio.gather(*waiting)
    assert [utterance.text for utterance in offline.asked] == ["One.", "Three.", "Two."]


async def test_a_priority_that_there_is_not_is_a_bad_request(http: httpx.AsyncClient) -> None:
    """With those that there are."""
    answer = await http.post(SPEECH, json={"input": "Hello there."}, headers={"x-priority": "urgent"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "X-Priority")
    assert "high, normal, low" in answer.json()["error"]["message"]


async def test_who_waits_too_long_for_their_turn_is_told(opened: Opened, offline: FakeEngine) -> None:
    """504, and it is never spoken."""
    gate = held(offline)
    async with opened(slots=1) as speaker, client(speaker) as patient, client(speaker, wait=0.05) as http:
        first = asyncio.create_task(spoken(patient, "One."))
        await until(lambda: bool(offline.active))
        late = await http.post(SPEECH, json={"input": "Two."})
        gate.set()
        await first
    assert (late.status_code, late.json()["error"]["code"]) == (504, "expired")
    assert [utterance.text for utterance in offline.asked] == ["One."]


async def test_a_language_can_be_told(http: httpx.AsyncClient, offline: FakeEngine) -> None:
    """Where two words are not enough to tell it from."""
    offline.capabilities = replace(offline.capabilities, languages=frozenset({"en", "zh"}))
    await spoken(http, "OK", language="zh-CN")
    await spoken(http, "OK", language="en")
    assert [utterance.language for utterance in offline.asked] == ["zh", "en"]


@pytest.mark.parametrize(("speed", "told"), [(None, None), (1.5, None), (3, "2"), (0.25, "0.5")])
async def test_a_speed_that_nobody_can_speak_at_is_answered_with_the_one_that_it_is_spoken_at(
    http: httpx.AsyncClient, speed: float | None, told: str | None
) -> None:
    """OpenAI's range is wider than any engine's."""
    answer = await spoken(http, speed=speed)
    assert answer.headers.get("x-sayso-speed") == told


async def test_a_voice_that_stands_in_is_named(http: httpx.AsyncClient, edge: FakeEngine) -> None:
    """Who spoke, and instead of whom."""
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "It is away."))]
    answer = await spoken(http, model="edge")
    assert answer.headers["x-sayso-engine"] == "offline"
    assert "offline spoke instead" in answer.headers["x-sayso-caption"]


async def test_a_store_that_fails_is_not_the_askers_fault(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, with its words."""
    monkeypatch.setattr(Preferences, "get", failing(StoreError("The database is held.")))
    answer = await http.post(SPEECH, json={"input": "Hello there."})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_house_that_closes_takes_nothing_new(http: httpx.AsyncClient, speaker: Speaker) -> None:
    """And says when to come back."""
    await speaker.dispatcher.drain(0.0)
    answer = await http.post(SPEECH, json={"input": "Hello there."})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "closing")
    assert int(answer.headers["retry-after"]) >= 1


async def test_what_is_said_is_in_nobodys_log(
    http: httpx.AsyncClient, offline: FakeEngine, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it goes well or not."""
    secret = "The password is swordfish."
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "It is away.")), Script()]
    with capture_logs() as logged:
        for body in ({}, {}, {"voice": "swordfish"}, {"model": "swordfish"}, {"speed": "swordfish"}):
            await http.post(SPEECH, json={"input": secret} | body)
        await http.post(SPEECH, content=secret.encode(), headers={"content-type": "application/json"})
    assert "swordfish" not in repr(logged) + caplog.text + "".join(capfd.readouterr())
