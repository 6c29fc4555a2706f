"""Phonemes are cut where a speaker breathes, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.clauses import clauses

PHONEMES = st.text(alphabet="abkˈɛ ,;.!—”", max_size=300)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(PHONEMES, st.integers(5, 60), st.integers(1, 20), st.floats(0.5, 3))
def test_nothing_is_lost_and_no_chunk_is_too_long(text: str, limit: int, least: int, growth: float) -> None:
    """The chunks are the text, in order, each within the limit and none of them blank."""
    chunks = clauses(text, limit=limit, least=least, growth=growth)
    assert squeezed("".join(chunks)) == squeezed(text)
    assert all(0 < len(chunk) <= limit and chunk == chunk.strip() for chunk in chunks)


def test_the_first_clause_goes_first() -> None:
    """A clause mark early in the sentence lets its beginning be heard early."""
    assert clauses("a" * 20 + ", " + "b" * 25 + ".", limit=400, least=12, growth=1.4) == [
        "a" * 20 + ",",
        "b" * 25 + ".",
    ]


def test_a_word_before_a_long_clause_stays_with_it() -> None:
    """A first chunk that would be over before the next is made is no gain: there would be a gap."""
    text = "hi, " + "b" * 60 + "."
    assert clauses(text, limit=400, least=2, growth=1.4) == [text]


def test_chunks_grow() -> None:
    """Once sound is playing there is time to make longer pieces, which sound better."""
    chunks = clauses(", ".join("abcdefghij" for _ in range(16)), limit=400, least=10, growth=1.4)
    lengths = [len(chunk) for chunk in chunks]
    assert lengths[0] < 15
    assert lengths[2] > lengths[0]
    assert len(lengths) < 8


def test_a_long_clause_is_cut_between_words() -> None:
    """What has no clause marks is cut at a space before the limit."""
    assert clauses("aaaa bbbb cccc dddd", limit=10, least=1, growth=9) == ["aaaa bbbb", "cccc dddd"]


def test_a_word_beyond_the_limit_is_cut_where_it_must() -> None:
    """Even a word without end is spoken."""
    assert clauses("a" * 25, limit=10, least=1, growth=9) == ["a" * 10, "a" * 10, "a" * 5]


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_blank_makes_no_chunks(blank: str) -> None:
    """Nothing to say is no chunk at all."""
    assert clauses(blank, limit=10, least=1, growth=1) == []


def test_a_quote_is_closed_before_the_cut() -> None:
    """The mark that ends a clause and the quote around it stay together."""
    chunks = clauses("“aaaaaaaaaaaaaa.” bbbbbbbbbbbb.", limit=100, least=5, growth=2)
    assert chunks == ["“aaaaaaaaaaaaaa.”", "bbbbbbbbbbbb."]
