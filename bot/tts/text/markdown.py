"""Markdown, as LLMs write it and people half know it: what is only there for the eye is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.tts.text import marks
from bot.tts.text.block import Block
from bot.tts.text.sentence import Options

_INLINE_CODE = re.compile(r"(?<!`)(`{1,2}+)([^`\n]++(?:(?!\1)`++[^`\n]++){0,20}+)\1(?!`)")
_UNSAID_IN_CODE = re.compile(r"[*_~|<>\\\[\]{}()$]+|(?<=\s)--?(?=\w)")
_QUOTE = re.compile(r"\A\n\s*(?:>\s?)+")
_HEADING = re.compile(r"\A\n\s*(?:-#|#{1,6})\s+|(?<=\s)#+\s*\Z")
_BULLET = re.compile(r"\A\n\s*(?:[-*+•‣◦▪●○–]\s+)+(?:\[[ xX]?\]\s+)?")
_NUMBER = re.compile(r"\A\n\s*(\d{1,3})[.)]\s+(?:\[[ xX]?\]\s+)?")
_RULER = re.compile(r"\A\s*[-|:+=*_~\s]*[-=*_~][-|:+=*_~\s]*\Z")
_RULED = re.compile(r"\n[ |:+]*+[-=*_~][ |:+=*_~-]*+(?=\n)")
_QUOTED = re.compile("\n *>")
_ITEM = re.compile(r"\n *(?:[-*+•‣◦▪●○–]|\d{1,3}[.)])\s")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TIMES = re.compile(r"(?<=[\d)]) ?\*{1,2} ?(?=[\d(])")
_STARS = re.compile(r"\*+")
_JOINT = re.compile(r"_(?<=[^\W_]_)_*+(?=[^\W_])")
_BARS = re.compile(r"_+|~~+|~(?!\d)")


def inline_code(text: str, options: Options) -> str:
    """Inline code is said as words, and nothing in it means anything to the steps that follow."""
    return _INLINE_CODE.sub(lambda code: _UNSAID_IN_CODE.sub(" ", code[2]), text).replace("`", "")


def quotes(text: str, options: Options) -> str:
    """A quotation is its words."""
    found = _QUOTE.match(text)
    return f"\n{text[found.end() :]}" if found else text


def near_quotes(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may be a quotation."""
    return block.holding(_QUOTED)


def headings(text: str, options: Options) -> str:
    """A heading or a subtext line is its words."""
    return _HEADING.sub("\n", text)


def lists(text: str, options: Options) -> str:
    """A bullet is nothing, a number is said, a box to tick is not."""
    bullet = _BULLET.match(text)
    text = f"\n{text[bullet.end() :]}" if bullet else text
    number = _NUMBER.match(text)
    return f"\n{number[1]}, {text[number.end() :]}" if number else text


def near_items(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may be an item of a list."""
    return block.holding(_ITEM)


def rulers(text: str, options: Options) -> str:
    """A line that only divides says nothing."""
    return "" if _RULER.match(text) else text


def near_rulers(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may only divide."""
    return block.holding(_RULED)


def tables(text: str, options: Options) -> str:
    """The cells of a row, one after the other."""
    if "|" not in text:
        return text
    cells = (cell.strip() for cell in text.replace("\\|", "/").split("|"))
    return ", ".join(cell for cell in cells if cell)


def escapes(text: str, options: Options) -> str:
    """A backslash before a mark is there for Markdown's sake."""
    return _ESCAPED.sub(r"\1", text)


def emphasis(text: str, options: Options) -> str:
    """Stars, underscores and tildes go, but 2*3 is a product and snake_case two words."""
    text = _STARS.sub("", _TIMES.sub("×", text))
    return _BARS.sub("", _JOINT.sub(" ", text))


def silence(text: str, options: Options) -> str:
    """Code blocks and spoilers leave no word behind if that is the wish."""
    if options.code == "skip":
        text = text.replace(marks.CODE, " ")
    return text.replace(marks.SPOILER, " ") if options.spoilers == "skip" else text
