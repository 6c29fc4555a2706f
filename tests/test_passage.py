"""Speeches in MP3 through the whole speaker: an engine's own frames to who asks for just that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.config import SpeakSettings
from bot.errors import EngineTruncated, EngineUnavailable
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Codec, Reason, Refusal, Request, Speech
from bot.tts.audio import decode, frames
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script, mp3

TEXT = "Hello from Sayso. This is the second sentence."
PAUSE = 10
"""Frames in the quarter of a second between two sentences."""


@pytest.fixture
def edge(edge: FakeEngine) -> FakeEngine:
    """As Microsoft's: its sound comes in MP3."""
    edge.capabilities = replace(edge.capabilities, codec=Codec.MP3)
    return edge


@pytest.fixture
async def speaker(opened: Opened, edge: FakeEngine) -> AsyncIterator[Speaker]:
    async with opened(speak=SpeakSettings(engine="edge")) as speaker:
        yield speaker


def request(text: str | AsyncIterator[str] = TEXT, codec: Codec = Codec.MP3, **how: object) -> Request:
    return replace(Request("api:local", "api:local", text, codec=codec), **how)  # type: ignore[arg-type]


async def said(speaker: Speaker, asked: Request) -> Said:
    answer = await speaker.say(asked)
    assert isinstance(answer, Said), answer
    return answer


async def broken_off(speech: Speech) -> list[bytes]:
    """What is heard of a speech that does not become whole."""
    heard: list[bytes] = []
    try:
        async for frame in speech:
            heard.append(frame)  # noqa: PERF401 (what came before the failure counts)
    except EngineTruncated:
        return heard
    raise AssertionError("it became whole")


async def test_the_engines_own_frames_go_out_as_they_came(speaker: Speaker, edge: FakeEngine) -> None:
    """Sentence by sentence with a breath between, and the whole is what was streamed."""
    answer = await said(speaker, request())
    assert answer.speech.codec is Codec.MP3
    heard = [frame async for frame in answer.speech]
    clip = await answer.speech.clip()
    once = mp3() * 3
    assert heard[: len(once)] == list(once)
    assert heard[-len(once) :] == list(once)
    assert len(heard) - 2 * len(once) <= PAUSE
    assert (b"".join(heard), clip.codec) == (clip.data, Codec.MP3)
    assert [(one.utterance.text, one.utterance.engine) for one in clip.spoken] == [
        ("Hello from Sayso.", "edge"),
        ("This is the second sentence.", "edge"),
    ]
    assert {utterance.codec for utterance in edge.asked} == {Codec.MP3}
    assert answer.speech.seconds == pytest.approx(len(heard) * 0.024)


async def test_it_is_cached_under_a_key_of_its_own(speaker: Speaker, edge: FakeEngine) -> None:
    """MP3 for who wants MP3, from memory or from disk, and Opus for who wants that."""
    first = await (await said(speaker, request())).speech.clip()
    await speaker.settle()
    for _ in range(2):
        again = await said(speaker, request())
        assert (again.cached, again.speech.codec) == (True, Codec.MP3)
        assert b"".join([frame async for frame in again.speech]) == first.data
        speaker.store.cache._memory.drop_all()
    assert len(edge.asked) == 2
    opus = await said(speaker, request(codec=Codec.OPUS))
    assert (opus.cached, opus.speech.codec) == (False, Codec.OPUS)
    assert (await opus.speech.clip()).ogg.startswith(b"OggS")
    assert len(edge.asked) == 4


async def test_who_asks_for_mp3_meanwhile_shares_it(speaker: Speaker, edge: FakeEngine) -> None:
    """Made once, heard twice."""
    first, second = await said(speaker, request()), await said(speaker, request())
    assert (second.shared, second.speech.codec) == (True, Codec.MP3)
    assert (await first.speech.clip()) is (await second.speech.clip())
    assert len(edge.asked) == 2


async def test_what_there_is_in_opus_is_not_spoken_anew(speaker: Speaker, edge: FakeEngine) -> None:
    """Being made, or cached: to encode it again is quicker than to synthesise it."""
    making = await said(speaker, request(codec=Codec.OPUS))
    shared = await said(speaker, request())
    assert (shared.shared, shared.speech.codec) == (True, Codec.OPUS)
    await making.speech.clip()
    await speaker.settle()
    cached = await said(speaker, request())
    assert (cached.cached, cached.speech.codec) == (True, Codec.OPUS)
    assert len(edge.asked) == 2


async def test_of_both_the_one_that_was_asked_for_is_taken(speaker: Speaker) -> None:
    """Wherever each of them lies."""
    for codec in (Codec.MP3, Codec.OPUS):
        await (await said(speaker, request(codec=codec))).speech.clip()
        await speaker.settle()
    for _ in range(2):
        for codec in Codec:
            assert (await said(speaker, request(codec=codec))).speech.codec is codec
        speaker.store.cache._memory.drop_all()


async def test_an_engine_that_makes_samples_gives_opus(speaker: Speaker, offline: FakeEngine) -> None:
    """Nothing is gained by a second encoding of our own; whoever asked turns it into what they want."""
    answer = await said(speaker, request(engine="offline"))
    assert answer.speech.codec is Codec.OPUS
    assert (await answer.speech.clip()).ogg
    assert {utterance.codec for utterance in offline.asked} == {Codec.OPUS}


async def test_a_fallbacks_samples_become_frames(speaker: Speaker, edge: FakeEngine) -> None:
    """The stream was promised as MP3 before anybody knew who would speak."""
    edge.scripts = (Script(pieces=0, error=EngineUnavailable("edge", "away")),)
    answer = await said(speaker, request())
    heard = [frame async for frame in answer.speech]
    clip = await answer.speech.clip()
    assert answer.caption == "edge could not be reached, offline spoke instead"
    assert (clip.codec, b"".join(heard)) == (Codec.MP3, clip.data)
    assert list(frames(clip.data)) == heard
    sound, rate = decode(clip.data)
    assert rate == 24_000
    assert sound.size / rate == pytest.approx(clip.seconds, abs=0.05)
    assert [one.utterance.engine for one in clip.spoken] == ["offline", "offline"]


async def test_a_fallback_may_speak_one_sentence_of_two(speaker: Speaker, edge: FakeEngine) -> None:
    """And the stream is one valid MP3 all the same."""
    edge.scripts = (Script(), Script(pieces=0, error=EngineUnavailable("edge", "away")))
    clip = await (await said(speaker, request())).speech.clip()
    assert [one.utterance.engine for one in clip.spoken] == ["edge", "offline"]
    assert clip.data.startswith(b"".join(mp3() * 3))
    assert len(frames(clip.data)) * 0.024 == pytest.approx(clip.seconds)


async def test_what_a_fallback_spoke_does_not_answer_for_the_engine(speaker: Speaker, edge: FakeEngine) -> None:
    """When the engine is back, so is its voice."""
    edge.scripts = (Script(pieces=0, error=EngineUnavailable("edge", "away")),)
    await (await said(speaker, request("Hello."))).speech.clip()
    await speaker.settle()
    edge.scripts = (Script(),)
    answer = await said(speaker, request("Hello."))
    assert not answer.cached
    assert (await answer.speech.clip()).spoken[0].utterance.engine == "edge"


async def test_a_text_that_is_still_being_written_is_spoken_in_mp3(speaker: Speaker) -> None:
    """Sentence by sentence as it grows."""

    async def written() -> AsyncIterator[str]:
        for piece in ("Hello from ", "Sayso. And ", "more."):
            yield piece

    answer = await said(speaker, request(written()))
    clip = await answer.speech.clip()
    assert clip.codec is Codec.MP3
    assert len(clip.spoken) == 2


async def test_half_of_it_is_heard_and_then_why(speaker: Speaker, edge: FakeEngine) -> None:
    """A stream that breaks off is not taken for whole, nor kept."""
    edge.scripts = (Script(pieces=2, error=EngineTruncated("edge", "It broke off.")),)
    answer = await said(speaker, request("Hello."))
    heard = await broken_off(answer.speech)
    assert len(heard) > len(mp3())
    assert heard == list(mp3() * 2)[: len(heard)]
    assert speaker.store.cache.stats().entries == 0


@pytest.mark.parametrize("settled", [True, False])
async def test_who_wants_packets_cannot_replay_frames(speaker: Speaker, settled: bool) -> None:
    """A voice channel has no use for MP3; who wants it in MP3 can."""
    answer = await said(speaker, request())
    await answer.speech.clip()
    if settled:
        await speaker.settle()
    assert answer.key is not None
    no = await speaker.replay(request("", codec=Codec.OPUS), answer.key)
    assert isinstance(no, Refusal)
    assert no.reason is Reason.NOT_KEPT
    yes = await speaker.replay(request(""), answer.key)
    assert isinstance(yes, Said)
    assert yes.speech.codec is Codec.MP3


async def test_a_damaged_clip_is_spoken_anew(speaker: Speaker, edge: FakeEngine) -> None:
    """Half a frame at the end tells that something is missing."""
    answer = await said(speaker, request())
    clip = await answer.speech.clip()
    await speaker.settle()
    assert answer.key is not None
    await speaker.store.cache.drop(answer.key)
    await speaker.store.cache.put(answer.key, replace(clip, data=clip.data[:-3]))
    again = await said(speaker, request())
    assert not again.cached
    assert (await again.speech.clip()).data == clip.data
    assert len(edge.asked) == 4
