"""French is read from left to right; most of its last letters are silent."""

from __future__ import annotations

import pytest

from bot.tts.offline.phonemes.french import french


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
        ("feuille", "fˈœj"),
        ("travail", "tʁavˈaj"),
        ("grenouille", "ɡʁənˈuj"),
        ("château", "ʃatˈo"),
        ("forêt", "foʁˈɛ"),
        ("garçon", "ɡaʁsˈɔ̃"),
        ("français", "fʁɑ̃sˈɛ"),
        ("chienne", "ʃjˈɛn"),
        ("loin", "lwˈɛ̃"),
        ("faim", "fˈɛ̃"),
        ("parfum", "paʁfˈœ̃"),
        ("lundi", "lœ̃dˈi"),
        ("ensemble", "ɑ̃sˈɑ̃bl"),
        ("femme", "fˈam"),
        ("mangent", "mˈɑ̃ʒ"),
        ("parlaient", "paʁlˈɛ"),
        ("argent", "aʁʒˈɑ̃"),
        ("nation", "nasjˈɔ̃"),
        ("deuxième", "døzjˈɛm"),
        ("accident", "aksidˈɑ̃"),
        ("guerre", "ɡˈɛʁ"),
        ("montagne", "mɔ̃tˈaɲ"),
        ("chœur", "kˈœʁ"),
        ("œufs", "ˈø"),
        ("bleu", "blˈø"),
        ("neuf", "nˈœf"),
        ("rue", "ʁˈy"),
        ("vie", "vˈi"),
        ("nuit", "nyˈi"),
        ("jouet", "ʒwˈɛ"),
        ("trois", "tʁwˈa"),
        ("blanc", "blˈɑ̃"),
        ("cheveux", "ʃəvˈø"),
        ("musée", "myzˈe"),
        ("jusqu'à", "ʒyska"),
        ("nous avons", "nuz avˈɔ̃"),
        ("c'est un", "sɛt œ̃"),
    ],
)
def test_french(word: str, said: str) -> None:
    """Silent ends, nasal vowels, mute e, and liaison with the vowel that follows."""
    assert french(word) == said
