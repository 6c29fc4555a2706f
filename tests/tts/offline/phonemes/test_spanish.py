"""Spanish is read by its spelling, with the sounds of Castile."""

from __future__ import annotations

import pytest

from bot.tts.offline.phonemes.spanish import spanish


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
        ("aire", "ˈIɾe"),
        ("causa", "kˈWsa"),
        ("deuda", "dˈeʊða"),
        ("boina", "bˈoɪna"),
        ("buey", "bwˈA"),
        ("ciudad", "θjuðˈað"),
        ("cuando llueve", "kwando ʎwˈeβe"),
        ("agua", "ˈaɣwa"),
        ("guerra", "ɡˈera"),
        ("chico", "ʧˈiko"),
        ("enredo", "enrˈeðo"),
        ("alrededor", "alreðeðˈoɾ"),
        ("examen", "eksˈamen"),
        ("zapato", "θapˈato"),
        ("yo y tú", "ʝˈo i tˈu"),
        ("leer", "leˈeɾ"),
        ("río", "rˈio"),
        ("tierra", "tjˈera"),
        ("hielo", "ʝˈelo"),
        ("psicología", "sikoloxˈia"),
        ("fácil", "fˈaθil"),
        ("los niños", "los nˈiɲos"),
        ("el dedo", "el dˈeðo"),
        ("un beso", "un bˈeso"),
    ],
)
def test_spanish(word: str, said: str) -> None:
    """Stress by the written rules, soft consonants between vowels."""
    assert spanish(word) == said
