"""Edge: the engine as a whole, against the service on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from bot.errors import (
    EngineBroken,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Codec, EngineVoice, Pcm, Samples, Utterance
from bot.tts.audio import Mp3Decoder
from bot.tts.breaker import Breaker
from bot.tts.edge import Edge
from bot.tts.fallback import Fallback
from tests.doubles.edge import FakeEdge, Fault, seconds, speech
from tests.doubles.engine import FakeEngine
from tests.tts.edge.conftest import Enter

HELLO = Utterance("Hello there, my friend.", "edge", "en-US-AvaNeural", "en")
XIAOXIAO = Utterance("你好，世界。", "edge", "zh-CN-XiaoxiaoNeural", "zh")


@dataclass(slots=True)
class Clock:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, span: float) -> None:
        self.slept.append(span)
        self.now += span


async def say(engine: Edge, utterance: Utterance = HELLO) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(utterance)]


async def listen(engine: Edge, heard: list[Pcm], utterance: Utterance = HELLO) -> None:
    async for pcm in engine.synthesize(utterance):
        heard.append(pcm)  # noqa: PERF401 (what came before a failure counts)


def samples(sound: list[Pcm]) -> Samples:
    return np.concatenate([pcm.samples for pcm in sound])


def decoded(mp3: bytes) -> Samples:
    decoder = Mp3Decoder()
    return np.concatenate([*decoder.feed(mp3), *decoder.flush()])


# ---- speaking


async def test_it_speaks(service: FakeEdge, enter: Enter) -> None:
    """The samples are those of the MP3 that the service sent, mono at 24 kHz, and say who spoke."""
    sound = await say(await enter())
    assert {(pcm.sample_rate, pcm.spoken) for pcm in sound} == {(24_000, HELLO)}
    assert samples(sound).dtype == np.float32
    np.testing.assert_array_equal(samples(sound), decoded(speech(HELLO.text)))
    assert len(samples(sound)) / 24_000 == pytest.approx(seconds(HELLO.text), abs=0.15)


async def test_who_wants_mp3_gets_the_very_frames(service: FakeEdge, enter: Enter) -> None:
    """Every byte that was sent, in whole frames, and nothing decoded."""
    engine = await enter()
    assert engine.capabilities.codec is Codec.MP3
    asked = replace(HELLO, codec=Codec.MP3)
    sound = await say(engine, asked)
    assert b"".join(frame for pcm in sound for frame in pcm.frames) == speech(HELLO.text)
    assert {(len(frame), pcm.spoken, pcm.samples.size) for pcm in sound for frame in pcm.frames} == {(144, asked, 0)}


async def test_a_long_text_in_mp3_is_all_its_pieces(service: FakeEdge, enter: Enter) -> None:
    """One after the other, as they were sent."""
    asked = replace(HELLO, text="One two. " * 500, codec=Codec.MP3)
    sound = await say(await enter(), asked)
    assert len(service.spoken) > 1
    sent = b"".join(speech(one.text) for one in service.spoken)
    assert b"".join(frame for pcm in sound for frame in pcm.frames) == sent


@pytest.mark.parametrize("fault", [Fault.NOISE, Fault.CUT_EARLY])
async def test_what_is_no_mp3_is_no_sound_in_frames_either(service: FakeEdge, enter: Enter, fault: Fault) -> None:
    """An empty answer is none."""
    service.faults = [fault] * 3
    with pytest.raises((EngineUnavailable, EngineTruncated)):
        await say(await enter(), replace(HELLO, codec=Codec.MP3))


async def test_it_streams(service: FakeEdge, enter: Enter) -> None:
    """There is sound while the service still has half of it to send."""
    service.faults = [Fault.STALLED]
    sound = (await enter()).synthesize(HELLO)
    first = await asyncio.wait_for(anext(sound), 5)
    assert len(first.samples) > 0
    await sound.aclose()


@pytest.mark.parametrize(
    ("rate", "asked"), [(1.0, "+0%"), (1.25, "+25%"), (0.8, "-20%"), (1.333, "+33%"), (9.0, "+100%"), (0.1, "-50%")]
)
async def test_the_rate_is_a_percentage_within_half_and_double(
    service: FakeEdge, enter: Enter, rate: float, asked: str
) -> None:
    """As the service wants it."""
    await say(await enter(), Utterance("Hi.", "edge", "en-US-AvaNeural", "en", rate=rate))
    assert service.spoken[0].rate == asked


@pytest.mark.parametrize(
    ("voice", "spelled"),
    [("zh-CN-XiaoxiaoNeural", "(zh-CN, XiaoxiaoNeural)"), ("iu-Cans-CA-SiqiniqNeural", "(iu-Cans-CA, SiqiniqNeural)")],
)
async def test_every_voice_can_be_asked_for(service: FakeEdge, enter: Enter, voice: str, spelled: str) -> None:
    """Also those whose names edge-tts cannot take apart."""
    await say(await enter(), Utterance("Hi.", "edge", voice, "iu"))
    assert service.spoken[0].voice.endswith(spelled)


async def test_markup_is_text(service: FakeEdge, enter: Enter) -> None:
    """What looks like SSML is read out, and cannot break the document."""
    await say(await enter(), Utterance("</voice> & <b>\ud800 ok", "edge", "en-US-AvaNeural", "en"))
    assert service.spoken[0].text == "</voice> & <b>  ok"


async def test_a_text_that_is_too_long_for_one_request_is_sent_in_pieces(service: FakeEdge, enter: Enter) -> None:
    """One after the other, in order, and nothing is lost."""
    text = "Johnson&Johnson&Johnson&Johnson&Johnson. " * 60
    sound = await say(await enter(), Utterance(text, "edge", "en-US-AvaNeural", "en"))
    assert " ".join(one.text for one in service.spoken) == text.strip()
    assert len(service.spoken) == 2
    assert service.peak == 1
    assert len(samples(sound)) / 24_000 == pytest.approx(seconds(text), rel=0.02)


async def test_a_desert_in_a_long_text_is_not_sent(service: FakeEdge, enter: Enter) -> None:
    """A piece of nothing but blanks would be answered with no sound and no error."""
    await say(await enter(), Utterance("One." + " " * 9000 + "Two.", "edge", "en-US-AvaNeural", "en"))
    assert [one.text for one in service.spoken] == ["One.", "Two."]


async def test_it_goes_through_the_proxy_of_the_environment(
    service: FakeEdge, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Speech and list alike, by HTTPS_PROXY; aiohttp alone would take only the list there."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
        away, out = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, out), pump(away, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        engine = await enter()
        assert await say(engine)
        assert await engine.check() == "0 voices"
    assert asked == ["CONNECT speech.platform.bing.com:443 HTTP/1.1"] * 2
    assert service.lookups == 0


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry bytes until there are no more."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
    sink.close()


# ---- what is refused before anything is sent


@pytest.mark.parametrize("text", ["", " \n ", "...", "\x0b"])
async def test_a_blank_text_is_refused(service: FakeEdge, enter: Enter, text: str) -> None:
    """edge-tts would answer with no sound and no error."""
    with pytest.raises(NothingToSay):
        await say(await enter(), Utterance(text, "edge", "en-US-AvaNeural", "en"))
    assert service.connections == 0


async def test_an_unknown_voice_is_refused(service: FakeEdge, enter: Enter) -> None:
    """Without asking the service, which would answer with silence."""
    with pytest.raises(UnknownVoice, match="'zh-CN-XiaochenNeural'"):
        await say(await enter(), Utterance("Hi.", "edge", "zh-CN-XiaochenNeural", "zh"))
    assert service.connections == 0


async def test_an_engine_that_was_not_entered_does_not_speak() -> None:
    """It has no connector yet."""
    with pytest.raises(RuntimeError, match="enter the engine"):
        await say(Edge())


# ---- failures, and trying again


@pytest.mark.parametrize("fault", [Fault.FAILED, Fault.NO_AUDIO, Fault.CUT_EARLY])
async def test_a_passing_fault_is_not_noticed(service: FakeEdge, enter: Enter, fault: Fault) -> None:
    """It is tried again, after a pause."""
    clock = Clock()
    service.faults = [fault]
    sound = await say(await enter(clock=clock, sleep=clock.sleep))
    np.testing.assert_array_equal(samples(sound), decoded(speech(HELLO.text)))
    assert service.connections == 2
    assert clock.slept == [0.25]


async def test_pauses_grow_and_vary(service: FakeEdge, enter: Enter) -> None:
    """Between half and one and a half of a time that doubles, so that many bots do not return in step."""
    chances = iter([0.0, 0.9, 0.5, 0.5])
    clock = Clock()
    service.faults = [Fault.FAILED] * 4
    with pytest.raises(EngineUnavailable):
        await say(await enter(clock=clock, sleep=clock.sleep, attempts=4, chance=lambda: next(chances)))
    assert clock.slept == pytest.approx([0.125, 0.7, 1.0])
    assert service.connections == 4


async def test_there_is_no_second_attempt_when_the_time_for_the_first_sound_is_over(
    service: FakeEdge, enter: Enter
) -> None:
    """Whoever waits hears sound, or of another engine, within the time that was promised."""
    clock = Clock()
    service.faults = [Fault.FAILED] * 99
    with pytest.raises(EngineUnavailable):
        await say(await enter(clock=clock, sleep=clock.sleep, attempts=99, first_audio_timeout=2.0))
    assert clock.now < 2.0
    assert service.connections == 4


async def test_nothing_is_tried_again_after_the_first_sound(service: FakeEdge, enter: Enter) -> None:
    """A sentence that breaks off is not begun anew; what was heard is not taken back."""
    service.faults = [Fault.TRUNCATED]
    heard: list[Pcm] = []
    with pytest.raises(EngineTruncated):
        await listen(await enter(), heard)
    assert 0 < len(samples(heard)) < len(decoded(speech(HELLO.text)))
    assert service.connections == 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BUSY])
async def test_throttling_is_told_at_once_with_the_time_to_stay_away(
    service: FakeEdge, enter: Enter, fault: Fault
) -> None:
    """To ask again would make it worse."""
    service.faults, service.retry_after = [fault], "30"
    with pytest.raises(EngineUnavailable) as caught:
        await say(await enter())
    assert caught.value.retry_after == 30.0
    assert service.connections == 1


async def test_a_wrong_clock_is_healed_by_the_library(service: FakeEdge, enter: Enter) -> None:
    """A 403 with another time on it corrects our idea of now, and the second try goes through."""
    service.faults, service.check_token = [Fault.SKEWED], False
    assert await say(await enter())
    assert service.connections == 2


async def test_a_lasting_403_is_told_with_what_to_do(service: FakeEdge, enter: Enter) -> None:
    """Both of edge-tts's tries were refused, so we add none."""
    service.faults = [Fault.FORBIDDEN] * 9
    with pytest.raises(EngineUnavailable, match="clock"):
        await say(await enter())
    assert service.connections == 2


async def test_silence_is_believed_the_second_time(service: FakeEdge, enter: Enter) -> None:
    """No sound twice is a throttle or a voice that is gone, and counts against the service."""
    service.faults = [Fault.NO_AUDIO] * 9
    with pytest.raises(EngineUnavailable, match="dropped this voice") as caught:
        await say(await enter())
    assert caught.value.trips
    assert service.connections == 2


@pytest.mark.parametrize(
    ("utterance", "kind"),
    [
        (Utterance("你好", "edge", "en-US-AvaNeural", "zh"), LanguageNotSpoken),
        (Utterance("你好", "edge", "en-US-AvaMultilingualNeural", "zh"), EngineUnavailable),
        (Utterance("% &", "edge", "en-US-AvaNeural", "en"), NothingToSay),
    ],
)
async def test_silence_that_the_input_explains_does_not_count_against_the_service(
    service: FakeEdge, enter: Enter, utterance: Utterance, kind: type[EngineUnavailable]
) -> None:
    """An English voice has no sound for Chinese; that is no outage."""
    service.faults = [Fault.NO_AUDIO] * 9
    with pytest.raises(kind):
        await say(await enter(), utterance)


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.MALFORMED])
async def test_a_protocol_that_changed_is_told_as_such(service: FakeEdge, enter: Enter, fault: Fault) -> None:
    """Only an update helps, and the message says of what."""
    service.faults = [fault] * 9
    with pytest.raises(EngineBroken, match="pip install -U edge-tts"):
        await say(await enter())
    assert service.connections == 1


@pytest.mark.parametrize("name", ["mkssml", "_SSL_CTX", "get_headers_and_data", "WSS_URL"])
async def test_an_edge_tts_that_we_do_not_know_is_told_as_such(
    service: FakeEdge, enter: Enter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """If a name is gone that nobody promised us, another engine speaks, and it is said what to do."""
    monkeypatch.delattr(f"edge_tts.communicate.{name}")
    with pytest.raises(EngineBroken, match="another than this Sayso knows"):
        await say(await enter())
    await service.hung_up()


async def test_noise_instead_of_mp3_is_no_speech(service: FakeEdge, enter: Enter) -> None:
    """Bytes that hold no sound are not an empty success."""
    service.faults = [Fault.NOISE] * 9
    with pytest.raises(EngineUnavailable, match="no sound"):
        await say(await enter())


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        (Fault.SILENT, {"first_audio_timeout": 0.05}),
        (Fault.DEAF, {"first_audio_timeout": 0.05}),
        (Fault.STALLED, {"gap_timeout": 0.05}),
    ],
)
async def test_a_service_that_falls_silent_is_given_up(
    service: FakeEdge, enter: Enter, fault: Fault, settings: dict[str, float]
) -> None:
    """Whenever it does, and the socket is closed."""
    service.faults = [fault]
    with pytest.raises(EngineTimeout):
        await say(await enter(**settings))
    await service.hung_up()
    assert service.connections == 1


async def test_a_handshake_has_its_own_time(service: FakeEdge, enter: Enter) -> None:
    """It is shorter than that for the first sound, and a second attempt may do better."""
    service.faults = [Fault.DEAF]
    assert await say(await enter(connect_timeout=0.2))
    assert service.connections == 2


async def test_a_service_out_of_reach_is_told_with_what_to_do(enter: Enter, service: FakeEdge) -> None:
    """A refused connection is tried again, and then the message names host, port and proxy."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        service.port = unused.getsockname()[1]
        with pytest.raises(
            EngineUnavailable, match=r"speech\.platform\.bing\.com:443; behind a proxy, set HTTPS_PROXY"
        ):
            await say(await enter())
    assert service.lookups == 1


async def test_a_name_that_does_not_resolve_is_not_tried_again(enter: Enter) -> None:
    """Without a network another engine speaks at once."""
    nowhere = Nowhere()
    engine = await enter(connector_factory=lambda: aiohttp.TCPConnector(resolver=nowhere))
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await say(engine)
    assert nowhere.asked == 1


class Nowhere(aiohttp.abc.AbstractResolver):
    """Knows no name."""

    asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        self.asked += 1
        raise OSError(errno.EIO, "Temporary failure in name resolution")

    async def close(self) -> None:
        return None


# ---- many at once


async def test_no_more_connections_than_slots(service: FakeEdge, enter: Enter) -> None:
    """Forty in parallel are spam to the service; here the others wait their turn."""
    engine = await enter(slots=3)
    assert engine.capabilities.slots == 3
    assert all(await asyncio.gather(*(say(engine, XIAOXIAO) for _ in range(12))))
    assert service.connections == 12
    assert service.peak == 3
    assert service.lookups == 1


async def test_cancelling_closes_the_socket_and_frees_the_slot(service: FakeEdge, enter: Enter) -> None:
    """Even while the service is silent, and the next in line speaks."""
    service.gate = asyncio.Event()
    engine = await enter(slots=1)
    first = asyncio.create_task(say(engine))
    second = asyncio.create_task(say(engine, XIAOXIAO))
    await service.asked()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    service.gate.set()
    assert await second
    await service.hung_up()
    assert service.peak <= 2


async def test_leaving_early_closes_the_socket_and_frees_the_slot(service: FakeEdge, enter: Enter) -> None:
    """A listener who closes the stream holds nothing."""
    service.faults = [Fault.STALLED]
    engine = await enter(slots=1)
    sound = engine.synthesize(HELLO)
    await anext(sound)
    await sound.aclose()
    await service.hung_up()
    assert await say(engine)


async def test_leaving_the_engine_closes_its_connector(service: FakeEdge) -> None:
    """And nothing before that does."""
    connector = service.connector()
    async with Edge(connector_factory=lambda: connector) as engine:
        await say(engine)
        assert not connector.closed
    assert connector.closed


# ---- voices and checks


async def test_it_knows_its_voices_without_asking(service: FakeEdge, enter: Enter) -> None:
    """Start and list wait for no network."""
    engine = await enter()
    assert len(await engine.voices()) == 322
    assert {"en", "zh", "ja"} <= engine.capabilities.languages
    assert engine.capabilities.streaming
    assert not engine.capabilities.local
    assert service.listed == 0


async def test_a_fresher_list_comes_in_the_background(service: FakeEdge, enter: Enter, tmp_path: Path) -> None:
    """A voice that Microsoft added today can be used, and one that it removed is unknown."""
    service.voices = [{"ShortName": "eo-XX-NovaNeural", "Locale": "eo-XX", "Gender": "Female", "FriendlyName": "Nova"}]
    file, renewed = tmp_path / "voices.json", asyncio.Event()
    first = True

    async def sleep(_seconds: float) -> None:
        nonlocal first
        if not first:
            renewed.set()
            await asyncio.Event().wait()
        first = False

    engine = await enter(cache_file=file, sleep=sleep)
    await renewed.wait()
    assert [voice.name for voice in await engine.voices()] == ["eo-XX-NovaNeural"]
    assert file.exists()
    with pytest.raises(UnknownVoice):
        await say(engine)
    assert await say(engine, Utterance("Saluton.", "edge", "eo-XX-NovaNeural", "eo"))


async def test_one_that_is_told_not_to_asks_nobody(service: FakeEdge, enter: Enter, tmp_path: Path) -> None:
    """A command that ends in a second has no business to tell Microsoft that it was run."""
    await enter(cache_file=tmp_path / "voices.json", refresh=False)
    for _ in range(20):
        await asyncio.sleep(0)
    assert service.listed == service.connections == 0


async def test_check_asks_the_service(service: FakeEdge, enter: Enter) -> None:
    """The shortest thing that proves that it can be reached and accepts us."""
    service.voices = [{"ShortName": "a"}, {"ShortName": "b"}]
    assert await (await enter()).check() == "2 voices"
    assert service.listed == 1


@pytest.mark.parametrize(
    ("faults", "advice"),
    [([Fault.FORBIDDEN] * 2, "clock"), ([Fault.DEAF], "HTTPS_PROXY"), ([Fault.THROTTLED], "too busy")],
)
async def test_check_says_what_to_do(service: FakeEdge, enter: Enter, faults: list[Fault], advice: str) -> None:
    """A blocked network, a wrong clock and a throttle have different remedies."""
    service.faults = faults
    with pytest.raises(EngineUnavailable, match=advice):
        await (await enter(connect_timeout=0.2)).check()


# ---- in company


async def test_when_edge_is_away_another_engine_speaks_and_edge_is_left_alone(service: FakeEdge, enter: Enter) -> None:
    """Nobody goes unheard; and after five failures the service is not even asked."""
    service.faults = [Fault.BUSY] * 99
    offline = FakeEngine("offline")
    company = Fallback([Breaker(await enter()), offline])
    utterance = replace(HELLO, alternatives=(EngineVoice("offline", "heart"),))
    for _ in range(8):
        sound = [pcm async for pcm in company.synthesize(utterance)]
        assert {(pcm.spoken.engine, pcm.spoken.instead_of) for pcm in sound} == {("offline", "edge")}
    assert service.connections == 5
    assert len(offline.finished) == 8


async def test_bad_input_of_one_does_not_take_edge_from_others(service: FakeEdge, enter: Enter) -> None:
    """Blank texts, voices that do not exist and languages that a voice lacks leave the breaker closed."""
    company = Breaker(await enter())
    for bad in (replace(HELLO, text="..."), replace(HELLO, voice="none"), replace(HELLO, text="你好", language="zh")):
        for _ in range(6):
            service.faults = [Fault.NO_AUDIO] * 2
            with pytest.raises(EngineRejected):
                [pcm async for pcm in company.synthesize(bad)]
    service.faults = []
    assert [pcm async for pcm in company.synthesize(HELLO)]
