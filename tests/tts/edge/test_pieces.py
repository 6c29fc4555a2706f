"""Pieces: what of a text the service can be sent at once."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.edge.pieces import LIMIT, clean, pieces, pronounceable


def size(text: str) -> int:
    return len(escape(text).encode())


@pytest.mark.parametrize("text", ["a" * 10_000, "好" * 10_000, "&" * 3_000, "<b>" * 4_000, "a b" * 5_000])
def test_a_text_without_blanks_is_split_all_the_same(text: str) -> None:
    """edge-tts sends 30,000 bytes of Chinese as one piece, and the service cuts it off."""
    parts = list(pieces(text))
    assert "".join(parts) == text
    assert all(size(part) <= LIMIT for part in parts)
    assert len(parts) <= -(-size(text) // LIMIT) * 2


@given(st.text(max_size=300), st.integers(10, 80))
def test_nothing_is_lost_and_nothing_is_too_long(text: str, limit: int) -> None:
    """The pieces are the text, each within the limit once escaped."""
    parts = list(pieces(clean(text), limit))
    assert "".join(parts) == clean(text)
    assert all(size(part) <= limit for part in parts)
    assert all(parts) or parts == [""]


@pytest.mark.parametrize(
    ("text", "limit", "first"),
    [
        ("One two. Three, four five six.", 15, "One two."),
        ("One two three, four five six.", 20, "One two three,"),
        ("One two three four five six.", 20, "One two three four "),
        ("一二三。四五六七八", 20, "一二三。"),
        ("onetwothreefourfivesix", 10, "onetwothre"),
    ],
)
def test_it_is_cut_where_a_speaker_would_breathe(text: str, limit: int, first: str) -> None:
    """After a sentence, else a clause, else a word, else anywhere."""
    assert next(pieces(text, limit)) == first


@pytest.mark.parametrize("grapheme", ["é", "👍🏽", "👩‍👩‍👧", "❤️", "नी"])
def test_no_grapheme_is_torn(grapheme: str) -> None:
    """What is one character to a reader stays in one piece."""
    for part in pieces(grapheme * 40, 60):
        assert len(part) % len(grapheme) == 0


def test_a_monster_is_torn_rather_than_sent_whole() -> None:
    """A letter under a thousand accents is longer than any request may be."""
    zalgo = "e" + "\u0301" * 5000
    parts = list(pieces(zalgo))
    assert "".join(parts) == zalgo
    assert all(size(part) <= LIMIT for part in parts)


@pytest.mark.parametrize("text", ["", "  \n ", "...", "?!", "—", "「」", "\u200b", "\x00\x07"])
def test_punctuation_alone_says_nothing(text: str) -> None:
    """edge-tts answers a blank text with no sound and no error."""
    assert not pronounceable(text)


@pytest.mark.parametrize("text", ["a", "7", "好", "%", "&", "€", "+", "😀", "नी", "...ok"])
def test_letters_digits_and_signs_with_a_name_say_something(text: str) -> None:
    """A percent sign alone is a word."""
    assert pronounceable(text)


@given(st.text(st.characters(categories=["Cs", "Cn", "L"]), max_size=50))
def test_a_clean_text_can_be_written_as_xml(text: str) -> None:
    """Lone surrogates and the two that are no characters become blanks."""
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert cleaned.encode().decode() == cleaned
    assert not set(cleaned) & {"\ufffe", "\uffff"}
