"""Italian is read by its spelling; its stress by endings and a list."""

from __future__ import annotations

import pytest

from bot.tts.offline.phonemes.italian import italian


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
        ("ghiaccio", "ɡjˈaʧːo"),
        ("famiglia", "famˈiʎa"),
        ("gli", "ʎɪ"),
        ("sogno", "sˈɔɲɲo"),
        ("sciare", "ʃˈare"),
        ("uomo", "wˈɔmo"),
        ("quando", "kwˈando"),
        ("sbaglio", "zbˈaʎo"),
        ("rosso", "rˈɔSo"),
        ("città", "ʧitːˈa"),
        ("caffè", "kaffˈɛ"),
        ("macchina", "mˈakːina"),
        ("possibile", "poSˈibile"),
        ("bellissimo", "bellˈiSimo"),
        ("parlavano", "parlˈavano"),
        ("credere", "krˈedere"),
        ("vedere", "vedˈere"),
        ("zia", "ʣˈia"),
        ("tecnologia", "teknoloʤˈia"),
        ("antico", "antˈiko"),
        ("aiuto", "ajˈuto"),
        ("e la casa", "e la kˈaza"),
        ("dell'università", "delluniversitˈa"),
    ],
)
def test_italian(word: str, said: str) -> None:
    """Soft and hard c and g, doubled consonants, stress on the third from the end where it belongs."""
    assert italian(word) == said
