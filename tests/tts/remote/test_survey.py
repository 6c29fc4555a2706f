"""What is known of a server: its voices, whether it is well, whether it is a Sayso."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bot.errors import EngineBroken, EngineTimeout, EngineUnavailable, UnknownVoice
from bot.speech import Utterance
from bot.tts.remote import Remote
from bot.tts.remote.catalogue import EVERYTHING, OPENAI
from bot.tts.remote.survey import FRESH
from bot.tts.voices import speaks
from tests.doubles.speech_server import Fault, SpeechServer
from tests.tts.remote.conftest import Enter

VOICES = "/v1/audio/voices"
HELLO = Utterance("Hello.", "remote", "alloy", "en")
SAYSO = {
    "voices": [{"id": "sayso", "name": "sayso", "description": "", "gender": "female", "aliases": []}],
    "engines": {"offline": [{"name": "heart", "language": "en-US", "gender": "female"}]},
}


@dataclass(slots=True)
class Pauses:
    """Pauses that end when the test says so; ``asked`` are their lengths."""

    asked: list[float] = field(default_factory=list)
    _over: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, span: float) -> None:
        self.asked.append(span)
        self._begun.set()
        await self._over.get()

    async def begun(self, times: int) -> None:
        """Wait until so many pauses were begun: what was learnt before each is known then."""
        while len(self.asked) < times:
            self._begun.clear()
            await self._begun.wait()

    async def end(self) -> None:
        """End the pause that is on, and wait for the next."""
        self._over.put_nowait(None)
        await self.begun(len(self.asked) + 1)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def names(engine: Remote) -> Sequence[str]:
    return [voice.name for voice in await engine.voices()]


# ---- voices


async def test_until_it_is_known_openais_voices_are_assumed(server: SpeechServer) -> None:
    """They speak everything, and nobody is asked for them."""
    engine = Remote(server.url)
    assert await names(engine) == list(OPENAI)
    assert engine.capabilities.languages == EVERYTHING
    assert all(speaks(voice, "zh") for voice in await engine.voices())
    assert not server.paths


async def test_the_server_is_asked_in_the_background(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """As soon as the engine is entered."""
    server.voices = {"voices": ["af_heart", "zf_xiaoni"]}
    engine = await enter(sleep=pauses.sleep, name="far")
    await pauses.begun(1)
    assert await names(engine) == ["af_heart", "zf_xiaoni"]
    assert {voice.engine for voice in await engine.voices()} == {"far"}
    assert engine.capabilities.languages == {"en", "zh"}


async def test_a_server_that_cannot_tell_keeps_openais(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """Most cannot."""
    server.voices = server.models = None
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    assert await names(engine) == list(OPENAI)
    assert pauses.asked == [FRESH]


async def test_what_is_no_list_is_passed_over(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """As of a page that answers to every address."""
    server.voices = {"voices": []}
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    assert await names(engine) == list(OPENAI)


async def test_voices_that_are_given_are_believed(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """The server is not even asked for its own."""
    engine = await enter(sleep=pauses.sleep, voices=["ann", "bob"], languages=["de"], model="tts-9")
    await pauses.begun(1)
    assert await names(engine) == ["ann", "bob"]
    assert {(voice.language, voice.revision) for voice in await engine.voices()} == {("de", "tts-9")}
    assert engine.capabilities.languages == {"de"}
    assert VOICES not in server.paths
    assert await engine.check() == "2 voices"
    assert await names(engine) == ["ann", "bob"]


async def test_languages_that_are_given_are_believed(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """Of the voices that the server lists, too."""
    engine = await enter(sleep=pauses.sleep, languages=["de", "fr"])
    await pauses.begun(1)
    assert engine.capabilities.languages == {"de", "fr"}
    assert await names(engine) == ["alloy", "ash", "nova"]


async def test_the_server_is_asked_again_every_few_minutes(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """Voices come and go."""
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    server.voices = ["new"]
    await pauses.end()
    assert await names(engine) == ["new"]
    assert pauses.asked == [300.0, 300.0]


async def test_a_server_that_is_away_is_asked_again_sooner(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """With pauses that grow; and what was known is not forgotten."""
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    await server.stop()
    for _ in range(8):
        await pauses.end()
    assert await names(engine) == ["alloy", "ash", "nova"]
    await server.start()
    server.voices = ["new"]
    await pauses.end()
    assert await names(engine) == ["new"]
    assert pauses.asked == [300.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]


async def test_a_server_that_refuses_to_tell_is_asked_again_sooner(
    server: SpeechServer, enter: Enter, pauses: Pauses
) -> None:
    """As one that is told the key later."""
    server.key = "sk"
    await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    assert pauses.asked == [5.0]


async def test_an_unknown_voice_is_a_doubt(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """The server is asked at once, but not by each of a hundred who are refused."""
    now = 100.0
    engine = await enter(sleep=pauses.sleep, clock=lambda: now)
    await pauses.begun(1)
    server.always = Fault.NO_VOICE
    for _ in range(3):
        with pytest.raises(UnknownVoice):
            await anext(engine.synthesize(HELLO))
    assert server.paths.count(VOICES) == 1
    now, server.voices = 111.0, ["new"]
    with pytest.raises(UnknownVoice):
        await anext(engine.synthesize(HELLO))
    await pauses.begun(2)
    assert await names(engine) == ["new"]


async def test_leaving_ends_the_asking(server: SpeechServer, pauses: Pauses) -> None:
    """Also while it waits for an answer."""
    async with Remote(server.url, sleep=pauses.sleep):
        await pauses.begun(1)
    async with Remote(server.url, sleep=pauses.sleep):
        pass
    assert len(asyncio.all_tasks() - {asyncio.current_task()}) <= 2  # those of the server


# ---- a Sayso


@pytest.mark.parametrize(
    "settings",
    [
        {"models": {"object": "list", "data": [{"id": "tts-1", "owned_by": "sayso"}]}, "voices": None},
        {"sayso": True, "models": None, "voices": None},
        {"models": None, "voices": SAYSO},
    ],
)
async def test_a_sayso_is_recognised(
    server: SpeechServer, enter: Enter, pauses: Pauses, settings: dict[str, object]
) -> None:
    """By its models, by how it says that it is alive, or by its voices."""
    for name, value in settings.items():
        setattr(server, name, value)
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    async for _ in engine.synthesize(HELLO):
        pass
    assert server.spoken[0].body["language"] == "en"


async def test_others_are_not_taken_for_one(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """A strict server may refuse what it does not know."""
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    async for _ in engine.synthesize(HELLO):
        pass
    assert "language" not in server.spoken[0].body


async def test_the_voices_of_a_sayso_are_its_personas(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """By name; what they speak is what its engines do."""
    server.voices = SAYSO
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    assert [(voice.name, voice.gender, voice.language) for voice in await engine.voices()] == [
        ("sayso", "female", "mul")
    ]
    assert engine.capabilities.languages == {"en"}


# ---- checks


async def test_a_server_that_is_well(server: SpeechServer, enter: Enter) -> None:
    """Says how many voices it has."""
    assert await (await enter()).check() == "3 voices"
    server.voices = ["only"]
    assert await (await enter()).check() == "1 voice"


async def test_a_check_is_never_out_of_date(server: SpeechServer, enter: Enter, pauses: Pauses) -> None:
    """What it hears of the voices is known from then on."""
    engine = await enter(sleep=pauses.sleep)
    await pauses.begun(1)
    server.voices = ["new"]
    assert await engine.check() == "1 voice"
    assert await names(engine) == ["new"]


async def test_a_sayso_says_itself_whether_it_is_ready(server: SpeechServer, enter: Enter) -> None:
    """And why not."""
    engine = await enter()
    server.ready = False
    with pytest.raises(EngineUnavailable, match=r"not ready to speak yet; .* It says: The self-test is"):
        await engine.check()
    server.ready = True
    assert await engine.check() == "3 voices"


async def test_a_sayso_that_is_ready_and_known_is_asked_for_nothing_more(server: SpeechServer, enter: Enter) -> None:
    """A pool asks every few seconds."""
    server.ready = True
    engine = await enter(voices=["ann", "bob"])
    assert await engine.check() == "2 voices"
    assert VOICES not in server.paths


async def test_a_server_that_tells_only_its_models(server: SpeechServer, enter: Enter) -> None:
    """Is well, too."""
    server.voices = None
    assert await (await enter()).check() == "reachable"


async def test_a_server_that_knows_none_of_these_addresses(server: SpeechServer, enter: Enter) -> None:
    """Is no speech server, as far as anybody can tell."""
    server.voices = server.models = None
    with pytest.raises(EngineBroken, match=r"see remote\.servers"):
        await (await enter()).check()


async def test_a_server_that_has_nothing_but_speech(server: SpeechServer, enter: Enter) -> None:
    """Is told by its refusing to be asked for that by GET."""
    server.voices = server.models = None
    server.only_post = True
    assert await (await enter()).check() == "reachable"


async def test_a_server_that_wants_a_key(server: SpeechServer, enter: Enter) -> None:
    """Says so in a check."""
    server.key = "sk"
    with pytest.raises(EngineBroken, match="REMOTE_API_KEY"):
        await (await enter()).check()
    assert await (await enter(key="sk")).check() == "3 voices"


async def test_a_server_that_is_away(server: SpeechServer, enter: Enter) -> None:
    """Cannot speak."""
    engine = await enter()
    await server.stop()
    with pytest.raises(EngineUnavailable, match="connection refused"):
        await engine.check()


async def test_a_server_that_does_not_answer(
    server: SpeechServer, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not waited for."""
    monkeypatch.setattr("bot.tts.remote.survey._LIMIT", 0.05)
    server.mute = True
    with pytest.raises(EngineTimeout, match="does not answer"):
        await (await enter()).check()


async def test_a_check_that_goes_well_is_a_reason_to_ask_again(
    server: SpeechServer, enter: Enter, pauses: Pauses
) -> None:
    """The server that was away is back."""
    now = 0.0
    await server.stop()
    engine = await enter(sleep=pauses.sleep, clock=lambda: now)
    await pauses.begun(1)
    await server.start()
    server.models = {"data": [{"id": "x", "owned_by": "sayso"}]}
    now = 60.0
    await engine.check()
    await pauses.begun(2)
    async for _ in engine.synthesize(HELLO):
        pass
    assert server.spoken[0].body["language"] == "en"
