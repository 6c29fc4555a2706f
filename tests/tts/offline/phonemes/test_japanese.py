"""Japanese is read by Open JTalk and spelled in Kokoro's phonemes mora by mora."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.kokoro import vocabulary
from bot.tts.offline.phonemes.japanese import sounds, standard

LETTERS = "あいうえおかきくけこさしすせそたちつてとんっゃゅょーアイウエオ東京大学行、。！？「」"


@pytest.mark.parametrize(
    ("kana", "said"),
    [
        ("カキクケコ", "kakʲikɯkeko"),
        ("サシスセソ", "saɕisɨseso"),
        ("ザジズゼゾ", "ʣaʥizɨʣeʣo"),
        ("タチツテト", "taʨiʦɨteto"),
        ("ハヒフヘホ", "haçiɸɯheho"),
        ("ラリルレロ", "ɾaɾʲiɾɯɾeɾo"),
        ("ヤユヨワヲ", "jajɯjoβao"),
        ("キャキュキョ", "kʲakʲɨkʲo"),
        ("シャシュショ", "ɕaɕɨɕo"),
        ("リョ", "ɾʲo"),
        ("ファフィ", "ɸaɸʲi"),
        ("ティディトゥ", "tʲidʲitɯ"),
        ("ウィウェウォ", "βiβeβo"),
        ("ヴァヴィ", "vavʲi"),
        ("クァ", "kᵝa"),
        ("チェジェシェ", "ʨeʥeɕe"),
    ],
)
def test_kana_become_phonemes(kana: str, said: str) -> None:
    """Every row, every bent consonant, every small vowel."""
    assert sounds(kana) == said


@pytest.mark.parametrize(
    ("kana", "said"),
    [
        ("ガッコー", "ɡaʔkoː"),
        ("トーキョー", "toːkʲoː"),
        ("サンポ", "sampo"),
        ("リンゴ", "ɾʲiŋɡo"),
        ("コンニチワ", "koɲɲiʨiβa"),
        ("オンナ", "onna"),
        ("ホン", "hoɴ"),
        ("デス’", "desɨ"),
    ],
)
def test_long_doubled_and_nasal_sounds(kana: str, said: str) -> None:
    """ー is length, ッ a stop, ン whatever the next consonant makes of it; marks of devoicing are dropped."""
    assert sounds(kana) == said


def test_a_sentence_with_kanji_particles_and_marks() -> None:
    """は is read wa as a particle, and pauses keep their places."""
    read = standard("今日は、いい天気です。")
    assert read.startswith("kʲoː βa,")
    assert read.endswith("desɨ.")


def test_held_sounds_cross_the_dictionary_s_words() -> None:
    """The analyser parts 行っ and て, しょ and う; nobody pauses there."""
    assert "iʔte" in standard("行って")
    assert standard("しましょう").endswith("maɕoː")


def test_numbers_are_read_in_japanese() -> None:
    """Digits are words by the time they are sounds."""
    assert standard("20個") == standard("二十個")


def test_english_words_are_read_and_acronyms_spelled() -> None:
    """Python is a word; NHK is three letters, in Japanese."""
    assert "pˈIθˌɑn" in standard("Pythonが好きです")
    assert standard("NHK").replace(" ", "").startswith("enɯ")


@pytest.mark.filterwarnings("ignore:Dictionary.create")
@given(st.text(alphabet=LETTERS, max_size=30))
def test_only_symbols_the_model_knows(text: str) -> None:
    """Whatever is typed, the phonemes are Kokoro's."""
    assert set(standard(text)) <= set(vocabulary())
