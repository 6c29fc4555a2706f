"""What is understood of what was said."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from bot.speech import Samples, Utterance
from bot.tts.indextts.trial import hearing
from bot.tts.indextts.trial.hearing import errors, present, recogniser
from bot.tts.offline import Offline

SENTENCE = "The train to the city leaves early in the morning."


@pytest.mark.parametrize(
    ("asked", "heard", "language", "share"),
    [
        ("The train leaves.", "the train leaves", "en", 0.0),
        ("The train leaves early.", "The rain leaves", "en", 0.5),
        ("The train leaves.", "", "en", 1.0),
        ("One.", "one and two and three", "en", 4.0),
        ("It's late.", "It's late!", "en", 0.0),
        ("我们去散步吧。", "我们 去散步吧", "zh", 0.0),
        ("我们去散步吧。", "我们去散步", "zh", 1 / 6),
        ("ＡＢ", "ab", "en", 0.0),
        ("", "", "en", 0.0),
    ],
)
def test_errors_are_counted_per_word_and_in_chinese_per_character(
    asked: str, heard: str, language: str, share: float
) -> None:
    """Punctuation, case, spaces between characters and the width of letters are no errors."""
    assert errors(asked, heard, language) == pytest.approx(share)


def test_without_the_packages_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three are needed."""
    monkeypatch.setattr(hearing, "find_spec", lambda name: None if name.endswith("part2") else object())
    assert not present()
    with recogniser() as ear:
        assert ear is None


async def _said(text: str) -> tuple[Samples, int]:
    async with Offline() as engine:
        pieces = [pcm async for pcm in engine.synthesize(Utterance(text, "offline", "heart", "en"))]
    return np.concatenate([pcm.samples for pcm in pieces]), pieces[0].sample_rate


@pytest.mark.skipif(not present(), reason="needs the extra hear: 160 MB of a recogniser's weights")
def test_speech_is_understood() -> None:
    """Our offline voice by every word, or nearly; and it is not what somebody else may have said."""
    samples, rate = asyncio.run(_said(SENTENCE))
    with recogniser() as ear:
        assert ear is not None
        heard = ear.hears(samples, rate, "en")
    assert errors(SENTENCE, heard, "en") <= 0.2
    assert errors("Nobody has ever seen such a thing.", heard, "en") >= 0.8
