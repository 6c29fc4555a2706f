"""Remote against the real thing: a Sayso's own HTTP adapter, on a port and on a unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.http import create_api, listen, listen_at, names, serve
from bot.config import AudioSettings, SpeakSettings
from bot.errors import (
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.queue import Dispatcher, Limits
from bot.said import Said
from bot.script import Stage
from bot.speaker import Speaker
from bot.speech import Pcm, Request, Utterance
from bot.store import Store
from bot.tts.remote import Remote
from bot.tts.voices import Voices
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script

KEY = "sk-1"
HELLO = Utterance("Hello there.", "remote", "sayso", "en")


@asynccontextmanager
async def served(speaker: Speaker, socket: Path | None = None, keys: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """The URL of a Sayso, at a unix socket if one is given."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen_at(socket) if socket else listen("127.0.0.1", 0, keys=keys) as listener:
        port = "" if socket else f":{listener.getsockname()[1]}"
        api = create_api(speaker, keys=keys, hosts=names("127.0.0.1"))
        serving = asyncio.create_task(serve(api, listener, stop, ready.set, drain=1))
        await ready.wait()
        try:
            yield f"http://{'localhost' if socket else '127.0.0.1'}{port}"
        finally:
            stop.set()
            await serving


@pytest.fixture
async def url(speaker: Speaker) -> AsyncIterator[str]:
    async with served(speaker) as url:
        yield url


async def say(engine: Remote, utterance: Utterance = HELLO) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(utterance)]


async def known(engine: Remote) -> None:
    """Wait until the engine has got to know its server."""
    async with asyncio.timeout(10):
        while len(await engine.voices()) == 13 or "sayso" not in [voice.name for voice in await engine.voices()]:  # noqa: ASYNC110 (nothing announces it)
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("format", ["wav", "pcm", "mp3", "opus", "flac"])
async def test_the_sound_is_that_of_the_engine_behind_it(url: str, format: str) -> None:
    """In every format: of the same length, and the same tone."""
    async with Remote(url, format=format) as engine:
        sound = await say(engine)
    samples, rate = np.concatenate([pcm.samples for pcm in sound]), sound[0].sample_rate
    assert samples.size / rate == pytest.approx(0.3, abs=0.08)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    assert np.fft.rfftfreq(samples.size, 1 / rate)[spectrum.argmax()] == pytest.approx(330, abs=8)
    assert np.abs(samples).max() > 0.05


async def test_it_is_the_same_over_a_unix_socket(speaker: Speaker, offline: FakeEngine, tmp_path: Path) -> None:
    """As with a child of our own."""
    socket = tmp_path / "s.sock"
    async with served(speaker, socket) as url, Remote(url, socket=socket) as engine:
        assert await engine.check() == f"{len(await engine.voices())} voices"
        assert await say(engine)
    assert offline.asked[0].text == HELLO.text


async def test_a_sayso_is_known_for_what_it_is(url: str, speaker: Speaker) -> None:
    """Its personas are the voices, and what its engines speak is what they do."""
    async with Remote(url) as engine:
        await known(engine)
        personas = [persona.name for persona in speaker.stage.voices.personas()]
        assert [voice.name for voice in await engine.voices()] == personas
        assert engine.capabilities.languages == {"en", "zh"}
        assert await engine.check() == f"{len(personas)} voices"


async def test_language_and_rate_arrive(url: str, offline: FakeEngine) -> None:
    """So that the server need not guess, and speaks as fast as was wished."""
    async with Remote(url) as engine:
        await known(engine)
        await say(engine, Utterance("漢字", "remote", "sayso", "zh", rate=1.5))
    assert (offline.asked[0].language, offline.asked[0].rate) == ("zh", 1.5)


@pytest.mark.parametrize(
    ("utterance", "kind"),
    [
        (Utterance("Hi.", "remote", "nobody-of-that-name", "en"), UnknownVoice),
        (Utterance("...", "remote", "sayso", "en"), NothingToSay),
        (Utterance("Всем привет, как дела?", "remote", "sayso", "ru"), LanguageNotSpoken),
    ],
)
async def test_what_a_sayso_refuses(url: str, utterance: Utterance, kind: type[EngineError]) -> None:
    """Is refused here for the same reason, and no fault of the server's."""
    async with Remote(url) as engine:
        await known(engine)
        with pytest.raises(kind) as caught:
            await say(engine, utterance)
    assert type(caught.value) is kind
    assert not caught.value.trips


async def test_an_engine_that_is_not_there(url: str) -> None:
    """Is a setting that is wrong."""
    async with Remote(url, model="indextts-9") as engine:
        with pytest.raises(EngineBroken, match=r"no model 'indextts-9'; set remote\.model"):
            await say(engine)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EngineUnavailable("offline", "Come back later.", retry_after=7.0), EngineUnavailable),
        (EngineBroken("offline", "Install it."), EngineBroken),
        (EngineRejected("offline", "Not this."), EngineRejected),
    ],
)
async def test_what_fails_behind_it(url: str, offline: FakeEngine, error: EngineError, kind: type[EngineError]) -> None:
    """Is told in the words of the engine behind it, with the time to stay away."""
    offline.scripts = (Script(pieces=0, error=error),)
    async with Remote(url) as engine:
        with pytest.raises(kind, match=str(error)) as caught:
            await say(engine)
    assert caught.value.retry_after == error.retry_after


async def test_what_breaks_off_behind_it(url: str, offline: FakeEngine) -> None:
    """Breaks off here, too: it is not taken for an end."""
    offline.scripts = (Script(pieces=30, error=EngineTruncated("offline", "Cut.")),)
    for format in ("wav", "pcm", "mp3", "opus", "flac"):
        async with Remote(url, format=format) as engine:
            with pytest.raises(EngineTruncated):
                await say(engine)


async def test_a_full_queue_says_when_to_come_back(opened: Opened, offline: FakeEngine) -> None:
    """Which is worth a retry, or another server."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment, return-value]
    limits = Limits(per_user=1, per_guild=1)
    async with opened(limits=limits, slots=1) as speaker, served(speaker) as url, Remote(url, slots=9) as engine:
        texts = [Utterance(f"Number {number}.", "remote", "sayso", "en") for number in range(4)]
        speaking = [asyncio.create_task(say(engine, text)) for text in texts]
        done, _ = await asyncio.wait(speaking, return_when=asyncio.FIRST_COMPLETED, timeout=10)
        error = done.pop().exception()
        assert isinstance(error, EngineUnavailable)
        assert error.retry_after is not None
        gate.set()
        await asyncio.gather(*speaking, return_exceptions=True)


async def test_closing_early_stops_the_engine_behind_it(url: str, offline: FakeEngine) -> None:
    """Nobody else listens."""
    gate = asyncio.Event()

    async def sleep(_: float) -> None:
        if len(heard) and not gate.is_set():
            await gate.wait()

    heard: list[Pcm] = []
    offline.scripts, offline.sleep = (Script(pieces=100),), sleep
    async with Remote(url) as engine:
        sound = engine.synthesize(HELLO)
        heard.append(await anext(sound))
        await sound.aclose()
        async with asyncio.timeout(10):
            while offline.active:  # noqa: ASYNC110 (nothing announces it)
                await asyncio.sleep(0.001)
    assert not offline.finished


async def test_a_sayso_that_wants_a_key(speaker: Speaker) -> None:
    """Speaks to who has it."""
    async with served(speaker, keys=(KEY,)) as url:
        async with Remote(url) as engine:
            with pytest.raises(EngineBroken, match="set REMOTE_API_KEY"):
                await say(engine)
            with pytest.raises(EngineBroken, match="set REMOTE_API_KEY"):
                await engine.check()
        async with Remote(url, key=KEY) as engine:
            assert await say(engine)
            assert (await engine.check()).endswith("voices")


async def test_who_stands_in_behind_it_is_told_and_not_kept_as_its_own(
    opened: Opened, offline: FakeEngine, edge: FakeEngine, tmp_path: Path
) -> None:
    """Else everybody would go on hearing the stand-in, long after the engine behind it is back."""
    edge.scripts = (Script(pieces=0, error=EngineUnavailable("edge", "It is away.")), Script())
    async with opened(speak=SpeakSettings("edge")) as far, served(far) as url, Remote(url) as engine:
        await known(engine)
        async with near(engine, tmp_path / "near.db") as speaker:
            first, second, third = [await whole(speaker) for _ in range(3)]
    assert first.speech.spoken[0].utterance.voice == "offline · heart"
    assert first.caption.startswith("remote could not be reached")
    assert (second.cached, second.caption) == (False, "")
    assert (third.cached, third.caption) == (True, "")
    assert len(offline.asked) == 1
    assert len(edge.asked) == 2


@asynccontextmanager
async def near(engine: Remote, database: Path) -> AsyncIterator[Speaker]:
    """A speaker that has no engine but this one."""
    async with Store.open(database) as store:
        speak = SpeakSettings("remote", voice="sayso", language="en")
        stage = Stage({"remote": engine}, Voices.load(), speak, {}, fresh=0.0)
        speaker = Speaker(stage, Dispatcher({"remote": 4}), store, AudioSettings())
        try:
            yield speaker
        finally:
            await speaker.close(0.0)


async def whole(speaker: Speaker) -> Said:
    """What becomes of one sentence, when it is spoken and put away."""
    said = await speaker.say(Request("guild", "user", "Hello there."))
    assert isinstance(said, Said)
    await said.speech.clip()
    await speaker.settle()
    return said
