"""Marks: what stands for words until the language is known."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean, marks
from bot.tts.text.characters import Filter

EVERY = [marks.CODE, marks.SPOILER, marks.LINK, marks.IMAGE, marks.FORMULA, marks.SOMEONE, marks.CHANNEL, marks.ROLE]


def test_nobody_can_type_a_mark() -> None:
    """They are private code points, which the filter takes out."""
    assert Filter().feed("".join(EVERY)) == ""


@pytest.mark.parametrize("language", ["en", "zh", "ja", "ko", "es", "fr", "de", "it", "pt", "ru", "sw"])
def test_every_mark_has_a_word_in_every_language(language: str) -> None:
    """Languages without words of their own borrow English."""
    table = marks.words(language)
    said = [
        table[ord(mark)].strip() for mark in [*EVERY, marks.DOT, marks.AT, marks.DASH, marks.UNDERSCORE, marks.PLUS]
    ]
    assert len(table) == len(said)
    assert all(word and word[0].isalpha() for word in said)


@pytest.mark.parametrize(
    ("language", "word"), [("en", "code block"), ("zh", "代码块"), ("ja", "コードブロック"), ("fr", "bloc de code")]
)
def test_a_code_block_is_announced_in_the_language_of_the_speaker(language: str, word: str) -> None:
    """Not in English for everybody."""
    assert [sentence.text for sentence in clean("```\nx\n```", Options(language=language))] == [word]
