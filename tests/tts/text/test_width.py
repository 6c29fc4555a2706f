"""Letters in fancy dress."""

from __future__ import annotations

import pytest

from bot.tts.text.sentence import DEFAULT
from bot.tts.text.width import plain_letters, stray_marks


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Ｈｅｌｌｏ　１２３％", "Hello　123%"),
        ("𝓗𝓮𝓵𝓵𝓸 𝕨𝕠𝕣𝕝𝕕 𝟙𝟚", "Hello world 12"),
        ("ⓗⓔⓛⓛⓞ", "hello"),
        ("🅷🅴🅻🅻🅾", "HELLO"),
        ("ﾊﾝｶｸ ｶﾞｷﾞ", "ハンカク ガギ"),
        ("①②", "12"),
        ("ﬁne", "fine"),
        ("e\u0301te\u0301", "été"),
        ("5 m² and ½", "5 m² and ½"),
        ("你好，世界！？：；（）", "你好，世界！？：；（）"),
        ("Ⅳ", "IV"),
    ],
)
def test_letters_become_plain(typed: str, left: str) -> None:
    """All that NFKC does for letters, and nothing that it does to Chinese marks, powers and fractions."""
    assert plain_letters(typed, DEFAULT) == left


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Z\u0338\u0327a\u0335lgo", "Zalgo"),
        ("été ñ ü", "été ñ ü"),
        ("за\u0301мок", "за\u0301мок"),
        ("ที่นี่", "ที่นี่"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("x\u20d7", "x"),
    ],
)
def test_marks_that_belong_to_no_letter_go(typed: str, left: str) -> None:
    """Zalgo is letters again; Thai, Hebrew and a Russian stress keep theirs."""
    assert stray_marks(typed, DEFAULT) == left
