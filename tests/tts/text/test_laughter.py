"""Laughter as it is typed in different languages."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean
from bot.tts.text.laughter import laughed


@pytest.mark.parametrize(
    ("language", "typed", "left"),
    [
        ("ja", "草www", "草ワラ"),
        ("ja", "すごいwww", "すごいワラ"),
        ("ja", "www.example", "www.example"),
        ("zh", "hhh 好笑", "哈哈哈 好笑"),
        ("zh", "2333", "哈哈哈"),
        ("zh", "12333 元", "12333 元"),
        ("ko", "진짜ㅋㅋㅋ", "진짜크크크"),
        ("ko", "슬퍼ㅠㅠ", "슬퍼"),
        ("th", "ตลก 555", "ตลก ฮ่าฮ่าฮ่า"),
        ("th", "ราคา 555 บาท", "ราคา 555 บาท"),
        ("en", "www", "haha"),
        ("pt", "kkk", "haha"),
        ("en", "555", "555"),
        ("en", "www.example.com", "www.example.com"),
        ("en", "hello", "hello"),
    ],
)
def test_laughter_sounds_like_laughter(language: str, typed: str, left: str) -> None:
    """Where it is laughter in that language, and only there."""
    assert laughed(typed, language) == left


@pytest.mark.parametrize(
    ("typed", "language", "spoken"),
    [
        ("wwwwwww", "ja", "ワラ"),
        ("wwwwwww", "en", "haha"),
        ("555555", "th", "ฮ่าฮ่าฮ่า"),
        ("555", "en", "five hundred fifty-five"),
    ],
)
def test_who_laughs_decides_what_it_means(typed: str, language: str, spoken: str) -> None:
    """The same keys are grass in Japan, laughter in Thailand and a number elsewhere."""
    assert [sentence.text for sentence in clean(typed, Options(language=language))] == [spoken]
