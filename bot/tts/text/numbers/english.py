"""English: numbers, dates, times, money and units as one reads them aloud."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bot.tts.text.numbers.english_names import CLOSE_ONLY, CURRENCIES, FRACTIONS, SIGNS, UNITS
from bot.tts.text.numbers.reader import ALONE, NUMBER, Reader, Rule, flooded
from bot.tts.text.wordlist import wordlist

_ONES = wordlist(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = wordlist("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = ("", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_LONGEST = 15
"""Digits that are still said as a number."""

_MONTHS = wordlist("January February March April May June July August September October November December")
_MONTH = (
    r"(Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_SUFFIXES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_SCREENS = ("4", "8")
"""4K and 8K are sizes of screens."""


def spoken(text: str) -> str:
    """The text with its numbers and signs in words."""
    if _HAS_DIGITS.search(text) and not flooded(text):
        text = _reader().read(_readied(text) if _SPECIAL.search(text) else text)
    if SIGNED.isdisjoint(text):
        return text
    return _SIGN.sub(_sign, _SHARP_NOTE.sub(r"\1 sharp", text))


def _readied(text: str) -> str:
    """The text with words for what stands beside digits."""
    text = _ABOUT.sub("about ", _PAIRS.sub(r" \1 ", _SHARP.sub("number ", text)))
    return _PER.sub(lambda per: f" per {_PERIODS.get(per[1], per[1])}", text)


def cardinal(number: int) -> str:
    """A number in words, up to 999 trillion."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred {cardinal(rest)}" if rest else f"{_ONES[hundreds]} hundred"
    return _scaled(number)


def _scaled(number: int) -> str:
    groups: list[str] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(f"{cardinal(group)} {scale}".rstrip())
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """The place in a row: first, second, twenty-third."""
    head, joint, last = cardinal(number).replace("-", " -").rpartition(" ")
    last, dash = last.lstrip("-"), "-" if last.startswith("-") else ""
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return f"{head}{dash or joint}{_ORDINALS.get(last, regular)}"


def digits(text: str) -> str:
    """Digit by digit; other signs are dropped."""
    return " ".join(_ONES[int(digit)] for digit in text if digit.isdecimal())


def number(text: str) -> str:
    """A number as typed, with separators and decimals; a very long one digit by digit."""
    whole, point, decimals = text.replace(",", "").partition(".")
    if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole)) if whole else ""
    return f"{said} point {digits(decimals)}".strip() if point else said


def year(number: int) -> str:
    """A year, by its halves where one says it so."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def _date(years: str, months: str, days: str) -> str:
    month, day = int(months), int(days)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return " ".join(map(number, filter(None, (years, months, days))))
    said = f"{_MONTHS[month - 1]} {ordinal(day)}"
    return f"{said}, {year(int(years))}" if years else said


def _iso(years: str, months: str, days: str, hours: str, minutes: str) -> str:
    said = _date(years, months, days)
    return f"{said}, {_clock(hours, minutes, '', '')}" if hours else said


def _slashed(first: str, second: str, years: str) -> str:
    """American order, unless only the other makes sense."""
    months, days = (second, first) if int(first) > 12 else (first, second)
    return _date(years if len(years) == 4 else f"20{years}", months, days)


def _named_date(month: str, day: str, years: str) -> str:
    at = next(at for at, name in enumerate(_MONTHS) if name.startswith(month[:3]))
    return _date(years, str(at + 1), day)


def _day_first(day: str, month: str, years: str) -> str:
    return _named_date(month, day, years)


def _month_and_year(month: str, years: str) -> str:
    return f"{next(name for name in _MONTHS if name.startswith(month[:3]))} {year(int(years))}"


def _address(octets: str, port: str) -> str:
    said = " dot ".join(map(number, octets.split(".")))
    return f"{said} port {number(port[1:])}" if port else said


def _version(version: str) -> str:
    return f"version {_pointed(version)}"


def _pointed(version: str) -> str:
    return " point ".join(map(number, version.split(".")))


def _clock(hours: str, minutes: str, seconds: str, half: str) -> str:
    hour, minute = int(hours), int(minutes)
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)} to {cardinal(minute)}"
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half and not seconds:
        said += " o'clock" if 0 < hour < 13 else " hundred"
    if seconds:
        said += f" and {_counted(str(int(seconds)), 'second', 'seconds')}"
    return f"{said} {_half(half)}" if half else said


def _half(half: str) -> str:
    return f"{half[0].lower()}.m."


def _hour(hours: str, half: str) -> str:
    return f"{number(hours)} {_half(half)}"


def _ratio(first: str, second: str) -> str:
    return f"{number(first)} to {number(second)}"


def _phone(text: str) -> str:
    groups = ", ".join(digits(group) for group in re.findall(r"\d+", text))
    return f"plus {groups}" if text.startswith("+") else groups


def _counted(amount: str, one: str, many: str) -> str:
    return f"{number(amount)} {one if amount == '1' else many}"


def _money(minus: str, sign: str, amount: str, suffix: str, upper: str = "", currency: str = "") -> str:
    one, many, hundredth = (
        CURRENCIES[(sign or currency).upper().removeprefix("US")] if sign else CURRENCIES[currency.upper()]
    )
    before = "minus " if minus else ""
    scale = _SUFFIXES.get(suffix.lower(), suffix.lower())
    if upper:
        return f"{before}{number(amount)} to {number(upper)} {scale} {many}".replace("  ", " ")
    whole, _, decimals = amount.partition(".")
    if scale or not hundredth or len(decimals) != 2:
        return f"{before}{number(amount)} {scale} {one if amount == '1' and not scale else many}".replace("  ", " ")
    return before + _with_cents(whole, decimals, one, many, hundredth)


def _with_cents(whole: str, decimals: str, one: str, many: str, hundredth: str) -> str:
    cents = int(decimals)
    small = "" if not cents else f"{cardinal(cents)} {hundredth if cents == 1 else _plural(hundredth)}"
    if whole.strip("0,") == "" and cents:
        return small
    large = _counted(whole, one, many)
    return f"{large} and {small}" if small else large


def _plural(hundredth: str) -> str:
    return "pence" if hundredth == "penny" else f"{hundredth}s"


def _amount(minus: str, amount: str, suffix: str, currency: str) -> str:
    return _money(minus, "", amount, suffix, currency=currency)


def _money_range(sign: str, low: str, high: str, suffix: str) -> str:
    return _money("", sign, low, suffix, high)


def _range(low: str, high: str, unit: str) -> str:
    if not unit and len(low) == len(high) == 4 and "1100" < low < high < "2100":
        return f"{year(int(low))} to {year(int(high))}"
    said = f"{number(low)} to {number(high)}"
    return f"{said} {UNITS[unit]}" if unit else said


def _measure(minus: str, amount: str, unit: str) -> str:
    said = UNITS[unit]
    if amount == "1" and not minus:
        said = _singular(said)
    return f"{'minus ' if minus else ''}{number(amount)} {said}"


def _singular(unit: str) -> str:
    first, _, rest = unit.partition(" ")
    special = {"feet": "foot", "inches": "inch", "hertz": "hertz"}
    if first in ("square", "cubic"):
        return f"{first} {_singular(rest)}"
    return f"{special.get(first, first.removesuffix('s'))} {rest}".strip()


def _fraction(whole: str, upper: str, lower: str) -> str:
    top, bottom = int(upper), int(lower)
    if (upper, lower) == ("24", "7") or (top == bottom and not whole):
        return f"{cardinal(top)} {cardinal(bottom)}"
    if bottom in (10, 100) and not whole:
        return _rating(upper, lower)
    if top >= bottom or bottom > 20 or bottom == 0:
        return f"{whole} {cardinal(top)} over {cardinal(bottom)}".strip()
    part = {2: "half", 4: "quarter"}.get(bottom, ordinal(bottom))
    said = f"{cardinal(top)} {part if top == 1 else 'halves' if part == 'half' else f'{part}s'}"
    return f"{number(whole)} and {said}" if whole else said


def _rating(upper: str, lower: str) -> str:
    return f"{number(upper)} out of {number(lower)}"


def _height(feet: str, inches: str) -> str:
    return f"{number(feet)} foot {number(inches)}"


def _decade(text: str) -> str:
    said = year(int(text)) if len(text) == 4 else cardinal(int(text))
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def _hexadecimal(text: str) -> str:
    return "hex " + " ".join(_ONES[int(digit)] if digit.isdecimal() else digit.upper() for digit in text)


def _in_word(text: str, following: str) -> str:
    said = cardinal(int(text)) if len(text) < 4 and text[0] != "0" else _year_or_digits(text)
    return f" {said}{' ' if following else ''}{following}"


def _year_or_digits(text: str) -> str:
    return year(int(text)) if len(text) == 4 and text[0] in "12" else digits(text)


def _year_after(text: str) -> str:
    return year(int(text))


def _power(mantissa: str, exponent: str) -> str:
    minus = "minus " if exponent.startswith("-") else ""
    return f"{number(mantissa)} times ten to the {minus}{cardinal(int(exponent.lstrip('+-')))}"


def _multiplied(first: str, second: str) -> str:
    return f"{number(first)} by {number(second)}"


def _plain(minus: str, text: str, scale: str, following: str) -> str:
    sign = "minus " if minus else ""
    if scale:
        return f"{sign}{number(text)} {scale if text in _SCREENS else _SUFFIXES[scale.lower()]}"
    if not sign and len(text) == 4 and "1900" < text < "2100":
        said = year(int(text))
    elif len(text) > 9 and text.isdecimal():
        said = digits(text)
    else:
        said = number(text)
    return f"{sign}{said}{' ' if following else ''}{following}"


def _more(text: str) -> str:
    return f"{number(text)} plus"


def _any(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_OPEN_UNITS = _any([unit for unit in UNITS if unit not in CLOSE_ONLY])
_CLOSE_UNITS = _any(list(CLOSE_ONLY))
_SCALE = r"(k|K|[mM](?:n)?|bn|b|B|T|thousand|million|billion|trillion)?(?![\w])"
_MINUS = r"(?<![\w)\].,])([-−]?)"
_THOUSANDS = "(k|K|[mM]n?|bn|B|thousand|million|billion|trillion)?"
_CODES = "USD|EUR|GBP|JPY|CNY|RMB|KRW|CAD|AUD|CHF|INR|BTC"
_AT_TIME = r"(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?Z?)?"
_UNIT_AFTER = rf"(?:\s?({_OPEN_UNITS})(?![\w]))"

_DECIMAL = ",."
_INITIALS = "".join({unit[0] for unit in UNITS})
_MONEY = "$€£¥￥₩₹₽₿"
_RULES: tuple[Rule, ...] = (
    # Half of all numbers are small and stand before a word: said at once, they spare the search through all below.
    Rule(r"(?<![\w.,:/$€£¥#~+'–-])(\d{1,3})(?=[,;!?]? [a-z]{5}|[.,;!?]?\Z)", number),
    Rule(ALONE + r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _AT_TIME + r"(?![\w/-])", _iso, "-/.", follows="-/."),
    Rule(ALONE + r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])", _slashed, "/", follows="/"),
    Rule(rf"\b{_MONTH}\s(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(\d{{4}}))?(?![\w:])", _named_date, begins="JFMASOND"),
    Rule(
        ALONE + rf"(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s(\d{{4}}))?(?!\w)",
        _day_first,
        "JFMASOND",
        follows=" snrt",
    ),
    Rule(rf"\b{_MONTH},?\s(\d{{4}})(?!\w)", _month_and_year, begins="JFMASOND"),
    Rule(ALONE + r"(\d{1,3}(?:\.\d{1,3}){3})(:\d{1,5})?(?![\w]|\.\d)", _address, ".", follows="."),
    Rule(r"(?<![\w.])[vV]\.?(\d{1,6}(?:\.\d{1,6}){0,5})(?![\w])", _version, begins="vV"),
    Rule(ALONE + r"(\d{1,6}(?:\.\d{1,6}){2,5})(?!\w)", _pointed, ".", follows="."),
    Rule(ALONE + r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp]\.?[Mm]\b\.?))?(?![\d:])", _clock, ":", follows=":"),
    Rule(ALONE + r"(\d{1,2})\s?([AaPp]\.?[Mm]\b\.?)", _hour, "mM", follows=" AaPp"),
    Rule(ALONE + r"(\d{1,9}):(\d{1,9})(?![\d:])", _ratio, ":", follows=":"),
    Rule(r"(?<!\w)(\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,4}|\(\d{3}\)\s?\d{3}[-.\s]\d{4})(?!\w)", _phone, begins="+("),
    Rule(ALONE + r"(\d{3}[-.]\d{3}[-.]\d{4}|\d{3}-\d{4}|\d{3} \d{3} \d{4})(?![\w-])", _phone, "-. ", follows="-. "),
    Rule(rf"(?<!\w)([{_MONEY}])\s?({NUMBER})\s?[-–—]\s?[{_MONEY}]?({NUMBER})\s?{_SCALE}", _money_range, "-–—", _MONEY),
    Rule(rf"{_MINUS}((?:US)?[{_MONEY}])\s?({NUMBER})\s?{_SCALE}", _money, _MONEY, f"-−U{_MONEY}"),
    Rule(
        rf"{_MINUS}({NUMBER})\s?{_THOUSANDS}\s?([{_MONEY}]|(?:{_CODES})\b)",
        _amount,
        f"UEGJCRKAIB{_MONEY}",
        "0-−",
        f"{_DECIMAL} kKmMbBtUEGJCRKAI{_MONEY}",
    ),
    Rule(ALONE + r"'?([5-9]0|\d{3}0|(?<=the )\d0)'?s(?!\w)", _decade, "s", "0'", "'s"),
    Rule(
        ALONE + rf"({NUMBER})%?\s?[-–—]\s?({NUMBER}){_UNIT_AFTER}?(?![\w-])", _range, "-–—", follows=f"{_DECIMAL}% -–—"
    ),
    Rule(rf"{_MINUS}({NUMBER})\s?({_OPEN_UNITS})(?![\w])", _measure, "", "0-−", f"{_DECIMAL} {_INITIALS}"),
    Rule(rf"{_MINUS}({NUMBER})({_CLOSE_UNITS})(?![\w])", _measure, "", "0-−", f"{_DECIMAL}{_INITIALS}"),
    Rule(ALONE + r"(\d{1,3}\.\d{1,3})/(\d{1,3})(?![\w/])", _rating, "/", follows="."),
    Rule(ALONE + r"(\d)['’](\d{1,2})(?:\"|”)?(?!\w)", _height, "'’", follows="'’"),
    Rule(ALONE + r"(?:(\d{1,4})\s)?(\d{1,4})/(\d{1,4})(?![\w/])", _fraction, "/", follows=" /"),
    Rule(ALONE + r"(\d{1,12})(?:st|nd|rd|th)(?!\w)", lambda text: ordinal(int(text)), "td", follows="snrt"),
    Rule(r"\b0[xX]([0-9a-fA-F]{1,64})(?!\w)", _hexadecimal, "xX", follows="xX"),
    Rule(ALONE + r"(\d{1,9}(?:\.\d{1,9})?)[eE]([+-]?\d{1,3})(?!\w)", _power, "eE", follows=".eE"),
    Rule(ALONE + r"(\d{1,9}) ?x ?(\d{1,9})(?!\w)", _multiplied, "x", follows=" x"),
    Rule(r"(?:(?<=\bin )|(?<=\bsince )|(?<=\byear )|(?<=\bof ))(1[1-9]\d\d)(?![\w,.]\d|\w)", _year_after),
    Rule(ALONE + rf"({NUMBER})\+(?=\s|\Z|[,.!?])", _more, "+", follows=f"{_DECIMAL}+"),
    Rule(rf"{_MINUS}({NUMBER})(?:([kKmM]|bn)(?!\w)|([A-Za-z]?))", _plain, begins="0-−"),
    Rule(r"(?<![\w])([-−]?)(\.\d{1,30})()()", _plain, ".", "-−."),
    Rule(r"(?<=[A-Za-z])(\d{1,600})([A-Za-z]?)", _in_word),
    Rule(r"(\d{1,600})", digits),
)


@cache
def _reader() -> Reader:
    """Compiled when the first number is met: whoever only asks for help does not wait for it."""
    return Reader(_RULES)


_HAS_DIGITS = re.compile(r"\d")
_PAIRS = re.compile(f"([{''.join(FRACTIONS)}])")
_ABOUT = re.compile(r"(?<!\w)[~≈] ?(?=[\d$€£])")
_PER = re.compile(r"(?<=[\dkKmM])/(yr|year|mo|month|wk|week|day|hr|hour|h|min|sec|s|person)\b")
_PERIODS = {
    "yr": "year",
    "mo": "month",
    "wk": "week",
    "hr": "hour",
    "h": "hour",
    "min": "minute",
    "sec": "second",
    "s": "second",
}
_SPECIAL = re.compile(f"[~≈/#№{''.join(FRACTIONS)}]|No\\.")
_SHARP = re.compile(r"(?<!\w)(?:#|No\. ?|№ ?)(?=\d)")
_SHARP_NOTE = re.compile(r"\b([A-G])#")
SIGNED = frozenset((*SIGNS, *FRACTIONS, *"#<>"))
_SIGN = re.compile(f"[{re.escape(''.join(SIGNS) + ''.join(FRACTIONS))}]|(?<= )[<>](?= )")


def _sign(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in "<>":
        return "is less than" if sign == "<" else "is greater than"
    return f" {SIGNS.get(sign) or FRACTIONS[sign]} "
