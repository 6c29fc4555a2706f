"""Punctuation as Kokoro was taught it: Western marks, a space after, curly quotes around."""

from __future__ import annotations

import re
import unicodedata

MARKS = {mark: f"{mark} " for mark in ",.!?:;—…"}
MARKS |= {"、": ", ", "。": ". ", "~": "— ", "〜": "— ", "(": " (", ")": ") "}
MARKS |= dict.fromkeys("“「『《〈【«", " “") | dict.fromkeys("”」』》〉】»", "” ")
MARKS |= dict.fromkeys(" \t\n·/・", " ")
"""What stands in the phonemes for a mark, after :func:`plain`; other symbols are left out."""

_ELLIPSIS = re.compile(r"…+|\.{3,}|。{3,}|⋯+")
_BEFORE = re.compile(r"\s+([,.;:!?…”)])")
_AFTER = re.compile(r"([“(])\s+")


def plain(text: str) -> str:
    """The text with one form of each letter and mark (full width, half width), ellipses kept as one mark."""
    # The normal form of an ellipsis is three full stops, so it is put aside meanwhile.
    return unicodedata.normalize("NFKC", _ELLIPSIS.sub("\ue000", text)).replace("\ue000", "…")


def tidy(phonemes: str) -> str:
    """The phonemes with one space between words, none before a pause or inside a quote."""
    return _BEFORE.sub(r"\1", _AFTER.sub(r"\1", re.sub(r"\s+", " ", phonemes))).strip()
