"""Remote: the engine as a whole, against a speech server on the loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.errors import (
    ConfigError,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import EngineVoice, Pcm, Samples, Utterance
from bot.tts.breaker import Breaker, State
from bot.tts.fallback import Fallback
from bot.tts.remote import Remote
from bot.tts.retry import Retry
from tests.doubles.engine import FakeEngine, at_once
from tests.doubles.speech_server import TYPES, Fault, SpeechServer, compressed, integers, said, wav
from tests.tts.remote.conftest import Enter

HELLO = Utterance("Hello there, my dear friend.", "remote", "alloy", "en")
SOUND = said(HELLO.text)
LONG = Utterance("one two three four " * 5, "remote", "alloy", "en")
LONG_SECONDS = 4.0


async def say(engine: Remote | Retry | Fallback, utterance: Utterance = HELLO) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(utterance)]


async def listen(engine: Remote, heard: list[Pcm], utterance: Utterance = HELLO) -> None:
    async for pcm in engine.synthesize(utterance):
        heard.append(pcm)  # noqa: PERF401 (what came before a failure counts)


def samples(sound: list[Pcm]) -> Samples:
    return np.concatenate([pcm.samples for pcm in sound])


# ---- speaking


async def test_it_speaks(server: SpeechServer, enter: Enter) -> None:
    """The samples are those that the server sent, mono at its rate, and say who spoke."""
    sound = await say(await enter())
    assert {(pcm.sample_rate, pcm.spoken) for pcm in sound} == {(24_000, HELLO)}
    assert samples(sound).dtype == np.float32
    np.testing.assert_allclose(samples(sound), SOUND, atol=1e-4)


@pytest.mark.parametrize("format", TYPES)
async def test_it_speaks_in_every_format(server: SpeechServer, enter: Enter, format: str) -> None:
    """As it was asked for."""
    sound = await say(await enter(format=format))
    assert sum(pcm.samples.size / pcm.sample_rate for pcm in sound) == pytest.approx(1.0, abs=0.06)
    assert server.spoken[0].format == format
    assert samples(sound).dtype == np.float32


async def test_what_is_asked_for(server: SpeechServer, enter: Enter) -> None:
    """By the names that OpenAI has for it, and nothing that a strict server would not know."""
    await say(await enter(model="tts-1-hd"))
    assert server.spoken[0].body == {
        "model": "tts-1-hd",
        "input": "Hello there, my dear friend.",
        "voice": "alloy",
        "response_format": "wav",
        "speed": 1.0,
    }


@pytest.mark.parametrize(("rate", "speed"), [(1.25, 1.25), (0.1, 0.25), (9.0, 4.0)])
async def test_the_rate_is_a_speed(server: SpeechServer, enter: Enter, rate: float, speed: float) -> None:
    """Within what OpenAI takes."""
    await say(await enter(), Utterance("Hello.", "remote", "alloy", "en", rate=rate))
    assert server.spoken[0].body["speed"] == speed


async def test_a_voice_is_sent_as_it_is(server: SpeechServer, enter: Enter) -> None:
    """Known or not: the server knows better. No voice is left to it, too."""
    engine = await enter()
    await say(engine, Utterance("Hello.", "remote", "Zoë (new)", "en"))
    await say(engine, Utterance("Hello.", "remote", "", "en"))
    assert [spoken.body.get("voice") for spoken in server.spoken] == ["Zoë (new)", None]


@pytest.mark.parametrize("format", ["wav", "pcm", "mp3", "opus", "flac"])
async def test_it_streams(server: SpeechServer, enter: Enter, format: str) -> None:
    """There is sound while the server still has half of it to send."""
    server.middle = asyncio.Event()
    sound = (await enter(format=format)).synthesize(LONG)
    first = await asyncio.wait_for(anext(sound), 5)
    server.middle.set()
    rest = [pcm async for pcm in sound]
    heard = samples([first, *rest]).size / first.sample_rate
    assert 0 < first.samples.size / first.sample_rate < heard
    assert heard == pytest.approx(LONG_SECONDS, abs=0.06)


async def test_a_sayso_is_told_the_language(server: SpeechServer, enter: Enter) -> None:
    """Which it need not guess then; others might refuse what they do not know."""
    server.sayso = True
    engine = await enter()
    await server.until(lambda s: "/v1/audio/voices" in s.paths)
    await say(engine, Utterance("漢字", "remote", "sayso", "ja"))
    assert server.spoken[0].body["language"] == "ja"


async def test_connections_are_kept(server: SpeechServer, enter: Enter) -> None:
    """One is enough for one after the other; also after a refusal."""
    server.faults = [Fault.NONE, Fault.BAD_REQUEST, Fault.BUSY]
    engine = await enter(voices=["alloy"])
    await server.until(lambda s: "/health" in s.paths)
    before = server.connections
    await say(engine)
    for kind in (EngineRejected, EngineUnavailable):
        with pytest.raises(kind):
            await say(engine)
    await say(engine)
    assert server.connections - before <= 1


async def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(server: SpeechServer, enter: Enter) -> None:
    """Another is used: a request may be on its way when the server loses patience."""
    engine = await enter()
    await say(engine)
    server.faults = [Fault.HUNG_UP]
    assert await say(engine)
    assert len(server.spoken) == 3


async def test_a_new_connection_that_is_closed_is_a_failure(server: SpeechServer, enter: Enter) -> None:
    """It is not tried for ever."""
    engine = await enter()
    await say(engine)
    server.always = Fault.HUNG_UP
    with pytest.raises(EngineUnavailable, match="it hung up"):
        await asyncio.wait_for(say(engine), 5)


async def test_no_more_connections_than_slots(server: SpeechServer, enter: Enter) -> None:
    """Whoever comes next waits for one; and that does not count as silence of the server."""
    server.gate = asyncio.Event()
    engine = await enter(slots=2)
    speaking = [asyncio.create_task(say(engine)) for _ in range(5)]
    await server.asked(2)
    server.gate.set()
    assert all(await asyncio.gather(*speaking))
    assert (server.peak, len(server.spoken)) == (2, 5)
    assert engine.capabilities.slots == 2


# ---- what is refused before anything is sent


@pytest.mark.parametrize("text", ["", " \n", "\x00", "\ud800"])
async def test_a_blank_text_is_refused(server: SpeechServer, enter: Enter, text: str) -> None:
    """Servers answer that in the most curious ways."""
    with pytest.raises(NothingToSay):
        await say(await enter(), Utterance(text, "remote", "alloy", "en"))
    assert not server.spoken


async def test_what_is_too_long_is_refused(server: SpeechServer, enter: Enter) -> None:
    """By the measure that is told."""
    engine = await enter()
    with pytest.raises(EngineRejected, match="4000"):
        await say(engine, Utterance("x" * (engine.capabilities.max_chars + 1), "remote", "alloy", "en"))
    assert not server.spoken


async def test_what_no_json_could_hold_is_left_out(server: SpeechServer, enter: Enter) -> None:
    """Halves of characters."""
    await say(await enter(), Utterance("a \ud800 b", "remote", "alloy", "en"))
    assert server.spoken[0].text == "a   b"


def test_an_address_that_is_none_is_told_at_once() -> None:
    """Not when somebody speaks."""
    with pytest.raises(ConfigError, match=r"remote\.servers"):
        Remote("ftp://host")


async def test_an_engine_that_was_not_entered_does_not_speak() -> None:
    """It has no connections yet."""
    with pytest.raises(RuntimeError, match="enter the engine"):
        await say(Remote("http://127.0.0.1:1"))


# ---- failures


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.BAD_REQUEST, EngineRejected),
        (Fault.INVALID, EngineRejected),
        (Fault.BLANK, NothingToSay),
        (Fault.NO_LANGUAGE, LanguageNotSpoken),
        (Fault.UNAUTHORIZED, EngineBroken),
        (Fault.FORBIDDEN, EngineBroken),
        (Fault.NO_PATH, EngineBroken),
        (Fault.NO_MODEL, EngineBroken),
        (Fault.NO_VOICE, UnknownVoice),
        (Fault.BAD_VOICE, UnknownVoice),
        (Fault.TOO_LONG, EngineRejected),
        (Fault.LATE, EngineTimeout),
        (Fault.THROTTLED, EngineUnavailable),
        (Fault.FAILED, EngineUnavailable),
        (Fault.BAD_GATEWAY, EngineUnavailable),
        (Fault.BUSY, EngineUnavailable),
        (Fault.GATEWAY_LATE, EngineTimeout),
        (Fault.REDIRECTED, EngineBroken),
        (Fault.HUNG_UP, EngineUnavailable),
        (Fault.CUT_EARLY, EngineTruncated),
        (Fault.EMPTY, EngineUnavailable),
        (Fault.JSON, EngineUnavailable),
        (Fault.HTML, EngineBroken),
        (Fault.NOISE, EngineUnavailable),
    ],
)
async def test_a_failure_before_the_first_sound(
    server: SpeechServer, enter: Enter, fault: Fault, kind: type[EngineError]
) -> None:
    """Is of the type by which others know whose fault it is, and whether to try again; and the next call is well."""
    server.faults = [fault]
    engine = await enter(voices=["alloy"])
    heard: list[Pcm] = []
    with pytest.raises(kind) as caught:
        await listen(engine, heard)
    assert (type(caught.value), caught.value.engine, heard) == (kind, "remote", [])
    assert f"127.0.0.1:{server.port}" in str(caught.value) or kind in (NothingToSay, LanguageNotSpoken, EngineRejected)
    await asyncio.wait_for(server.idle(), 5)
    assert await say(engine)


@pytest.mark.parametrize("format", TYPES)
@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.SHORT])
async def test_a_connection_that_is_cut(server: SpeechServer, enter: Enter, fault: Fault, format: str) -> None:
    """Is told from an end, after what was heard."""
    server.faults = [fault]
    heard: list[Pcm] = []
    with pytest.raises(EngineTruncated, match=r"broke off after [12]\.[0-9] s"):
        await listen(await enter(format=format), heard, LONG)
    assert 0.2 < samples(heard).size / heard[0].sample_rate / LONG_SECONDS < 0.8


@pytest.mark.parametrize(
    ("fault", "format"),
    [(Fault.HALF, "wav"), (Fault.HALF, "opus"), (Fault.HALF, "flac"), (Fault.ODD, "wav"), (Fault.ODD, "pcm"),
     (Fault.ODD, "opus"), (Fault.ODD, "flac")],
)  # fmt: skip
async def test_an_answer_that_ends_well_but_too_early(
    server: SpeechServer, enter: Enter, fault: Fault, format: str
) -> None:
    """Is told by what its format says of its length, or by a sample that is not whole."""
    server.faults = [fault]
    heard: list[Pcm] = []
    with pytest.raises(EngineTruncated):
        await listen(await enter(format=format), heard, LONG)
    assert heard


@pytest.mark.parametrize("fault", [Fault.DEAF, Fault.SILENT])
async def test_a_server_that_says_nothing(server: SpeechServer, enter: Enter, fault: Fault) -> None:
    """Is given up when the time for the first sound is over, and the connection is cut."""
    server.faults = [fault]
    with pytest.raises(EngineTimeout, match=r"no sound within 0\.05 s"):
        await say(await enter(first_audio_timeout=0.05))
    await asyncio.wait_for(server.idle(), 5)


async def test_a_header_is_no_sound(server: SpeechServer, enter: Enter) -> None:
    """Whoever waits hears nothing of it, so the time for the first sound goes on."""
    server.sound, server.middle = (
        b"".join([b"RIFF\xff\xff\xff\xffWAVEJUNK\xff\xff\xff\x7f", bytes(200)]),
        asyncio.Event(),
    )
    with pytest.raises(EngineTimeout, match="no sound within"):
        await say(await enter(first_audio_timeout=0.05))


async def test_a_server_that_falls_silent(server: SpeechServer, enter: Enter) -> None:
    """After its first half."""
    server.faults = [Fault.STALLED]
    heard: list[Pcm] = []
    with pytest.raises(EngineTimeout, match=r"fell silent for 0\.05 s after 0\.5 s"):
        await listen(await enter(gap_timeout=0.05), heard)
    assert heard
    await asyncio.wait_for(server.idle(), 5)


async def test_what_is_no_sound_does_not_keep_a_server_from_falling_silent() -> None:
    """However much of it trickles in."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"POST"):
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + wav(integers(SOUND)))
        writer.write(b"JUNK\xff\xff\xff\x7f")
        for _ in range(300):
            writer.write(b"x")
            await asyncio.sleep(0.01)  # so that each is read by itself
            if writer.is_closing() or reader.at_eof():
                break
        writer.close()
        over.set()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    heard: list[Pcm] = []
    async with listener, Remote(url, voices=["alloy"], gap_timeout=0.05) as engine:
        with pytest.raises(EngineTimeout, match=r"fell silent for 0\.05 s after 1\.0 s"):
            await listen(engine, heard)
        await over.wait()
    assert samples(heard).size == SOUND.size


async def test_the_time_that_a_listener_takes_is_not_the_servers(server: SpeechServer, enter: Enter) -> None:
    """Whoever listens slowly hears all of it."""
    now = 0.0

    def clock() -> float:
        return now

    server.middle = asyncio.Event()
    engine = await enter(clock=clock, first_audio_timeout=5.0, gap_timeout=5.0)
    sound = engine.synthesize(HELLO)
    heard = [await anext(sound)]
    now = 1000.0
    server.middle.set()
    heard += [pcm async for pcm in sound]
    assert samples(heard).size == SOUND.size


async def test_a_server_that_is_not_there(server: SpeechServer, enter: Enter) -> None:
    """Is said to be so; and is heard as soon as it is back."""
    engine = await enter()
    await server.stop()
    with pytest.raises(EngineUnavailable, match="connection refused"):
        await say(engine)
    await server.start()
    assert await say(engine)


async def test_a_server_that_dies_in_the_middle(server: SpeechServer, enter: Enter) -> None:
    """Is told at once, not after a time-out."""
    server.middle = asyncio.Event()
    sound = (await enter()).synthesize(HELLO)
    await anext(sound)
    await server.stop()
    with pytest.raises(EngineTruncated):
        await anext(sound)


async def test_a_server_that_does_not_take_the_connection(enter: Enter) -> None:
    """Is given up when the time for that is over."""
    async with _full() as url, Remote(url, connect_timeout=0.05) as engine:
        with pytest.raises((EngineUnavailable, EngineTimeout)):
            await asyncio.wait_for(say(engine), 10)


async def test_what_is_no_http(enter: Enter) -> None:
    """Is another kind of server altogether."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listener, Remote(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}") as engine:
        with pytest.raises(EngineBroken, match="does not speak HTTP"):
            await say(engine)


@pytest.mark.parametrize(
    ("head", "kind"),
    [("503 No\r\nRetry-After: 7", EngineUnavailable), ("200 OK\r\nContent-Type: application/json", EngineUnavailable)],
)
async def test_words_that_never_end_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, head: str, kind: type[EngineError]
) -> None:
    """The head of an answer that is not sound says enough."""
    monkeypatch.setattr("bot.tts.remote.call._READING", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 99\r\n\r\n".encode())
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listener, Remote(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}") as engine:
        with pytest.raises(kind) as caught:
            await say(engine)
    assert caught.value.retry_after == (7.0 if "Retry" in head else None)


async def test_a_server_that_does_not_stop(server: SpeechServer, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is stopped."""
    monkeypatch.setattr("bot.tts.remote.call._LONGEST", 0.3)
    with pytest.raises(EngineUnavailable, match="does not stop"):
        await say(await enter())
    await asyncio.wait_for(server.idle(), 5)


async def test_when_to_come_back_is_told(server: SpeechServer, enter: Enter) -> None:
    """To whoever tries again, or stays away."""
    server.faults, server.retry_after = [Fault.BUSY], "7"
    with pytest.raises(EngineUnavailable) as caught:
        await say(await enter())
    assert caught.value.retry_after == 7.0


# ---- closing early


async def test_closing_early_cuts_the_connection(server: SpeechServer, enter: Enter) -> None:
    """So that the server stops working, and the slot is free."""
    server.middle = asyncio.Event()
    engine = await enter(slots=1)
    sound = engine.synthesize(HELLO)
    await anext(sound)
    await sound.aclose()
    await asyncio.wait_for(server.idle(), 5)
    server.middle = None
    assert await asyncio.wait_for(say(engine), 5)


@pytest.mark.parametrize("fault", [Fault.DEAF, Fault.SILENT, Fault.STALLED])
async def test_being_cancelled_cuts_the_connection(server: SpeechServer, enter: Enter, fault: Fault) -> None:
    """Whatever is waited for."""
    server.faults = [fault]
    engine = await enter(slots=1)
    speaking = asyncio.create_task(say(engine))
    await server.asked()
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    await asyncio.wait_for(server.idle(), 5)
    assert await asyncio.wait_for(say(engine), 5)


async def test_leaving_closes_every_connection(server: SpeechServer) -> None:
    """Also of those who still speak."""
    server.middle = asyncio.Event()
    async with Remote(server.url) as engine:
        sound = engine.synthesize(HELLO)
        await anext(sound)
    with pytest.raises(EngineError):
        await anext(sound)
    await asyncio.wait_for(server.idle(), 5)


async def test_it_may_be_entered_again(server: SpeechServer) -> None:
    """As a pool does with a server that was away."""
    engine = Remote(server.url)
    for _ in range(2):
        async with engine:
            assert await say(engine)


# ---- keys, sockets, proxies


async def test_a_key_is_a_bearer_token(server: SpeechServer, enter: Enter) -> None:
    """And is shown to nobody else."""
    server.key = "sk-very-secret"
    assert await say(await enter(key="sk-very-secret"))
    assert server.spoken[0].headers["authorization"] == "Bearer sk-very-secret"
    with pytest.raises(EngineBroken, match="REMOTE_API_KEY") as caught:
        await say(await enter(key="sk-wrong"))
    assert "sk-wrong" not in str(caught.value)


async def test_a_name_and_a_password_in_the_address(server: SpeechServer) -> None:
    """Are sent before any key, and never shown."""
    server.faults = [Fault.NONE, Fault.FAILED]
    url = server.url.replace("http://", "http://ann:hush@")
    async with Remote(url, key="sk") as engine:
        assert await say(engine)
        with pytest.raises(EngineUnavailable) as caught:
            await say(engine)
    assert server.spoken[0].headers["authorization"] == "Basic YW5uOmh1c2g="
    assert "hush" not in str(caught.value)


async def test_nothing_is_sent_to_where_a_redirect_leads(server: SpeechServer, enter: Enter) -> None:
    """The key might not be for them."""
    server.faults = [Fault.REDIRECTED]
    with pytest.raises(EngineBroken, match="elsewhere"):
        await say(await enter(key="sk", voices=["alloy"]))
    assert "/elsewhere" not in server.paths


async def test_it_speaks_over_a_unix_socket(tmp_path: Path) -> None:
    """To a Sayso of our own, and to no other machine."""
    async with SpeechServer(tmp_path / "s.sock") as server, Remote(server.url, socket=server.socket) as engine:
        np.testing.assert_allclose(samples(await say(engine)), SOUND, atol=1e-4)
        assert engine.capabilities.local
        assert server.spoken[0].body["language"] == "en"
        await server.stop()
        with pytest.raises(EngineUnavailable, match=r"s\.sock cannot be reached"):
            await say(engine)


async def test_servers_elsewhere_are_reached_by_the_proxy_of_the_environment(
    server: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which gets to know its own password, and not our key for itself."""
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://bob:pass@"))
    async with Remote("http://tts.example.org:8000", key="sk", voices=["alloy"]) as engine:
        assert await say(engine)
    headers = server.spoken[0].headers
    assert headers["host"] == "tts.example.org:8000"
    assert (headers["authorization"], headers["proxy-authorization"]) == ("Bearer sk", "Basic Ym9iOnBhc3M=")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_is_not_shown_the_key(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Least of all where the rest is encrypted."""
    heads: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with Remote(f"{scheme}://tts.example.org", key="sk", voices=["alloy"]) as engine:
            with pytest.raises(EngineError):
                await say(engine)
    assert heads
    assert not any("proxy-authorization" in head.lower() for head in heads)
    assert scheme == "http" or not any("sk" in head for head in heads)


async def test_loopback_is_reached_without_a_proxy(
    server: SpeechServer, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says of others."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert await say(await enter())


# ---- among others


async def test_under_a_retry_a_passing_fault_is_not_noticed(server: SpeechServer, enter: Enter) -> None:
    """It is the engine that the wrapper was made for."""
    server.faults = [Fault.BUSY, Fault.EMPTY]
    sound = await say(Retry(await enter(), sleep=at_once))
    np.testing.assert_allclose(samples(sound), SOUND, atol=1e-4)


async def test_under_a_breaker_the_input_does_not_count(server: SpeechServer, enter: Enter) -> None:
    """But the server does."""
    breaker = Breaker(await enter(voices=["alloy"]), failures=2)
    for fault, state in ((Fault.BAD_REQUEST, State.CLOSED), (Fault.NO_VOICE, State.CLOSED), (Fault.FAILED, State.OPEN)):
        server.always = fault
        for _ in range(3):
            with pytest.raises(EngineError):
                await anext(breaker.synthesize(HELLO))
        assert breaker.state is state


async def test_with_a_fallback_another_speaks(server: SpeechServer, enter: Enter) -> None:
    """Whatever the server has."""
    server.always = Fault.HTML
    offline = FakeEngine("offline")
    spare = Utterance("Hi.", "remote", "alloy", "en", alternatives=(EngineVoice("offline", "heart"),))
    sound = await say(Fallback([await enter(), offline]), spare)
    assert {pcm.spoken.engine for pcm in sound} == {"offline"}


async def test_several_channels_and_other_rates_are_heard(server: SpeechServer, enter: Enter) -> None:
    """As the server has them."""
    server.sound = compressed(np.stack([SOUND, SOUND]), "mp3", rate=44_100, layout="stereo")
    sound = await say(await enter(format="mp3"))
    assert {pcm.sample_rate for pcm in sound} == {44_100}
    assert {pcm.samples.ndim for pcm in sound} == {1}


@asynccontextmanager
async def _full() -> AsyncIterator[str]:
    """A listener whose queue is full, so that nobody gets through to it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for filler in fillers:
                filler.close()
