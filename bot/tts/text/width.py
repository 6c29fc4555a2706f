"""Letters in fancy dress: full-width, mathematical, circled and half-width forms become the plain ones.

Not all of NFKC: it would turn ``m²`` to ``m2`` and ``½`` to ``1⁄2``, and Chinese full stops and commas to ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bot.tts.text.block import Block
from bot.tts.text.sentence import Options

_DRESSED = re.compile(
    "[\uff03-\uff07\uff0a\uff0b\uff0d-\uff19\uff1c-\uff1e\uff20-\uff3a\uff3c\uff3e-\uff5a\uff5c\uff5e\uffe0\uffe1\uffe5\uffe6"
    "\U0001d400-\U0001d7ff\u2460-\u249b\u24b6-\u24ea\u2100-\u214f\u3250-\u33ff\ufb00-\ufb06\u2160-\u217f\u01c4-\u01cc"
    "\U0001f130-\U0001f149\u1d2c-\u1d6a\u2070\u2071\u207f-\u208e]"
)
_HALF_KANA = re.compile("[\uff61-\uff9f]+")
_BOXED = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]{2,}")
_DRESS = re.compile(f"[{_DRESSED.pattern[1:-1]}\uff61-\uff9f\U0001f150-\U0001f169\U0001f170-\U0001f189]")
"""Any of these."""
_STRAY = re.compile(
    "[\u0300\u0302-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20ff\ufe20-\ufe2f]+|(?<![\u0400-\u04ff])\u0301"
)

_MARK = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20ff\ufe20-\ufe2f]")


def plain_letters(text: str, options: Options) -> str:
    """The plain form of every letter, digit and sign, composed."""
    if _DRESS.search(text):
        text = _HALF_KANA.sub(_composed, _DRESSED.sub(_composed, text))
        text = _BOXED.sub(lambda boxes: "".join(map(_unboxed, boxes[0])), unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", text)


def near_dressed(block: Block, options: Options) -> Iterable[int]:
    """The sentences in which a letter may have a plainer form."""
    if not unicodedata.is_normalized("NFC", block.text):
        return block.everywhere()
    return block.holding_any(block.having(_DRESS))


def near_strays(block: Block, options: Options) -> Iterable[int]:
    """The sentences in which a mark may belong to no letter."""
    return block.holding_any(block.having(_MARK))


def stray_marks(text: str, options: Options) -> str:
    """No marks that belong to no letter: what is left of zalgo. A stress mark on a Russian vowel stays."""
    return _STRAY.sub("", text)


def _composed(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _unboxed(box: str) -> str:
    return chr(ord("A") + (ord(box) - 0x1F150) % 32)
