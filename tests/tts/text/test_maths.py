"""LaTeX."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean


def said(text: str, language: str = "en") -> str:
    """What is said of a text."""
    return " ".join(sentence.text for sentence in clean(text, Options(language=language)))


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("so $x^2 + y^2 = z^2$ holds", "so x squared plus y squared equals z squared holds"),
        ("let \\(x = 5\\) be", "let x equals five be"),
        ("the angle $\\alpha$ here", "the angle alpha here"),
        ("is $a \\leq b$ then", "is a at most b then"),
        ("take $\\frac{1}{2}$ of it", "take one divided by two of it"),
        ("so $x$ is", "so x is"),
        ("that $$2 \\times 3$$ there", "that two times three there"),
        ("well $\\int_0^\\infty e^{-x^2} dx = \\frac{\\sqrt{\\pi}}{2}$ ok", "well formula ok"),
        ("a $\\begin{matrix} a & b \\end{matrix}$ matrix", "a formula matrix"),
    ],
)
def test_a_short_formula_is_read_and_a_long_one_named(typed: str, spoken: str) -> None:
    """Nobody wants to hear backslashes."""
    assert said(typed) == spoken


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("it costs $5 and $10 now", "it costs five dollars and ten dollars now"),
        ("from $5-$10 ok", "from five to ten dollars ok"),
        ("the $PATH and the $HOME", "the PATH and the HOME"),
    ],
)
def test_money_is_not_maths(typed: str, spoken: str) -> None:
    """Two prices in a sentence are no formula."""
    assert said(typed) == spoken


def test_a_formula_in_chinese_is_named_in_chinese() -> None:
    """公式."""
    assert said("请看 $\\int_0^1 f(x) dx$ 这个积分", "zh") == "请看 公式 这个积分"


def test_a_displayed_formula_is_named() -> None:
    """It stands on its own lines."""
    assert said("See:\n$$\n\\sum_i x_i\n$$\nDone.") == "See: formula Done."
