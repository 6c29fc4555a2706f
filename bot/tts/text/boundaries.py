"""Where a sentence ends, judged at a run of end marks from what stands around it.

The answer may be "not sure yet": it is given whenever more text could change it, and never otherwise withdrawn. That
is what makes a stream and a whole text come out the same.
"""

from __future__ import annotations

import re

from bot.tts.text.characters import CJK, EMOJI
from bot.tts.text.wordlist import wordlist

WIDE_ENDS = "。！？｡；"
"""End marks of scripts that are written without blanks."""

ENDS = ".!?…‼⁇⁈⁉؟۔।॥։።။។" + WIDE_ENDS
"""All end marks."""

_WIDE_MARKS = frozenset(WIDE_ENDS)

NOWHERE = 0
"""The answer "no sentence ends here"."""

_TAIL = re.compile(
    "[\"'”’»)\\]」』】》〉）］*_]{0,16}+"
    f"(?P<space>(?: {{0,4}}+[{EMOJI}\ufe0f\u200d\U0001f3fb-\U0001f3ff]{{1,16}}+){{0,8}}+ {{0,32}}+)"
)
"""Closing marks, then emoji and blanks: they belong to the sentence that has ended."""
_OPENERS = re.compile("[\"'“‘«(\\[*_~¿¡-]{0,8}")
_LETTERS = re.compile(r"[^\W\d_]{0,24}")
_WIDE = re.compile(f"[{CJK}]")
_GOES_ON = frozenset("とっての、，,をがはにもでかだなよねー")
"""What follows a closing quote when the sentence goes on: Japanese particles and commas."""

_LIST_NUMBER = re.compile(r"[\s>*+-]*\d{1,3}\Z")
_COUNTING = (",", ":", ";", "：", "，")
"""What stands before the number of an item in a list within a line."""
_SHORT = re.compile(r"(?:[^\W\d_](?:\.[^\W\d_])*|\d{1,2})\Z")
"""Initials, or a number that may be an ordinal."""

_NEVER = frozenset(
    wordlist(
        "dr mr mrs ms prof rev hon st mt sgt capt lt col gen gov sen rep pres messrs mme mlle e.g i.e eg ie vs cf "
        "viz al approx ca resp incl excl esp z.b d.h u.a bzw usw.o sr sra srta dra вул ул г им т.е т.д"
    )
)
"""Abbreviations that always lead on to something."""

_BEFORE_NUMBERS = frozenset(
    wordlist("no nos nr fig figs vol ch p pp art sec eq ver op jan feb mar apr jun jul aug sep sept oct nov dec")
)
"""Abbreviations only when a number follows: "No." is also an answer."""

_MAYBE = frozenset(wordlist("etc inc ltd co corp jr bros dept est ave blvd a.m p.m ph.d b.c a.d usw"))
"""Abbreviations that may also end a sentence: they do when a capital follows."""

_ABBREVIATIONS = {word: kind for kind in (_MAYBE, _BEFORE_NUMBERS, _NEVER) for word in kind}

_STARTERS = frozenset(
    wordlist(
        "a after all an and are as at because but by can did do does for from had has have he her here his how "
        "however i if in is it its it's let maybe my no not now of on one our please she so some that the their "
        "then there these they this those to was we well were what when where which while who why will with would "
        "yes yet you your"
    )
)
"""Words that begin a sentence after initials: "in the U.S. He left", but "J. R. Smith"."""

_MONTHS = frozenset(
    wordlist(
        "januar februar märz april mai juni juli august september oktober november dezember jahrhundert januari "
        "februari marts maj juuni klasse platz stock"
    )
)
"""Words after which "5." was an ordinal, in the languages that write it so."""


def sentence_end(text: str, run: re.Match[str], final: bool, fresh: bool) -> int | None:
    """Where to cut after the end marks ``run``, :data:`NOWHERE`, or None while more text could change that.

    ``text`` begins where the sentence does, at the beginning of a line if ``fresh``; if ``final`` no more will come.
    """
    tail = _TAIL.match(text, run.end())
    assert tail is not None  # it may match nothing, but it always matches
    space, end = tail.span("space")
    if end == len(text):
        return end if final else None
    if text[end] == "\n":
        return NOWHERE  # the newline itself decides
    closed = space > run.end()
    if not _WIDE_MARKS.isdisjoint(run[0]):
        return NOWHERE if closed and text[end] in _GOES_ON else end
    if space == end:
        return end if _between_wide(text, run, end) else NOWHERE
    return _after_blank(text, run, end, final, fresh, closed)


def _between_wide(text: str, run: re.Match[str], end: int) -> bool:
    return run.start() > 0 and bool(_WIDE.match(text[end]) and _WIDE.match(text[run.start() - 1]))


def _after_blank(text: str, run: re.Match[str], end: int, final: bool, fresh: bool, closed: bool) -> int | None:
    at = _OPENERS.match(text, end).end()  # type: ignore[union-attr]  # it may match nothing, but it always matches
    if at == len(text) and not final:
        return None
    following = text[at : at + 1]
    if run[0] == "." and not closed:
        known = _abbreviation(text, run.start(), at, final, fresh)
        if not known:
            return None if known is None else NOWHERE
    goes_on = following.islower() and (closed or run[0][0] == "…" or run[0].startswith(".."))
    return NOWHERE if goes_on else end


def _abbreviation(text: str, dot: int, at: int, final: bool, fresh: bool) -> bool | None:
    """Whether a sentence may end at the dot, as far as the word before it goes; None while that is not sure."""
    before = text[dot - 24 if dot > 24 else 0 : dot]
    if not before or before[-1].isspace():
        return True
    word = before.rsplit(None, 1)[-1].lstrip("\"'“‘«([*_~<>#").lower()
    following = text[at : at + 1]
    if not word:
        return True
    kind = _ABBREVIATIONS.get(word)
    if kind is _NEVER:
        return False
    if fresh and word[-1].isdecimal() and _LIST_NUMBER.match(before):
        return False
    if kind is _BEFORE_NUMBERS and following.isdigit():
        return False
    if len(word) <= 2 and word.isdecimal() and text[: dot - len(word)].rstrip()[-1:] in _COUNTING:
        return False
    if kind is _MAYBE:
        return not following.islower() and not following.isdigit()
    return _judged_by_next(text, word, at, final) if _SHORT.match(word) else True


def _judged_by_next(text: str, word: str, at: int, final: bool) -> bool | None:
    letters = _LETTERS.match(text, at)
    assert letters is not None
    if letters.end() == len(text) and not final and len(letters[0]) < 24:
        return None
    following = letters[0].lower()
    if word[-1].isdigit():
        return following not in _MONTHS
    starts = following in _STARTERS and letters[0][0].isupper()
    return starts or not following or bool(_WIDE.match(following))
