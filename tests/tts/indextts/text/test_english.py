"""English in words: what is done so that wetext reads what upstream reads."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.indextts.text.english import normalize

WORDS = ("zebra", "quilt", "hobbit", "walrus", "kiosk")
SIGNS = ("5", "12", "$", "%", "[", "]", "+", "€", '"', "'", "(", ")", "-", "*", "#")
SPACES = (" ", "  ", "\n", ". ", ", ", " 3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("50+ people", "fifty plus people"),
        ("[1] one", "[ one ] one"),
        ("see [1]", "see [ one ]"),
        ("it is 3€ now", "it is three euro now"),
        ("it is €3 now", "it is three euros now"),
        ("dial +1 now", "dial plus one now"),
        ("use #5", "use number five"),
        ("it is 5½", "it is five and a half"),
    ],
)
def test_a_sign_at_a_number_is_read_for_itself(text: str, said: str) -> None:
    """But not where the two are one thing, like a sum of money."""
    assert normalize(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"Stop!" he said', '" Stop!" he said'),
        ("'Tis", "' Tis"),
        ("(a) b", "( a) b"),
        ("...and", "... and"),
        ("- one - two", "-  one - two"),
        ('he said "no"', 'he said "no"'),
        ("'", "'"),
        ("no! ", "no!"),
    ],
)
def test_punctuation_that_opens_the_text_stands_apart(text: str, said: str) -> None:
    """As upstream has it; punctuation inside brings its own spaces."""
    assert normalize(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one two\nthree", "one two three"),
        ("one\t\t two\u00a0three", "one two three"),
        ("Hi.\nHow?", "Hi.How?"),
        ("Hi. \nHow?", "Hi. How?"),
        ('so:\n "go"', 'so: "go"'),
        ("one   two", "one two"),
        ("one.   Two", "one.   Two"),
        ("  one  ", "one"),
        ("\n \n", ""),
        ("", ""),
    ],
)
def test_white_space_is_upstreams(text: str, said: str) -> None:
    """Between words it is one space; at punctuation, spaces stay and line breaks go."""
    assert normalize(text) == said


def test_backslashes_are_not_doubled_and_quotes_have_none() -> None:
    """wetext left to itself escapes twice."""
    assert normalize(r'a "b" C:\Users') == r'a "b" C:\Users'


def test_an_odd_word_costs_the_others_nothing() -> None:
    """What the grammar cannot read stays as it is; the numbers on both sides are read."""
    odd = "5\u200b♥\u20e35"
    said = normalize(f"take 5 cats {odd} and 6 dogs")
    assert said.startswith("take five cats")
    assert said.endswith("and six dogs")


def test_a_long_text_reads_like_its_sentences() -> None:
    """It is given to the grammar in portions, which nobody can hear."""
    sentence = 'On May 3, 2020 he paid $1,299.99 to "them". '
    assert normalize(sentence * 40) == (normalize(sentence) + " ") * 39 + normalize(sentence)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.sampled_from(WORDS + SIGNS + SPACES), max_size=14))
def test_no_word_is_lost(parts: list[str]) -> None:
    """Whatever signs and numbers stand between and at them, all words are said, in their order."""
    pattern = re.compile("|".join(WORDS))
    assert pattern.findall(normalize("".join(parts)).lower()) == pattern.findall("".join(parts))
