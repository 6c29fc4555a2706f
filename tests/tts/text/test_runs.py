"""A sentence in one voice at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text.runs import runs


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("I love 寿司 very much.", "en", [("I love", "en"), ("寿司", "zh"), ("very much.", "en")]),
        ("The word спасибо means thanks.", "en", [("The word", "en"), ("спасибо", "ru"), ("means thanks.", "en")]),
        ("She said 你好，世界。 and left.", "en", [("She said", "en"), ("你好，世界。", "zh"), ("and left.", "en")]),
        ("It was on 2024年3月5日 in Rome.", "en", [("It was on", "en"), ("2024年3月5日", "zh"), ("in Rome.", "en")]),
        (
            "Das heißt ありがとう auf Japanisch.",
            "de",
            [("Das heißt", "de"), ("ありがとう", "ja"), ("auf Japanisch.", "de")],
        ),
        ("안녕 is hello.", "en", [("안녕", "ko"), ("is hello.", "en")]),
        ("他说 спасибо 然后走了。", "zh", [("他说", "zh"), ("спасибо", "ru"), ("然后走了。", "zh")]),
        ("Он сказал 你好 и ушёл.", "ru", [("Он сказал", "ru"), ("你好", "zh"), ("и ушёл.", "ru")]),
    ],
)
def test_what_a_reader_cannot_read_gets_a_reader_of_its_own(
    text: str, language: str, parts: list[tuple[str, str]]
) -> None:
    """A Chinese word is never given to an English voice."""
    assert runs(text, language) == parts


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Plain words, and 3 numbers.", "en"),
        ("我用了三个GPU来train模型。", "zh"),
        ("今日は GPU を使いました。", "ja"),
        ("Он купил iPhone вчера.", "ru"),
        ("Це було вчора, дякую.", "uk"),
        ("The γ ray and the number π.", "en"),
        ("Müller aß im café, naïve as ever.", "en"),
        ("Γειά σου κόσμε.", "el"),
        ("“Quotes” — and dashes… only!", "en"),
    ],
)
def test_what_one_reader_reads_stays_whole(text: str, language: str) -> None:
    """Latin words in other scripts, accents, single letters of another alphabet, marks of every kind."""
    assert runs(text, language) == [(text, language)]


@given(st.text("ab 1.,你好 안녕 привет γ。！", max_size=60), st.sampled_from(["en", "zh", "ru", "ko", "fr"]))
def test_no_letter_is_lost(text: str, language: str) -> None:
    """Whatever is mixed, everything that can be said is in some part, in order."""
    said = "".join(c for part, _ in runs(text, language) for c in part if c.isalnum())
    assert said == "".join(c for c in text if c.isalnum())
