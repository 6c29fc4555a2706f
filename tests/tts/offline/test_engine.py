"""The offline engine really speaks, and says no by name to what it cannot say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from bot.errors import EngineRejected, LanguageNotSpoken, NothingToSay, UnknownVoice
from bot.speech import Pcm, Utterance
from bot.tts.offline import Offline


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Offline]:
    async with Offline() as offline:
        yield offline


def utterance(text: str, voice: str = "heart", language: str = "en", rate: float = 1.0) -> Utterance:
    return Utterance(text, "offline", voice, language, rate)


async def spoken(engine: Offline, what: Utterance) -> list[Pcm]:
    return [piece async for piece in engine.synthesize(what)]


def sound(pieces: list[Pcm]) -> np.ndarray:
    return np.concatenate([piece.samples for piece in pieces])


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_english_is_spoken(engine: Offline) -> None:
    """A plain install speaks English: a few words are about as long as a person would take, and audible."""
    samples = sound(await spoken(engine, utterance("Hello there, this is a voice without a network.")))
    assert 1.5 < len(samples) / 24_000 < 5
    assert np.isfinite(samples).all()
    assert 0.01 < float(np.sqrt(np.mean(samples**2))) < 0.5


async def test_chinese_is_spoken_a_clause_at_a_time(engine: Offline) -> None:
    """The first clause of a Chinese sentence comes before the rest is made."""
    pieces = await spoken(engine, utterance("今天天气很好，我们一起去公园散步吧。", "zf_xiaoxiao", "zh"))
    assert len(pieces) == 2
    assert 2 < len(sound(pieces)) / 24_000 < 6
    assert all(piece.sample_rate == 24_000 and piece.samples.dtype == np.float32 for piece in pieces)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (utterance("Привет", language="ru"), "Russian"),
        (utterance("Привет, мир"), "Cyrillic"),
        (utterance("你好", language="zh"), "Chinese"),
        (utterance("Say 你好 to her"), "Chinese"),
        (utterance("안녕하세요", "jf_alpha", "ja"), "Korean"),
        (utterance("こんにちは", "zf_xiaoxiao", "zh"), "Japanese"),
    ],
)
async def test_what_no_voice_can_read_is_refused_by_name(engine: Offline, what: Utterance, named: str) -> None:
    """A language or an alphabet that the voice cannot read is refused with its name, and nothing is spoken."""
    with pytest.raises(LanguageNotSpoken, match=named):
        await spoken(engine, what)


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "…!?", "\n"])
async def test_nothing_pronounceable_is_said_to_be_nothing(engine: Offline, text: str) -> None:
    """Silence is never returned as success."""
    with pytest.raises(NothingToSay):
        await spoken(engine, utterance(text))


async def test_an_unknown_voice_gets_the_nearest_names(engine: Offline) -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(UnknownVoice, match="nearest: heart"):
        await spoken(engine, utterance("Hello.", "hart"))


@pytest.mark.parametrize("rate", [0.49, 2.01, float("nan"), 0.0])
async def test_a_rate_beyond_the_models_is_refused(engine: Offline, rate: float) -> None:
    """Half to twice the speed of the voice; anything else is named and refused."""
    with pytest.raises(EngineRejected, match="rate"):
        await spoken(engine, utterance("Hello.", rate=rate))
