"""Spanish, Italian, Portuguese and French are read by their spelling, into symbols the model knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.kokoro import vocabulary
from bot.tts.offline.phonemes.french import french
from bot.tts.offline.phonemes.italian import italian
from bot.tts.offline.phonemes.portuguese import portuguese
from bot.tts.offline.phonemes.spanish import spanish

Reader = Callable[[str], str]
READERS: list[Reader] = [spanish, italian, portuguese, french]


@pytest.mark.parametrize("reader", READERS)
def test_abbreviations_are_spelled(reader: Reader) -> None:
    """What cannot be said as a word is said letter by letter; a word in capitals is a word."""
    assert len(reader("PDF").split()) == 3
    assert len(reader("USB").split()) == 3
    assert len(reader("NASA").split()) == 1


@pytest.mark.parametrize("reader", READERS)
def test_foreign_letters_are_read_as_their_nearest(reader: Reader) -> None:
    """A name from elsewhere loses its accents, not its letters."""
    assert reader("Łaski") == reader("Laski")
    assert reader("Weiß") == reader("Weiss")


@pytest.mark.parametrize("reader", READERS)
def test_pauses_keep_their_marks(reader: Reader) -> None:
    """Question marks, quotes and dashes reach the model; inverted marks do not."""
    read = reader("¿No? «Si» — no…")
    assert read.count("?") == 1
    assert "“" in read
    assert "—" in read
    assert read.endswith("…")
    assert "¿" not in read


@pytest.mark.parametrize("reader", READERS)
def test_numbers_are_words_before_they_are_sounds(reader: Reader) -> None:
    """No digit is dropped."""
    assert len(reader("1999")) > 10


@pytest.mark.parametrize("reader", READERS)
@given(text=st.text(alphabet="abcdefghijlmnopqrstuvxyzáéíóúàèìòùâêôãõçñüïœABXK '’-,.?!»«0123456789", max_size=40))
def test_only_symbols_the_model_knows(reader: Reader, text: str) -> None:
    """Whatever is typed, nothing but Kokoro's symbols comes out."""
    assert set(reader(text)) <= set(vocabulary())
