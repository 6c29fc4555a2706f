"""What a Chinese text says by name or by sound, and no grammar may touch: pinyin with tones, and names with a dot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

_INITIAL = "zh|ch|sh|[bpmfdtnlgkhjqxzcsryw]"
_FINAL = "|".join(
    (
        "[aeiouüv]",
        "[ae]i|ao|ou",
        "i[aue]|u[aio]|[uüv]e",
        "[aeiuv]n|[aeio]ng",
        "ia[no]|iang|iong|uai",
        "[uüv]ang?",
    )
)
SYLLABLE = re.compile(rf"(?<![a-z])(?:(?:{_INITIAL})?(?:{_FINAL})|ng|er)[1-5]", re.IGNORECASE)
"""A syllable and its tone, 5 for none: ``xuan4``, ``jve2``; not the end of a word (``beta1``)."""
NAME = re.compile(r"[\u4e00-\u9fff]+(?:[-·—][\u4e00-\u9fff]+){1,2}")
"""A foreign name in two or three parts: 约瑟夫·高登-莱维特."""
_AFTER_JQX = re.compile(r"(?<=[jqx])[uü](?=(?:n|e|an)?\d)", re.IGNORECASE)
_PRIVATE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))


def protected(text: str) -> tuple[str, dict[str, str]]:
    """The text with a character of private use in the place of each syllable and name, and what they stand for.

    What was found once is protected wherever it stands, also inside a word: as upstream does it.
    """
    spare = (char for char in map(chr, chain(*_PRIVATE)) if char not in text)
    text, syllables = _replaced(text, SYLLABLE, spare)
    text, names = _replaced(text, NAME, spare)
    return text, {char: corrected(syllable) for char, syllable in syllables.items()} | names


def restored(text: str, stand_ins: Mapping[str, str]) -> str:
    """The text with what the stand-ins stand for; syllables as the model writes them."""
    return text.translate({ord(char): meant for char, meant in stand_ins.items()})


def corrected(syllable: str) -> str:
    """A syllable as the model writes it: after j, q and x the u is a v, and these alone are in capitals
    (``xuan4`` → ``XVAN4``)."""
    return _AFTER_JQX.sub("v", syllable).upper() if syllable[0] in "jqxJQX" else syllable


def _replaced(text: str, wanted: re.Pattern[str], spare: Iterator[str]) -> tuple[str, dict[str, str]]:
    found = dict.fromkeys(match[0] for match in wanted.finditer(text))
    if not found:
        return text, {}
    stand_ins = dict(zip(found, spare, strict=False))
    return _any_of(stand_ins).sub(lambda match: stand_ins[match[0]], text), {char: it for it, char in stand_ins.items()}


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Longest first, so that ``a1`` does not tear ``ta1``."""
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
