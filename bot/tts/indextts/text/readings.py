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
"""The end of ``4.9/day``, which wetext takes for something by itself."""
_DIGITS_FIRST = re.compile(r"(\d+)(?:-([a-zA-Z].*))?|(\d+)(\d\D.*)", re.DOTALL)
_NOUGHTS = re.compile(r' +fractional_part: "0+"')
_QUANTIFIED = re.compile(r"(.*) ((?:thousand|million|billion|trillion)\b.*)")
_GROUPS = re.compile(r"\d{3}\.\d{2,3}\.\d{2,3}\.\d{2,3}")
_DIALLED = 11
"""Digits that an address of the internet has, where it is taken for a number to dial."""
_ABBREVIATED: Mapping[str, str] = {"No": "number", "NO": "number", "Vol": "Volume"}
_OPERATORS: Mapping[str, str] = {"+": "plus", "=": "equals", "&": "and", "|": "vertical bar", "*": "asterisk"}


def word(text: str) -> Token:
    """A token that is said as it stands."""
    return Token("w", "", {"v": text})


def with_marks_read(found: Sequence[Token]) -> list[Token]:
    """The tokens, with marks between two of them read as upstream reads them: a hyphen that makes no range is the sign
    of the second number (``555-0123``), a point right before digits is one of decimals (``v1.12.0``, ``26.5px``), the
    price of each is one number (``$4.9/day``), and a mark where wetext breaks an address apart is said."""
    read = list(found)
    at = 1
    while at < len(read):
        if read[at].kind == "p":
            around = slice(at - 1, at + 2)
            read[around] = _with_mark_read(*read[around]) or read[around]
        at += 1
    return read


def _with_mark_read(before: Token, mark: Token, after: Token | None = None) -> list[Token]:
    """What the three are then; nothing, if wetext reads them as upstream does."""
    if after is None:
        return []
    if before.kind == "electronic":
        return _in_address(before, mark, after)
    if mark.value == "-" and after.kind in _SIGNED and before.kind not in ("w", "p"):
        return [before, word(_SIGNED[after.kind]), after]
    return _per(before, mark, after) or _pointed(before, mark, after)


def _in_address(before: Token, mark: Token, after: Token) -> list[Token]:
    if after.kind == "serial" and mark.value in (".", "?"):
        return [before, word(_IN_ADDRESS[mark.value]), word(said(after).replace(" and ", " ampersand "))]
    return []


def _per(before: Token, mark: Token, after: Token) -> list[Token]:
    ending = _PER.fullmatch(after.value) if after.kind == "serial" else None
    if not ending or mark.value not in (".", ",") or before.kind not in ("cardinal", "money"):
        return []
    amount = "".join(before.fields.values()) + mark.value + ending[1]
    return [word(_all_said(amount)), word(f"slash {ending[2]}")]


def _pointed(before: Token, mark: Token, after: Token) -> list[Token]:
    found = _DIGITS_FIRST.fullmatch(_number_in(after))
    if mark.value != "." or before.kind in ("p", "money", "telephone") or not found:
        return []
    if before.value in _ABBREVIATED and after.kind == "cardinal":
        return [word(_ABBREVIATED[before.value]), after]
    digits, rest = found[1] or found[3], _all_said(found[2] or found[4] or "")
    if "fractional_part" in after.fields:
        rest = "point " + said(after).partition(" point ")[2]
    return [before, word("point"), word(f"{_decimals(digits)} {rest}".rstrip())]


def _number_in(token: Token) -> str:
    """What it begins with, if that may be digits."""
    if token.kind in ("cardinal", "decimal", "serial") or "separator" in token.fields:
        return token.value
    return token.value if token.fields.keys() == {"year"} else ""


def _all_said(text: str) -> str:
    try:
        return " ".join(map(said, tokens(text, "en"))) if text else ""
    except NotInGrammar:
        return text


def said(token: Token) -> str:
    """The token as upstream says it; as it is written, where the grammar that tagged it cannot say it."""
    if token.kind == "p":
        return token.value
    if token.kind == "w":
        return _operators(token.value)
    try:
        return _READINGS.get(token.kind, _number)(token)
    except NotInGrammar:
        return " ".join(token.fields.values())


def _operators(text: str) -> str:
    """Several in a row, each by its name: one alone is in wetext's grammar."""
    return " ".join(map(_OPERATORS.__getitem__, text)) if text and _OPERATORS.keys() >= set(text) else text


def _number(token: Token) -> str:
    """Before decimals, and in sums of money, *one thousand* and not only *thousand*; *oh*, where a nought follows."""
    if "quantity" in token.fields:
        return _quantified(token)
    text = say(token, "en")
    whole = token.fields.get("integer_part", "").replace(",", "")
    if _THOUSAND.fullmatch(whole):
        return re.sub(r"^(minus )?thousand", r"\1one thousand", text)
    if whole == "0" and token.fields.get("fractional_part", "").startswith("0") and token.kind != "money":
        return text.replace("zero point", "oh point", 1)
    return text


def _quantified(token: Token) -> str:
    """Of millions, all decimals are said; without any, it is *two hundred fifty*."""
    text = say(Token(token.kind, _NOUGHTS.sub("", token.written), {}), "en")
    parts = _QUANTIFIED.fullmatch(text)
    if not parts or "integer_part" not in token.fields:
        return text
    if fraction := token.fields.get("fractional_part"):
        return f"{parts[1].partition(' point ')[0]} point {_decimals(fraction)} {parts[2]}"
    return f"{parts[1].replace(' and ', ' ')} {parts[2]}"


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
    if token.fields.keys() == {"year"} or (next(iter(token.fields)) == "month" and token.fields["month"].isdigit()):
        text = _year(text)
    return (text.replace(",", " ,", 1) if year.startswith(",") else text) + "," * year.endswith(",")


def _year(text: str) -> str:
    """*Nineteen oh five*, and *one thousand one* for 1001: not behind the name of a month."""
    text = re.sub(r"\bten hundred$", "one thousand", text)
    text = re.sub(r"\bten zero (\w+)$", r"one thousand \1", text)
    return re.sub(r"\bzero (\w+)$", r"oh \1", text)


def _telephone(token: Token) -> str:
    text = say(token, "en")
    is_dialled = _GROUPS.fullmatch(token.value) and sum(map(str.isdigit, token.value)) >= _DIALLED
    return text.replace(" dot ", ", ") if is_dialled else text


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
        text = say(Token("cardinal", f'cardinal {{ integer: "{written}" }} ', {}), "en")
        return re.sub(r"^thousand", "one thousand", text)
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


_READINGS: Mapping[str, Callable[[Token], str]] = {
    "date": _date,
    "electronic": _address,
    "range": _range,
    "telephone": _telephone,
}
