"""Pieces in sentences that the model can take."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.indextts.text.splitter import split

PIECES = st.lists(st.sampled_from([*"abc", "▁d", ".", "!", "?", "▁.", "▁?", "▁...", ",", "▁,", "-", "'", "▁'"]))
LIMITS = st.integers(1, 12)


def pieces(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("mark", [".", "!", "?", "▁.", "▁?", "▁..."])
def test_a_sentence_ends_at_its_mark(mark: str) -> None:
    """If it has three pieces; neighbours that fit into the limit together are one."""
    text = pieces(f"a b {mark} c d {mark}")
    assert split(text, 5) == [text[:3], text[3:]]
    assert split(text, 6) == [text]


def test_a_short_sentence_goes_on() -> None:
    """A mark after one piece ends nothing."""
    assert split(pieces("a . b c . d"), 5) == [pieces("a . b c ."), ["d"]]


def test_a_long_sentence_is_cut_at_commas_then_at_dashes() -> None:
    """Commas first, wherever they are."""
    assert split(pieces("a b - c , d e f g"), 6) == [pieces("a b - c ,"), pieces("d e f g")]
    assert split(pieces("a b - c d e f g"), 6) == [pieces("a b -"), pieces("c d e f g")]


def test_what_has_neither_is_cut_anywhere() -> None:
    """There is no other way to keep the limit."""
    assert split(pieces("a b c d e"), 3) == [pieces("a b c"), pieces("d e")]


def test_a_comma_and_a_dash_where_neither_helps_are_cut_anywhere() -> None:
    """Upstream goes from one to the other for ever."""
    assert split(pieces(", - a b c"), 4) == [pieces(", - a b"), ["c"]]


def test_a_quote_after_the_mark_belongs_to_both_sentences() -> None:
    """Upstream's way, also beyond the limit."""
    assert split(pieces("a b . ' c d ."), 4) == [pieces("a b . '"), pieces("' c d .")]
    assert split(pieces("a b . ▁' c d ."), 3) == [pieces("a b . ▁'"), pieces("▁' c d"), ["."]]


def test_a_quote_may_belong_to_one_sentence_only() -> None:
    """To the one before it, if there is room."""
    assert split(pieces("a b . ' c d ."), 4, repeat_quotes=False) == [pieces("a b . '"), pieces("c d .")]
    assert split(pieces("a b . ' c d"), 3, repeat_quotes=False) == [pieces("a b ."), pieces("' c d")]
    assert split(pieces("a b . '"), 9, repeat_quotes=False) == [pieces("a b . '")]


def test_nothing_has_no_sentences() -> None:
    """Nobody says it."""
    assert split([], 5) == []


@pytest.mark.parametrize("limit", [0, -1])
def test_there_must_be_room_for_a_piece(limit: int) -> None:
    """A limit below one is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        split(["a"], limit)


@given(text=PIECES, limit=LIMITS)
def test_sentences_keep_the_limit_and_all_pieces(text: list[str], limit: int) -> None:
    """Each piece once, in order, in sentences of at most so many."""
    sentences = split(text, limit, repeat_quotes=False)
    assert [piece for sentence in sentences for piece in sentence] == text
    assert all(0 < len(sentence) <= limit for sentence in sentences)


@given(text=PIECES, limit=LIMITS)
def test_upstreams_sentences_say_quotes_twice_and_nothing_else(text: list[str], limit: int) -> None:
    """Without the quotes they are the text; only a sentence that ends with a quote has one piece too many."""
    sentences = split(text, limit)
    said = [piece for sentence in sentences for piece in sentence]
    quotes = {"'", "▁'"}
    assert [piece for piece in said if piece not in quotes] == [piece for piece in text if piece not in quotes]
    assert all(len(sentence) <= limit + (sentence[-1] in quotes) for sentence in sentences)


@given(text=PIECES, limit=LIMITS)
def test_neighbours_that_fit_are_one(text: list[str], limit: int) -> None:
    """No two sentences side by side would fit into one."""
    sentences = split(text, limit)
    assert all(len(a) + len(b) > limit for a, b in pairwise(sentences))
