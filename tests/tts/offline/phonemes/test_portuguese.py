"""Brazilian Portuguese is read by its spelling: nasal, weak-ended, soft."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from bot.tts.offline.phonemes.portuguese import portuguese


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
        ("mãe", "mˈɐ̃y"),
        ("põe", "pˈõj"),
        ("irmã", "iɾəmˈɐ̃"),
        ("um", "ũŋ"),
        ("campo", "kˈɐ̃mpʊ"),
        ("tempo", "tˈAmpʊ"),
        ("mundo", "mˈũŋdʊ"),
        ("falam", "fˈalɐ̃ʊ̃"),
        ("homem", "ˈomAŋ"),
        ("anjo", "ˈɐ̃ŋʒʊ"),
        ("banho", "bˈɐ̃ɲʊ"),
        ("chave", "ʃˈavy"),
        ("caixa", "kˈIʃæ"),
        ("praça", "prˈasæ"),
        ("gente", "ʒˈAŋʧy"),
        ("guerra", "ɡˈɛxæ"),
        ("quando", "kwˈɐ̃ŋdʊ"),
        ("água", "ˈaɡwæ"),
        ("honra", "ˈoŋxæ"),
        ("porta", "pˈɔɾətæ"),
        ("amor", "amˈor"),
        ("sal", "sˈW"),
        ("azul", "azˈuw"),
        ("avó", "avˈɔ"),
        ("avô", "avˈo"),
        ("médico", "mˈɛʤikʊ"),
        ("saúde", "saˈuʤy"),
        ("céu", "sˈɛʊ"),
        ("história", "istˈɔɾjæ"),
        ("nação", "nasˈɐ̃ʊ̃"),
        ("internet", "iŋteɾənˈeʧy"),
    ],
)
def test_portuguese(word: str, said: str) -> None:
    """Nasal vowels, weak endings, softened t and d, the s that sounds before a vowel."""
    assert portuguese(word) == normalize("NFD", said)
