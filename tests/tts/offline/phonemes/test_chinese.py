"""Mandarin is read by phrase, and its tones change beside each other as people change them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.offline.kokoro import vocabulary
from bot.tts.offline.phonemes.chinese import mandarin, syllables


def pinyin(text: str) -> str:
    return " ".join(map(str, syllables(text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("不是", "bu2 shi4"),
        ("不好", "bu4 hao3"),
        ("好不好", "hao3 bu5 hao3"),
        ("一个", "yi2 ge4"),
        ("一天", "yi4 tian1"),
        ("一起", "yi4 qi3"),
        ("看一看", "kan4 yi5 kan4"),
        ("第一天", "di4 yi1 tian1"),
        ("星期一下午", "xing1 qi1 yi1 xia4 wu3"),
        ("统一", "tong3 yi1"),
        ("二十一", "er4 shi2 yi1"),
        ("一百", "yi4 bai3"),
        ("一月一号", "yi1 yue4 yi1 hao4"),
    ],
)
def test_one_and_not_change_with_their_neighbours(text: str, said: str) -> None:
    """一 and 不 rise before a fourth tone, fall otherwise, and 一 stays level in a number."""
    assert pinyin(text) == said


def test_third_tones_are_left_to_the_model() -> None:
    """The model was taught dictionary tones and lets the first of two rise by itself."""
    assert pinyin("你好") == "ni3 hao3"
    assert pinyin("雨伞") == "yu3 san3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("银行", "yin2 hang2"),
        ("行走", "xing2 zou3"),
        ("重要", "zhong4 yao4"),
        ("重庆", "chong2 qing4"),
        ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"),
        ("长大", "zhang3 da4"),
        ("长江", "chang2 jiang1"),
        ("請問", "qing3 wen4"),
    ],
)
def test_characters_of_many_readings_are_read_by_phrase(text: str, said: str) -> None:
    """The word decides the reading, in simplified and traditional characters."""
    assert pinyin(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("他说得很快", "ta1 shuo1 de5 hen3 kuai4"),
        ("我得走了", "wo3 dei3 zou3 le5"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("地上", "di4 shang4"),
        ("得到", "de2 dao4"),
        ("玩儿", "wan2 er5"),
        ("女儿", "nv3 er2"),
        ("儿子", "er2 zi5"),
    ],
)
def test_particles_are_light_and_words_are_not(text: str, said: str) -> None:
    """得, 地 and 儿 are light where they are particles and full where they are words."""
    assert pinyin(text) == said


def test_phonemes_and_pauses() -> None:
    """Words are apart, marks become Kokoro's, and the tone is an arrow."""
    assert mandarin("你好，重庆！") == "ni↓xau↓, ꭧʰʊ↗ŋʨʰi↘ŋ!"


def test_quotes_and_ellipses() -> None:
    """Brackets and book titles become quotes; six dots are one pause."""
    assert mandarin("《三体》……好看。") == "“sa→n tʰi↓”… xau↓kʰa↘n."


def test_english_words_are_read_in_english() -> None:
    """A mixed sentence is one utterance: Latin words go through the English reader."""
    read = mandarin("请帮我 debug 这个 Python 脚本。")
    assert "dˌibˈʌɡ" in read
    assert "pˈIθˌɑn" in read
    assert read.startswith("ʨʰi↓ŋ")


def test_digits_that_remain_are_read_one_by_one() -> None:
    """No digit is dropped, whatever the clean-up left."""
    assert mandarin("房间302") == f"{mandarin('房间')} {mandarin('三零二')}"


def test_rare_characters_and_emoji_do_not_stop_the_rest() -> None:
    """What has no reading is left out; its neighbours are spoken."""
    assert mandarin("你好😀𪚥").startswith("ni↓xau↓")


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30))
def test_every_character_gets_a_sound_the_model_knows(text: str) -> None:
    """Any run of characters is read, and only into symbols of the vocabulary."""
    read = mandarin(text)
    assert set(read) <= set(vocabulary())
    assert bool(read) == bool(text)
