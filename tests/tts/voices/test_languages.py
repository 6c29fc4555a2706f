"""Languages: which voice speaks which."""

from __future__ import annotations

import pytest

from bot.tts.engine import Voice
from bot.tts.voices.languages import primary, speaks


def edge(name: str, language: str) -> Voice:
    return Voice("edge", name, language)


@pytest.mark.parametrize(
    ("language", "listed"),
    [("zh", "zh"), ("zh-TW", "zh"), ("zh_CN", "zh"), ("EN-us", "en"), ("no", "nb"), ("tl", "fil"), ("yue", "zh")],
)
def test_a_language_is_looked_up_as_voices_list_it(language: str, listed: str) -> None:
    """Regions go, and a detector's name becomes the one that voices have."""
    assert primary(language) == listed


@pytest.mark.parametrize(
    ("voice", "language", "answer"),
    [
        (edge("zh-CN-XiaoxiaoNeural", "zh-CN"), "zh", True),
        (edge("zh-CN-XiaoxiaoNeural", "zh-CN"), "en", False),
        (edge("en-US-AvaNeural", "en-US"), "zh", False),
        (edge("en-US-AvaMultilingualNeural", "en-US"), "zh", True),
        (edge("en-US-AvaMultilingualNeural", "en-US"), "iu", False),
        (edge("nb-NO-FinnNeural", "nb-NO"), "no", True),
        (edge("zh-HK-WanLungNeural", "zh-HK"), "yue", True),
        (Voice("indextts", "sayso.wav", "zh en"), "en", True),
        (Voice("indextts", "sayso.wav", "zh,en"), "zh", True),
        (Voice("indextts", "sayso.wav", "zh en"), "ja", False),
        (Voice("remote", "any", ""), "ja", True),
        (Voice("remote", "any", "mul"), "ja", True),
    ],
)
def test_a_voice_speaks_its_own_language_and_a_multilingual_one_many(voice: Voice, language: str, answer: bool) -> None:
    """A voice that says nothing of languages is taken to speak whatever it is given."""
    assert speaks(voice, language) is answer
