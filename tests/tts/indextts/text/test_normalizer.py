"""The order of upstream's normaliser, and a table of what it makes of some nine hundred texts."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.indextts.text.normalizer import is_chinese, legible, normalize

TABLE = Path(__file__).parents[3] / "data" / "indextts" / "normalized.json"

BREAKS_WORDS = "Upstream's grammar breaks a word apart to find a unit at its start, and says the rest of it after that."
ADDRESS = "Upstream's grammar breaks an address apart before its last full stop."
LINES = "A date over a line break: lines are read one by one here."
CAPITAL = "Upstream changes the capitals of a name."

CONTRACTED = "what where who which how there here it he she that this"

OTHERWISE = {
    "It takes 5-10 minutes.": ("It takes five to ten minutes.", BREAKS_WORDS),
    "#1 fan": ("number one fan", BREAKS_WORDS),
    "2x faster": ("two x faster", BREAKS_WORDS),
    "10x faster": ("ten x faster", BREAKS_WORDS),
    "a 640x480 screen": ("a six hundred and forty times four hundred and eighty screen", BREAKS_WORDS),
    "2020-2021 season": ("two thousand and twenty to two thousand and twenty one season", BREAKS_WORDS),
    "$100 bill": ("one hundred dollars bill", BREAKS_WORDS),
    "The file is at ftp://files.example.net/data.": (
        "The file is at ftp,slash/files.example dot net slash data dot ",
        ADDRESS,
    ),
    "Mail me: jane_smith99@yahoo.co.uk.": (
        "Mail me, jane underscore smith ninety nine at yahoo dot co dot UK.",
        ADDRESS,
    ),
    "On January\n5 we go": ("On January five we go", LINES),
    "iOS17.4": ("iOS seventeen point four", CAPITAL),
}
"""All texts of the table that read otherwise here: how, and why."""


def test_the_table_reads_as_upstream_reads_it() -> None:
    """All but those that are listed, and those as listed."""
    table = dict(json.loads(TABLE.read_text("utf-8"))["texts"])
    found = {text: normalize(text) for text in table}
    assert {text: said for text, said in found.items() if said != table[text]} == {
        text: said for text, (said, _) in OTHERWISE.items()
    }
    assert len(OTHERWISE) < 0.015 * len(table)


@pytest.mark.parametrize("text", ["我", "I 我", "", "123", "!?", "こんにちは", "😂", "a@b.com", "a@b.com\n", "XU4"])
def test_chinese_is_an_ideograph_no_latin_letter_an_address_or_pinyin(text: str) -> None:
    """Upstream's rule, under which kana and numbers alone are Chinese, too."""
    assert is_chinese(text)


@pytest.mark.parametrize("text", ["a", "hello 5", "see a@b.com", "beta1", "ni6", "カタa", "a.b@c.com"])
def test_all_else_is_english(text: str) -> None:
    """Also what has an address among other words, and a word with a number at its end."""
    assert not is_chinese(text)


@pytest.mark.parametrize(
    "word", ["what", "where", "who", "which", "how", "there", "here", "it", "he", "she", "that", "this"]
)
def test_is_is_said_in_full(word: str) -> None:
    """After these words, in any case, in both languages; the case of the word stays."""
    assert normalize(f"{word}'s") == f"{word} is"
    assert normalize(f"{word.upper()}'S 好") == f"{word.upper()} is 好"


def test_other_contractions_stay() -> None:
    """What may be a genitive is not touched, and no other short form is."""
    assert normalize("Tom's dog can't, I'm sure") == "Tom's dog can't, I'm sure"


def test_hums_have_a_syllable_to_be_said_with() -> None:
    """The model has none for these characters."""
    assert normalize("嗯呣") == "恩母"


def test_pinyin_and_names_outlive_the_grammar() -> None:
    """Their digits and dashes are not read as numbers and signs."""
    assert normalize("xuan4号·3楼，约翰-史密斯5岁") == "XVAN4号-三楼,约翰-史密斯五岁"


def test_more_names_than_the_alphabet_has_letters_come_back() -> None:
    """Each where it was."""
    names = [f"{a}{b}·{b}{a}" for a in "甲乙丙丁戊己" for b in "子丑寅卯辰巳"]
    assert normalize("，".join(names)) == ",".join(names).replace("·", "-")


def test_a_dollar_sign_alone_is_a_stop_in_chinese_only() -> None:
    """In English the grammar says it."""
    assert normalize("多少$？") == "多少.?"
    assert normalize("how much $?") == "how much dollar?"


@given(text=st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF)))
def test_legible_text_can_be_encoded(text: str) -> None:
    """And what could be encoded before has not changed, but for NUL."""
    found = legible(text)
    assert "\0" not in found
    assert re.sub("\ufffd", "", found) == re.sub("[\ud800-\udfff\ufffd\0]", "", text)
    found.encode("utf-8")


@settings(max_examples=150, deadline=None)
@given(text=st.text("éñЖ😂中5$ .-", max_size=30))
def test_what_no_grammar_reads_stays(text: str) -> None:
    """Letters of other scripts and emojis come out as they went in, in their order."""
    kept = re.compile("[éñЖ😂中]")
    assert kept.findall(normalize(text)) == kept.findall(text)
