"""The last look: what is left is what an engine is told, in pieces no longer than asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.tts.text import marks
from bot.tts.text.block import Block
from bot.tts.text.boundaries import ENDS
from bot.tts.text.characters import boundary

_KEPT = frozenset(".,!?;:'\"()-–—…‘’“”«»、，：（）「」『』《》·・%$€£¥₩₹₽°+/&=~〜～\u200c\u200d" + ENDS + "׃־")
_UNSAID_ASCII = re.compile(r"[*_^`|<>{}\[\]\\#@\n]")
_GLUED = re.compile(r"\.(?<=[^\W\d_][^\W\d_].)(?=[^\W\d_]{2})|/(?!\d|[年月天日周人小个次])|/(?<!\d/)")
_JOINT = re.compile(r"/|\.[^\W\d_]")
"""What every such joint holds."""
_BLANKS = re.compile(r"\s{2,}")
_BEFORE_MARK = re.compile(r"\s+(?=[,.!?;:，。！？；：、…)](?!\w))")
_OPENING = re.compile(r"([(（「『“«])\s+")
_OPENERS = frozenset('(（「『“«"')
_COMMAS = frozenset(",，、")
_DOLLAR = re.compile(r"(?<!\d)\$(?!\s?\d)")
_EMPTY = re.compile(r"\(\s*\)|（\s*）|\"\s*\"|「\s*」|“\s*”")
_DOUBLED = re.compile(r"[,，、](?:\s*[,，、])+|[,，、]\s*(?=[.!?。！？;；])|(?<=[.!?。！？:：;；])\s*[,，、]")
_UNTIDY = re.compile(
    '[\\s,，、.!?。！？:：;；(（「『“«"](?:(?<=\\s)[\\s,.!?;:，。！？；：、…)]|(?<=[,，、])\\s?[,，、.!?。！？;；]'
    '|(?<=[.!?。！？:：;；])\\s?[,，、]|(?<=[(（「『“«])\\s|(?<=[(（「“"])\\s*[)）」”"])'
)
"""Whether any of the above may find something: one look instead of five, since most text is tidy."""
_EDGE = " \n,，、;；:：.。!！?？…-–—/&=+·・)）」』》”’"
_TRAILING = " \n,，、"
_SPOKEN = re.compile(r"[^\W_]")
_CLAUSE = re.compile(r"[,;:，、；：—–)）」』”.!?。！？…](?=\s)|[，、；：。！？](?!\d)")


class _Speakable(dict[int, int | str | None]):
    """For :meth:`str.translate`: letters, digits and the marks that engines breathe at; a blank for all else."""

    def __missing__(self, code: int) -> int | str | None:
        character = chr(code)
        kind = unicodedata.category(character)[0]
        spoken = character in _KEPT or kind in "LMN"
        self[code] = code if spoken else (None if kind == "C" and character != "\n" else " ")
        return self[code]


_SPEAKABLE = _Speakable()


def _unspeakable(character: str) -> bool:
    return character != "\n" and _SPEAKABLE[ord(character)] not in (ord(character), character)


def glued(text: str) -> str:
    """A full stop inside a word is said; one between two sentences gets its blank; a slash is a gap."""
    return _GLUED.sub(_loosened, text) if text.find(".", 0, -2) >= 0 or "/" in text else text


def near_joints(block: Block) -> Iterable[int]:
    """The sentences that may hold a joint in a word."""
    return block.holding(_JOINT)


def near_untidy(block: Block) -> Iterator[int]:
    """The sentences that may need more than to have their edges trimmed."""
    yield from block.holding_any(["$", *filter(_unspeakable, block.characters)])
    # The newlines at the edges of sentences are trimmed; one within a sentence is the concern of whoever asks.
    yield from replace(block, text=block.text.replace("\n", "\0")).holding(_UNTIDY)


def tidied(text: str) -> str:
    """Only what can be said, evenly spaced; empty if nothing pronounceable is left."""
    if not text.isascii() or _UNSAID_ASCII.search(text):
        text = text.translate(_SPEAKABLE)
    if "$" in text:
        text = _DOLLAR.sub(" ", text)
    if _UNTIDY.search(text):
        text = _spaced(text)
    return trimmed(text)


def _spaced(text: str) -> str:
    """The text with its blanks where they belong and one comma where there were more."""
    brackets = not _OPENERS.isdisjoint(text)
    text = _BLANKS.sub(" ", _EMPTY.sub(" ", text) if brackets else text)
    if " " in text:
        text = _BEFORE_MARK.sub("", text)
        text = _OPENING.sub(r"\1", text) if brackets else text
    return text if _COMMAS.isdisjoint(text) else _DOUBLED.sub(_single, text)


def trimmed(text: str) -> str:
    """The text without what means nothing at its edges; empty if nothing pronounceable is left."""
    text = text.lstrip(_EDGE).rstrip(_TRAILING).strip()
    return text if _SPOKEN.search(text) else ""


def fitted(text: str, longest: int) -> list[str]:
    """The text in parts of at most ``longest`` characters: cut at clauses, else at blanks, else between characters."""
    parts: list[str] = []
    while len(text) > longest:
        at = _place(text, longest)
        parts.append(text[:at].strip())
        text = text[at:].lstrip()
    return [part for part in (*parts, text) if _SPOKEN.search(part)]


def _place(text: str, longest: int) -> int:
    clause = max((found.end() for found in _CLAUSE.finditer(text, longest // 3, longest)), default=0)
    if clause:
        return clause
    blank = text.rfind(" ", 1, longest + 1)
    if blank > 0:
        return blank
    at = boundary(text, longest)
    while at > 1 and text[at - 1].isdecimal() and text[at].isdecimal():
        at -= 1
    return at if at > 1 or longest == 1 else boundary(text, longest) or longest


def _loosened(found: re.Match[str]) -> str:
    if found[0] == "/":
        return " "
    following = found.string[found.end()]
    return f" {marks.DOT} " if following.islower() else ". "


def _single(run: re.Match[str]) -> str:
    return run[0][0] if len(run[0].strip()) > 1 and run[0][0] in ",，、" else ""
