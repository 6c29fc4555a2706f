"""English numbers, dates, times, money and units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.text.numbers.english import cardinal, ordinal, spoken, year


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (13, "thirteen"),
        (20, "twenty"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (101, "one hundred one"),
        (999, "nine hundred ninety-nine"),
        (1000, "one thousand"),
        (12_345, "twelve thousand three hundred forty-five"),
        (1_000_000, "one million"),
        (1_000_001, "one million one"),
        (7_000_000_000, "seven billion"),
        (999_000_000_000_000, "nine hundred ninety-nine trillion"),
    ],
)
def test_cardinals(number: int, words: str) -> None:
    """Without "and", as Americans say them."""
    assert cardinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (5, "fifth"),
        (8, "eighth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (30, "thirtieth"),
        (100, "one hundredth"),
        (101, "one hundred first"),
        (112, "one hundred twelfth"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    """The last word carries the place."""
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (2024, "twenty twenty-four"),
        (1999, "nineteen ninety-nine"),
        (1900, "nineteen hundred"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2010, "twenty ten"),
        (1066, "ten sixty-six"),
        (2100, "twenty-one hundred"),
    ],
)
def test_years(number: int, words: str) -> None:
    """By halves where one says them so."""
    assert year(number) == words


@given(st.integers(0, 10**15 - 1))
def test_every_cardinal_is_words(number: int) -> None:
    """And no two numbers sound alike."""
    words = cardinal(number)
    assert words.replace(" ", "").replace("-", "").isalpha()
    assert words != cardinal((number + 1) % 10**15)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        # plain
        ("I have 3 cats", "I have three cats"),
        ("1,234,567.89", "one million two hundred thirty-four thousand five hundred sixty-seven point eight nine"),
        ("3.14", "three point one four"),
        ("-5 and .5", "minus five and point five"),
        ("007", "zero zero seven"),
        ("12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven"),
        ("order 1234567890", "order one two three four five six seven eight nine zero"),
        ("1500 apples", "one thousand five hundred apples"),
        ("10k people and 4K video", "ten thousand people and four K video"),
        ("~5 and 10+", "about five and ten plus"),
        ("6.02e23", "six point zero two times ten to the twenty-three"),
        # percent, units
        ("10% off", "ten percent off"),
        ("12.5 %", "twelve point five percent"),
        ("5km, 1 km and 100 km/h", "five kilometers, one kilometer and one hundred kilometers per hour"),
        ("20°C or -4 °F", "twenty degrees Celsius or minus four degrees Fahrenheit"),
        ("16GB at 3.5GHz", "sixteen gigabytes at three point five gigahertz"),
        ("5kg, 3m, 2 min, 30s", "five kilograms, three meters, two minutes, thirty seconds"),
        ("5 m² of it", "five square meters of it"),
        ("5 in a row", "five in a row"),
        ("a 7B model", "a seven B model"),
        # ranges, ratios, fractions
        ("5-10 people", "five to ten people"),
        ("5–10 km", "five to ten kilometers"),
        ("60-70%", "sixty to seventy percent"),
        ("a score of 3:2", "a score of three to two"),
        ("1/2 and 3/4 and 2/3", "one half and three quarters and two thirds"),
        ("1 1/2 cups", "one and one half cups"),
        ("24/7", "twenty-four seven"),
        ("½ cup", " one half  cup"),
        ("9/10 and 4.5/5", "nine out of ten and four point five out of five"),
        ("a 50/50 chance", "a fifty fifty chance"),
        ("5%–10%", "five to ten percent"),
        ("1914–1918", "nineteen fourteen to nineteen eighteen"),
        ("5'11\" tall", "five foot eleven tall"),
        ("$85,000/yr", "eighty-five thousand dollars per year"),
        ("~10x", "about ten x"),
        # ordinals, decades, years
        ("1st, 2nd, 3rd and 21st", "first, second, third and twenty-first"),
        ("the 1990s and the 80s", "the nineteen nineties and the eighties"),
        ("in 1984 and in 2024", "in nineteen eighty-four and in twenty twenty-four"),
        ("since 1848", "since eighteen forty-eight"),
        # dates
        ("2024-03-05", "March fifth, twenty twenty-four"),
        ("3/5/2024", "March fifth, twenty twenty-four"),
        ("25/12/2024", "December twenty-fifth, twenty twenty-four"),
        ("March 5 2024", "March fifth, twenty twenty-four"),
        ("March 5, 2024", "March fifth, twenty twenty-four"),
        ("Mar. 5th", "March fifth"),
        ("5 March 2024", "March fifth, twenty twenty-four"),
        ("the 5th of May", "the May fifth"),
        ("March 2024", "March twenty twenty-four"),
        ("2024-03-05T14:05:00Z", "March fifth, twenty twenty-four, fourteen oh five"),
        ("2024-13-45", "two thousand twenty-four thirteen forty-five"),
        # times
        ("9:30am", "nine thirty a.m."),
        ("9:30 PM", "nine thirty p.m."),
        ("at 14:05", "at fourteen oh five"),
        ("at 9:00", "at nine o'clock"),
        ("at 14:00", "at fourteen hundred"),
        ("5pm", "five p.m."),
        ("1:02:03", "one oh two and three seconds"),
        # money
        ("$12.50", "twelve dollars and fifty cents"),
        ("$1 and $1.01", "one dollar and one dollar and one cent"),
        ("$0.99", "ninety-nine cents"),
        ("€5, £3 and ¥100", "five euros, three pounds and one hundred yen"),
        ("£1.50", "one pound and fifty pence"),
        ("$3k and $1.2 million", "three thousand dollars and one point two million dollars"),
        ("5 USD or 5€", "five US dollars or five euros"),
        ("-$5", "minus five dollars"),
        ("$5-10", "five to ten dollars"),
        ("$1,000", "one thousand dollars"),
        # addresses of machines and people
        ("v2.0.1", "version two point zero point one"),
        ("Python 3.11.7", "Python three point eleven point seven"),
        ("192.168.1.1:80", "one hundred ninety-two dot one hundred sixty-eight dot one dot one port eighty"),
        ("555-123-4567", "five five five, one two three, four five six seven"),
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
        ("555-1234", "five five five, one two three four"),
        # in words
        ("GPT4 and H200", "GPT four and H two hundred"),
        ("3D and mp3", "three D and mp three"),
        ("COVID-19", "COVID-nineteen"),
        ("0xFF", "hex F F"),
        ("#1 and No. 5", "number one and number five"),
        ("1920x1080", "one thousand nine hundred twenty by one thousand eighty"),
        # signs
        ("2+2=4", "two plus two equals four"),
        ("5 < 6", "five is less than six"),
        ("2×3×4", "two times three times four"),
        ("C# and A&B", "C sharp and A and B"),
        ("Louis XIV", "Louis XIV"),
        ("nothing to say here", "nothing to say here"),
    ],
)
def test_numbers_are_read_as_people_read_them(typed: str, said: str) -> None:
    """One case for each shape."""
    assert " ".join(spoken(typed).split()) == " ".join(said.split())


@given(st.text(st.sampled_from("0123456789.,:/-+$€%kKmGB °x#ehst()aJ"), max_size=30))
def test_no_shape_of_digits_is_too_strange(text: str) -> None:
    """Whatever is typed, something is said, and no digit is left over."""
    assert not any(character.isdecimal() for character in spoken(text))
