"""wetext, one step at a time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.indextts.text.grammar import NotInGrammar, Token, halved, portions, say, simplified, tokens


def test_a_text_is_found_in_tokens() -> None:
    """Each of its kind, with its parts."""
    found = tokens("Pay $5 now!", "en")
    assert [token.kind for token in found] == ["w", "money", "w", "p"]
    assert found[1].fields == {"currency_maj": "$", "integer_part": "5"}
    assert [token.value for token in found] == ["Pay", "$", "now", "!"]


def test_quotes_and_backslashes_come_back_unescaped() -> None:
    """The notation escapes them; a token says them."""
    assert [token.value for token in tokens(r'a "b\c"', "en")] == ["a", ' "', "b", "\\", "c", '"']
    assert [token.value for token in tokens('"\\', "zh")] == ['"', "\\"]


def test_a_text_that_looks_like_the_notation_is_text() -> None:
    """Nobody can write a token."""
    text = 'w { v: "x" } p'
    assert "".join(token.value for token in tokens(text, "zh")) == text


def test_a_token_is_said() -> None:
    """In the order in which it is spoken, and not in that in which it is written."""
    assert say(tokens("$5", "en")[0], "en") == "five dollars"
    assert say(tokens("2024年", "zh")[0], "zh") == "二零二四年"


@pytest.mark.parametrize("text", ["5]", "one  two", "50+"])
def test_where_there_is_no_way_is_told(text: str) -> None:
    """By an error of its own."""
    with pytest.raises(NotInGrammar):
        tokens(text, "en")


def test_what_cannot_be_said_is_told() -> None:
    """A token that no rule says."""
    with pytest.raises(NotInGrammar):
        say(Token("date", 'date { nonsense: "x" } ', {}), "en")


def test_a_token_without_parts_has_no_value() -> None:
    """It says nothing."""
    assert Token("w", "w { } ", {}).value == ""


def test_characters_change_and_white_space_around_them_does_not() -> None:
    """wetext would strip it."""
    assert simplified(" 臺灣\n") == " 台湾\n"
    assert halved("　Ａ，\t") == "　A,\t"
    assert simplified(" ") == halved(" ") == " "


def test_a_long_text_is_cut_where_a_sentence_ends() -> None:
    """Rather than where a word does, and that rather than anywhere."""
    assert list(portions("x" * 300 + ". " + "y" * 400)) == ["x" * 300 + ". ", "y" * 400]
    assert list(portions("x" * 300 + " " + "y" * 400)) == ["x" * 300 + " ", "y" * 400]
    assert list(portions("x" * 700)) == ["x" * 600, "x" * 100]


@settings(max_examples=50)
@given(text=st.text("ab .。\n", min_size=500, max_size=3000))
def test_portions_hold_all_of_the_text(text: str) -> None:
    """And none is too long."""
    found = list(portions(text))
    assert "".join(found) == text
    assert max(map(len, found)) <= 600
