"""How upstream's English normaliser says a token, where wetext's grammar says it otherwise.

Each was found by comparing the two, and holds for all tokens of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bot.tts.indextts.text.grammar import NotInGrammar, Token, say, tokens

_SIGNED: Mapping[str, str] = {"cardinal": "negative", "decimal": "minus"}
_IN_ADDRESS: Mapping[str, str] = {
    ".": "dot",
    ",": "comma",
    "!": "exclamation mark",
    "?": "question mark",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    "'": "quote",
}
_MARK_IN_ADDRESS = re.compile("[" + re.escape("".join(_IN_ADDRESS)) + "]")
_THOUSAND = re.compile(r"1\d{3}")
_SHORT = r"(?:\d{1,2}|[1-9]0{2,3})"
_PRODUCT = re.compile(rf"{_SHORT}(?:[x*]{_SHORT})*x?")
_SLASHED = re.compile(r"\d{1,2}(?:/\d{1,2}){2}")
_PER = re.compile(r"(\d+)/([a-z]+)")
"""The end of ``4.9/day``, which wetext takes for one of its own."""
_STARTS_WITH_DIGITS = re.compile(r"(\d+)(\D.*)?", re.DOTALL)
_NOUGHTS = re.compile(r' +fractional_part: "0+"')
_QUANTIFIED = re.compile(r"(.*) ((?:thousand|million|billion|trillion)\b.*)")
_ABBREVIATED: Mapping[str, str] = {"No": "number", "NO": "number", "Vol": "Volume"}
_OPERATORS: Mapping[str, str] = {"+": "plus", "=": "equals", "&": "and", "|": "vertical bar"}


def word(text: str) -> Token:
    """A token that is said as it stands."""
    return Token("w", "", {"v": text})


def with_marks_read(found: Sequence[Token]) -> list[Token]:
    """The tokens, with marks between two of them read as upstream reads them: a hyphen that makes no range is the sign
    of the second number (``555-0123``), a point right before digits is one of decimals (``v1.12.0``, ``26.5px``), the
    price of something has all its digits (``$4.9/day``), and a mark inside or behind an address belongs to it."""
    read = list(found)
    for at in range(1, len(found)):
        after = found[at + 1] if at + 1 < len(found) else None
        # What is before may have been read by now, what is after may not; a token that was is passed over as none.
        read[at - 1 : at + 2] = _with_mark_read(read[at - 1], found[at], after) or read[at - 1 : at + 2]
    return [token for token in read if token is not _NOTHING]


def _with_mark_read(before: Token, mark: Token, after: Token | None) -> list[Token]:
    """Three tokens for three, the mark in the middle; or none, where wetext is right. At the end there are two."""
    if mark.kind != "p" or before.kind == "p":
        return []
    if before.kind == "electronic":
        return _in_address(before, mark, after)
    if after is None:
        return []
    if mark.value == "-" and after.kind in _SIGNED and before.kind != "w":
        return [before, word(_SIGNED[after.kind]), after]
    return _per(before, mark, after) or _pointed(before, mark, after)


def _in_address(before: Token, mark: Token, after: Token | None) -> list[Token]:
    """Behind the address of a mailbox that ends the text, a mark is said; one that wetext takes for the end of another
    address is, too (``https://example.com/b?c=1#d``)."""
    if after is None:
        ends = mark.value in (".", "!", "?") and "username" in before.fields
        return [before, word(f"{_IN_ADDRESS[mark.value]} ")] if ends else []
    if after.kind == "serial" and mark.value in (".", "?"):
        return [before, word(_IN_ADDRESS[mark.value]), word(said(after).replace(" and ", " ampersand "))]
    return []


def _per(before: Token, mark: Token, after: Token) -> list[Token]:
    """What each costs, or how many there are in each."""
    digits = _PER.fullmatch(after.value) if after.kind == "serial" else None
    if not digits or mark.value not in (".", ",") or before.kind not in ("cardinal", "money"):
        return []
    written = "".join(before.fields.values()) + mark.value + digits[1]
    try:
        amount = " ".join(map(said, tokens(written, "en")))
    except NotInGrammar:
        return []
    return [word(amount), word(f"slash {digits[2]}"), _NOTHING]


def _pointed(before: Token, mark: Token, after: Token) -> list[Token]:
    """Digits right behind a point are said one by one. A short form of a word is said in full there."""
    digits = _STARTS_WITH_DIGITS.fullmatch(_whole(after))
    if mark.value != "." or before.kind in ("money", "telephone") or not digits:
        return []
    if before.kind == "w" and before.value in _ABBREVIATED and after.kind == "cardinal":
        return [word(_ABBREVIATED[before.value]), after, _NOTHING]
    rest = digits[2] or ""
    if "fractional_part" in after.fields:
        rest = f"point {said(after).partition(' point ')[2]}"
    return [before, word("point"), word(f"{_decimals(digits[1])} {rest}".rstrip())]


def _whole(token: Token) -> str:
    """What a number begins with, as it is written: its digits, and for a name with a number all of it."""
    first = token.fields.get("integer_part", token.value)
    return first if token.kind in ("cardinal", "date", "decimal", "serial") or "separator" in token.fields else ""


def _number(token: Token) -> str:
    """Before decimals, and in sums of money, *one thousand* and not only *thousand*; *oh*, where a nought follows."""
    text = say(token, "en")
    whole = token.fields.get("integer_part", "").replace(",", "")
    if _THOUSAND.fullmatch(whole):
        return re.sub(r"^(minus )?thousand", r"\1one thousand", text)
    if whole == "0" and token.fields.get("fractional_part", "").startswith("0") and token.kind != "money":
        return text.replace("zero point", "oh point", 1)
    return text


def _decimals(digits: str) -> str:
    """Digit by digit: what a decimal says after its point."""
    try:
        return "".join(say(token, "en") for token in tokens(f"0.{digits}", "en")).partition(" point ")[2] or digits
    except NotInGrammar:
        return digits


def _date(token: Token) -> str:
    """The comma before a year is set apart, and the one after it kept."""
    year = token.fields.get("year", "")
    text = say(token, "en")
    return text.replace(",", " ,", 1) + "," * year.endswith(",") if year.startswith(",") else text


def _range(token: Token) -> str:
    """A product of small numbers is read sign by sign, and so are three between slashes."""
    value = token.value
    if _PRODUCT.fullmatch(value):
        return " ".join(_part(part) for part in re.findall(r"\d+|\D", value))
    if _SLASHED.fullmatch(value):
        return "/".join(map(_part, value.split("/")))
    return say(token, "en")


def _part(written: str) -> str:
    if written.isdigit():
        return say(Token("cardinal", f'cardinal {{ integer: "{written}" }} ', {}), "en")
    return written.replace("*", "asterisk")


def _address(token: Token) -> str:
    """A mark that ends an address belongs to it and is said; like a number there, it keeps a space after it. Marks that
    wetext leaves standing inside are said, too."""
    domain = token.fields.get("domain", "")
    ending = domain[-1:] if domain[-1:] in _IN_ADDRESS else ""
    core = token.written.replace(f'{domain}"', f'{domain.removesuffix(ending)}"')
    text = say(Token(token.kind, core, {}), "en") + ending
    text = _MARK_IN_ADDRESS.sub(lambda found: f" {_IN_ADDRESS[found[0]]} ", text)
    return text + " " * domain[-1:].isdigit()


_READINGS: Mapping[str, Callable[[Token], str]] = {"date": _date, "electronic": _address, "range": _range}
