"""What can be speech, and what cannot."""

from __future__ import annotations

import numpy as np
import pytest

from bot.speech import Samples
from bot.tts.indextts.trial.sanity import Sanity, units

RATE = 24_000
TEXT = "one two three four five six seven eight nine"


def syllables(seconds: float = 3.0, level: float = 0.3) -> Samples:
    """A voice's overtones that rise and fall four times a second, and a faint noise under them: like speech by all that
    is measured."""
    at = np.arange(round(seconds * RATE)) / RATE
    voice = np.sum([np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 9)], axis=0)
    noise = np.random.default_rng(7).normal(0, 1e-3, len(at))
    sound: Samples = (level * voice * np.sin(np.pi * 4 * at) ** 4 + noise).astype(np.float32)
    return sound


def noise(level: float) -> Samples:
    return np.random.default_rng(7).normal(0, level, 3 * RATE).astype(np.float32)


def odd(samples: Samples, text: str = TEXT, language: str = "en") -> list[str]:
    return list(Sanity.of(samples, RATE, text, language).odd(language))


def test_what_is_like_speech_is_not_odd() -> None:
    """Nor in Chinese, at its own pace."""
    assert odd(syllables()) == []
    assert odd(syllables(), "今天天气很好，我们去散步。", "zh") == []


def test_it_is_measured() -> None:
    """Three words a second of a sine whose figures are known, and half of whose time is silence."""
    at = np.arange(RATE) / RATE
    sine = (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    found = Sanity.of(np.concatenate((sine, np.zeros_like(sine))), RATE, "one two three four five six", "en")
    assert (found.unit, found.pace) == ("words", 3.0)
    assert found.level == pytest.approx(20 * np.log10(0.25), abs=0.01)
    assert found.peak == pytest.approx(0.5, abs=1e-3)
    assert found.clipped == 0
    assert found.range == pytest.approx(100 + 20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (noise(0.2), "dB lie between loud and quiet; speech has 12 and more"),
        (np.zeros(3 * RATE, np.float32), "its level is -100 dBFS; speech has -40 to -6"),
        (syllables(level=0.001), "its level is -59 dBFS; speech has -40 to -6"),
        (np.sign(noise(1.0)), "its level is 0 dBFS"),
        (np.clip(syllables(level=2.0), -1, 1), "of it is at full scale; at most 0.1% is well"),
        (syllables(12), "0.8 words a second; speech has 1.2 to 5.5"),
        (syllables(1.5), "6.0 words a second; speech has 1.2 to 5.5"),
        (syllables(0.02), "450.0 words a second"),
    ],
    ids=["noise", "silence", "whisper", "square", "clipped", "slow", "fast", "a moment"],
)
def test_what_is_not_like_speech_is_told(samples: Samples, words: str) -> None:
    """With the figure, and what it should be."""
    assert words in "; ".join(odd(samples))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_sound_at_all_is_told_once(value: float) -> None:
    """An overflow in 16 bits, say."""
    samples = syllables()
    samples[100] = value
    assert odd(samples) == ["the sound holds values that are no numbers"]


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [("你好，世界。", "zh", 4), ("今天 go 去", "zh", 5), ("It's a test, isn't it?", "en", 5), ("…", "en", 0)],
)
def test_characters_are_counted_in_chinese_and_words_in_english(text: str, language: str, count: int) -> None:
    """Punctuation says nothing."""
    assert units(text, language) == count
