"""Tokens that upstream says otherwise than wetext does."""

import pytest

from bot.tts.indextts.text.english import normalize
from bot.tts.indextts.text.grammar import Token
from bot.tts.indextts.text.readings import said, with_marks_read, word


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("on March 3, 1987", "on the third of march , nineteen eighty seven"),
        ("on Dec 25, 1999, we met", "on the twenty fifth of december , nineteen ninety nine, we met"),
        ("on July 4", "on the fourth of july"),
    ],
)
def test_the_comma_of_a_year_stands_apart(text: str, reading: str) -> None:
    """And the one after it is kept."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("x 555-0123", "x five hundred and fifty five negative oh one hundred and twenty three"),
        ("x 3.5-4.5", "x three point five minus four point five"),
        ("x 10-20", "x ten to twenty"),
        ("x a-05", "x a-oh five"),
        ("see a - 05", "see a - oh five"),
    ],
)
def test_a_hyphen_with_marks_read_is_a_sign(text: str, reading: str) -> None:
    """Where the grammar sees no range; not after a word, and not with spaces around it."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("GPT3.5 is", "GPT three point five is"),
        ("Python3.11.", "Python three point one one."),
        ("PMX2.05", "PMX two point oh five"),
        ("Ok Five. 5 cats", "Ok Five. five cats"),
    ],
)
def test_a_name_may_have_decimals(text: str, reading: str) -> None:
    """They are read digit by digit, as those of a number."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("x $1,299.99", "x one thousand two hundred and ninety nine point nine nine dollars"),
        ("x $1999", "x one thousand nine hundred and ninety nine dollars"),
        ("x 1,234.5 kg", "x one thousand two hundred and thirty four point five kilograms"),
        ("x -1,234.5", "x minus one thousand two hundred and thirty four point five"),
        ("x 1,234", "x thousand two hundred and thirty four"),
        ("x $21,000", "x twenty one thousand dollars"),
        ("x 0.01%", "x oh point oh one percent"),
        ("x 0.5%", "x zero point five percent"),
    ],
)
def test_numbers_with_decimals_and_money_say_one_thousand_and_oh(text: str, reading: str) -> None:
    """Whole numbers do not: so upstream has it."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a 3x3 cube", "a three x three cube"),
        ("a 12x b", "a twelve x b"),
        ("a 5*6 b", "a five asterisk six b"),
        ("a 1920x1080 b", "a one thousand nine hundred and twenty times one thousand and eighty b"),
        ("on 5/3/20 b", "on five/three/twenty b"),
        ("open 24/7/365", "open twenty four divided by seven divided by three hundred and sixty five"),
    ],
)
def test_small_products_and_three_numbers_between_slashes_are_read_as_written(text: str, reading: str) -> None:
    """Great products are *times*, and other slashes divide."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("see a.com.", "see a dot com dot "),
        ("see a.com!", "see a dot com exclamation mark "),
        ("see a.com, b.org", "see a dot com comma  b dot org"),
        ("see a.com/b?c=1 ok", "see a dot com slash b question mark c equal sign one  ok"),
        ("see https://example.com/a#b", "see HTTPS colon slash slash example dot com slash a hash b"),
        ("see https://a.com/b ok", "see HTTPS colon slash slash a dot com slash b ok"),
    ],
)
def test_an_address_says_all_its_marks(text: str, reading: str) -> None:
    """Also the one at its end, which keeps a space, as a number does."""
    assert normalize(text) == reading


def test_what_the_grammar_cannot_say_stays_as_it_is_written() -> None:
    """A token that was found and cannot be said is not lost."""
    token = Token("date", 'date { nonsense: "5 x" } ', {"nonsense": "5 x"})
    assert said(token) == "5 x"


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("in 1905.", "in nineteen oh five."),
        ("in 1000 or 1001", "in one thousand or one thousand one"),
        ("in 2005", "in two thousand five"),
        ("on 06/07/1905", "on the seventh of june nineteen oh five"),
        ("on 1905-06-07", "on the seventh of june nineteen zero five"),
        ("in Jan 1905, yes", "in january nineteen zero five, yes"),
    ],
)
def test_a_year_says_oh(text: str, reading: str) -> None:
    """But not behind a month that is named, nor where the year comes first; a comma behind it stays."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("use v6.12.0.", "use v six point one two point oh."),
        ("use 2.0.1-beta", "use two point oh point one beta"),
        ("it is 26.62hours", "it is twenty six point six two hours"),
        ("it is 1.10a", "it is one point one zero a"),
        ("it is 1.5k", "it is one.five k"),
        ("see Fig.12", "see Fig point one two"),
        ("see No.12 or Vol.3", "see number twelve or Volume three"),
        ("the end.2005 was", "the end point two oh oh five was"),
        ("The end. 5 cats", "The end. five cats"),
    ],
)
def test_digits_right_behind_a_point_are_decimals(text: str, reading: str) -> None:
    """Also of a version; of a name that begins with one digit only, they are not."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("for $546M", "for five hundred forty six million dollars"),
        ("for $105.50 million", "for one hundred and five point five oh million dollars"),
        ("for $1.00B", "for one point oh oh billion dollars"),
        ("for $.99 billion", "for point nine nine billion dollars"),
        ("for 250 million", "for two hundred fifty million"),
        ("for $4.9/day", "for four point nine dollars slash day"),
        ("for $1,000,000/day", "for one million dollars slash day"),
        ("for 1,000/day", "for thousand slash day"),
    ],
)
def test_millions_and_prices_of_each(text: str, reading: str) -> None:
    """All decimals of a million are said, no *and* is, and the price of each is one number."""
    assert normalize(text) == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a 157.125.143.95 b", "a one five seven, one two five, one four three, nine five b"),
        ("a 192.168.0.1 b", "a one nine two dot one six eight dot zero dot one b"),
        ("x += 1", "x plus equals one"),
        ("a && b", "a and and b"),
        ("a ++ b", "a plus plus b"),
        ("a 1000x b", "a one thousand x b"),
        (
            "see https://a.com/b?c=1#d",
            "see HTTPS colon slash slash a dot com slash b question mark c equal sign one hash d",
        ),
    ],
)
def test_signs_and_addresses_as_upstream_reads_them(text: str, reading: str) -> None:
    """A long address of the internet is a number to dial; signs in a row are read one by one."""
    assert normalize(text) == reading


def test_an_amount_that_the_grammar_cannot_read_stays() -> None:
    """Digits are better than nothing."""
    found = [Token("cardinal", "", {"integer": "1]]"}), Token("p", "", {"v": "."}), Token("serial", "", {"v": "5/day"})]
    assert [token.value for token in with_marks_read(found)][1:] == ["slash day"]


def test_digits_of_another_script_stay() -> None:
    """The grammar knows none."""
    found = [Token("serial", "", {}), Token("p", "", {"v": "."}), Token("cardinal", "", {"integer": "٣"})]
    assert [token.value for token in with_marks_read(found)][1:] == ["point", "٣"]


def test_what_is_no_number_of_millions_stays() -> None:
    """As the grammar says it."""
    token = Token("decimal", 'decimal { integer_part: "5" quantity: "billion" } ', {"quantity": "billion"})
    assert said(token) == "five billion"


def test_a_word_is_said_as_it_stands() -> None:
    """Whatever is in it."""
    assert said(word('a "b" 5')) == 'a "b" 5'
