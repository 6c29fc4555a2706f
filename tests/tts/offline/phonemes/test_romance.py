"""Spanish, Italian, Portuguese and French are read by their spelling, into symbols the model knows."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import normalize

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


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("casa", "kˈasa"),
        ("canción", "kanθjˈon"),
        ("guitarra", "ɡitˈara"),
        ("pingüino", "pinɡwˈino"),
        ("queso", "kˈeso"),
        ("jamón", "xamˈon"),
        ("gente", "xˈente"),
        ("niño", "nˈiɲo"),
        ("lluvia", "ʎˈuβja"),
        ("mayo", "mˈaʝo"),
        ("rey", "rˈA"),
        ("carro", "kˈaro"),
        ("caro", "kˈaɾo"),
        ("país", "paˈis"),
        ("baúl", "baˈul"),
        ("hueso", "wˈeso"),
        ("reloj", "relˈox"),
        ("México", "mˈexiko"),
        ("rápidamente", "rˈapiðamˈente"),
        ("dos gatos", "dˈos ɣˈatos"),
    ],
)
def test_spanish(word: str, said: str) -> None:
    """Stress by the written rules, soft consonants between vowels."""
    assert spanish(word) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("ciao", "ʧˈao"),
        ("chiesa", "kjˈeza"),
        ("giorno", "ʤˈorno"),
        ("figlio", "fˈiʎo"),
        ("gnocchi", "ɲˈɔkːɪ"),
        ("scena", "ʃˈɛna"),
        ("scuola", "skwˈɔla"),
        ("acqua", "ˈakːwa"),
        ("pizza", "pˈiʦːa"),
        ("perché", "perkˈe"),
        ("telefono", "telˈɛfono"),
        ("italiano", "italjˈano"),
        ("farmacia", "farmaʧˈia"),
        ("storia", "stˈɔrja"),
        ("leggono", "lˈɛɡːono"),
        ("amici", "amˈiʧɪ"),
        ("l'acqua", "lˈakːwa"),
        ("dell'amico", "dellamˈiko"),
    ],
)
def test_italian(word: str, said: str) -> None:
    """Soft and hard c and g, doubled consonants, stress on the third from the end where it belongs."""
    assert italian(word) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("não", "nˈɐ̃ʊ̃"),
        ("bem", "bˈAŋ"),
        ("tia", "ʧˈiæ"),
        ("cidade", "sidˈaʤy"),
        ("noite", "nˈoɪʧy"),
        ("filho", "fˈiljʊ"),
        ("vinho", "vˈiɲʊ"),
        ("carro", "kˈaxʊ"),
        ("Brasil", "brazˈiʊ"),
        ("limões", "limˈõjs"),
        ("família", "famˈiljæ"),
        ("próximo", "prˈɔsimʊ"),
        ("táxi", "tˈaksi"),
        ("exame", "ezˈɐ̃my"),
        ("muito", "mˈuiŋtʊ"),
        ("as casas azuis", "as kˈazæz azˈuɪs"),
    ],
)
def test_portuguese(word: str, said: str) -> None:
    """Nasal vowels, weak endings, softened t and d, the s that sounds before a vowel."""
    assert portuguese(word) == normalize("NFD", said)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("bonjour", "bɔ̃ʒˈuʁ"),
        ("beaucoup", "bokˈu"),
        ("fille", "fˈij"),
        ("ville", "vˈil"),
        ("soleil", "solˈɛj"),
        ("oiseau", "wazˈo"),
        ("voyage", "vwajˈaʒ"),
        ("chien", "ʃjˈɛ̃"),
        ("parlent", "pˈaʁl"),
        ("souvent", "suvˈɑ̃"),
        ("vraiment", "vʁɛmˈɑ̃"),
        ("question", "kɛstjˈɔ̃"),
        ("exemple", "ɛɡzˈɑ̃pl"),
        ("économie", "ekonomˈi"),
        ("premier", "pʁəmjˈe"),
        ("hiver", "ivˈɛʁ"),
        ("psychologie", "psikoloʒˈi"),
        ("promener", "pʁomnˈe"),
        ("les enfants", "lez ɑ̃fˈɑ̃"),
        ("les héros", "le eʁˈo"),
        ("un ami", "œ̃n amˈi"),
        ("aujourd'hui", "oʒuʁdyˈi"),
    ],
)
def test_french(word: str, said: str) -> None:
    """Silent ends, nasal vowels, mute e, and liaison with the vowel that follows."""
    assert french(word) == said


@pytest.mark.parametrize("reader", READERS)
def test_abbreviations_are_spelled(reader: Reader) -> None:
    """What cannot be said as a word is said letter by letter; a word in capitals is a word."""
    assert len(reader("PDF").split()) == 3
    assert len(reader("USB").split()) == 3
    assert len(reader("NASA").split()) == 1


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
