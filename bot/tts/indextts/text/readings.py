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
_PRODUCT = re.compile(r"\d{1,3}(?:[x*]\d{1,3})*x?")
_SLASHED = re.compile(r"\d{1,2}(?:/\d{1,2}){2}")


def word(text: str) -> Token:
    """A token that is said as it stands."""
    return Token("w", "", {"v": text})


def with_marks_read(found: Sequence[Token]) -> list[Token]:
    """The tokens, with marks between two of them read as upstream reads them: a hyphen that makes no range is the sign
    of the second number (``555-0123``), a point after letters with a number is one of decimals (``GPT3.5``), and one
    inside an address that wetext takes for two (``https://example.com/b#c``) is its dot."""
    read = list(found)
    for at in range(1, len(found) - 1):
        before, mark, after = found[at - 1 : at + 2]
        if mark.kind != "p" or before.kind in ("w", "p"):
            continue
        if mark.value == "-" and after.kind in _SIGNED:
            read[at] = word(_SIGNED[after.kind])
        elif mark.value == "." and (before.kind, after.kind) == ("serial", "cardinal"):
            read[at : at + 2] = [word("point"), word(_decimals(after.value))]
        elif mark.value == "." and (before.kind, after.kind) == ("electronic", "serial"):
            read[at] = word("dot")
    return read


def said(token: Token) -> str:
    """The token as upstream says it; as it is written, where the grammar that tagged it cannot say it."""
    if token.kind in ("w", "p"):
        return token.value
    try:
        return _READINGS.get(token.kind, _number)(token)
    except NotInGrammar:
        return " ".join(token.fields.values())


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
