"""How long a text takes to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text import estimate_seconds


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Hello from Sayso. This is the second sentence.", 2.5, 4.5),
        ("The quick brown fox jumps over the lazy dog.", 2.3, 4.0),
        ("我昨天用了三个显卡跑了一整天，结果还不错。", 3.5, 6.0),
        ("昨日は三時間も歩きました。", 1.5, 3.5),
        ("안녕하세요, 만나서 반갑습니다.", 1.5, 3.5),
        ("ok", 0.05, 0.6),
    ],
)
def test_it_is_about_right(text: str, low: float, high: float) -> None:
    """A Chinese character takes as long as a short word."""
    assert low < estimate_seconds(text) < high


def test_nothing_takes_no_time() -> None:
    """Blanks cost nothing."""
    assert estimate_seconds("") == estimate_seconds(" \n ") == 0.0


@given(st.text(max_size=50), st.text(max_size=50))
def test_more_text_never_takes_less(one: str, other: str) -> None:
    """A queue can rely on it."""
    assert estimate_seconds(f"a{one}a") <= estimate_seconds(f"a{one}a {other}a") + 0.35


@given(st.text(max_size=100))
def test_it_is_never_negative(text: str) -> None:
    """Whatever the text."""
    assert estimate_seconds(text) >= 0
