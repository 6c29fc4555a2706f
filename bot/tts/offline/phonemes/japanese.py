"""Japanese: readings by Open JTalk, then Kokoro's phonemes mora by mora."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from bot.tts.offline.phonemes import english, marks

_LATIN = re.compile(r"([A-Za-z]*[a-z][A-Za-z'’]*(?: +[A-Za-z]*[a-z][A-Za-z'’]*)*)")
"""Words go to the English reader; letters in capitals (NHK) are spelled by Open JTalk."""

_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "ɡ": "ガギグゲゴ",
    "s": "サシスセソ",
    "ʣ": "ザジズゼゾ",
    "t": "タチツテト",
    "d": "ダヂヅデド",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "m": "マミムメモ",
    "ɾ": "ラリルレロ",
}
_KANA = {kana: consonant + vowel for consonant, row in _ROWS.items() for kana, vowel in zip(row, "aiɯeo", strict=True)}
_KANA |= {kana: f"{_KANA[kana][0]}ʲi" for kana in "キギビピミリ"}
_KANA |= {"シ": "ɕi", "ス": "sɨ", "ジ": "ʥi", "ズ": "zɨ", "チ": "ʨi", "ツ": "ʦɨ", "ヂ": "ʥi", "ヅ": "zɨ"}
_KANA |= {"ニ": "ɲi", "ヒ": "çi", "フ": "ɸɯ", "ヤ": "ja", "ユ": "jɯ", "ヨ": "jo", "ワ": "βa", "ヰ": "i", "ヱ": "e"}
_KANA |= {"ヲ": "o", "ヴ": "vɯ", "ヵ": "ka", "ヶ": "ke"}
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o", "ャ": "a", "ュ": "ɨ", "ョ": "o", "ヮ": "a"}
_SPECIAL = {"ッ": "ʔ", "ー": "ː", "ン": "ン"}
_PALATAL = frozenset("ɕʥʨɲç")
"""Consonants that are soft already."""


def standard(text: str) -> str:
    """Phonemes of Japanese text; Open JTalk reads its numbers, the English reader its Latin words."""
    # A word may end in a held consonant, or be no more than the length of the one before it.
    return re.sub("(?<=ʔ) | (?=ː)", "", marks.tidy(" ".join(_words(marks.plain(text)))))


def _words(text: str) -> Iterator[str]:
    for piece in _LATIN.split(text):
        if _LATIN.fullmatch(piece):
            yield english.american(piece)
        elif piece.strip():
            yield from map(_word, _features(piece))


def _features(text: str) -> Iterable[Mapping[str, Any]]:
    import pyopenjtalk

    return cast("Iterable[Mapping[str, Any]]", pyopenjtalk.run_frontend(text))


def _word(feature: Mapping[str, Any]) -> str:
    if feature["mora_size"]:
        return sounds(feature["pron"])
    return "".join(marks.MARKS.get(mark, "") for mark in marks.plain(feature["string"]))


def sounds(kana: str) -> str:
    """Phonemes of a word in katakana; marks that are no kana (the devoicing of Open JTalk) are left out."""
    moras = list(_moras(kana))
    spoken = ""
    for mora in reversed(moras):
        spoken = (_nasal(spoken[:1]) if mora == "ン" else mora) + spoken
    return spoken


def _moras(kana: str) -> Iterator[str]:
    for found in re.finditer(r"([ァ-ヶー])([ァィゥェォャュョヮ]?)", kana):
        large, small = found.groups()
        if large in _KANA:
            yield _joined(large, small) if small else _KANA[large]
        else:
            yield from filter(None, (_SPECIAL.get(large, _SMALL.get(large, "")), _SMALL.get(small, "")))


def _joined(large: str, small: str) -> str:
    consonant, vowel = _KANA[large][:-1].rstrip("ʲ"), _SMALL[small]
    if large in "イウ":
        return ("j" if large == "イ" else "β") + vowel
    if large in "クグ" and small in "ァィェォヮ":
        return f"{consonant}ᵝ{vowel}"
    soft = small in "ャュョ" or vowel == "i" or _KANA[large].endswith("i")
    return consonant + ("ʲ" if soft and consonant not in _PALATAL else "") + vowel


def _nasal(after: str) -> str:
    """ン as it sounds before another consonant."""
    for place, followers in (("m", "mpb"), ("ŋ", "kɡ"), ("ɲ", "ɲʨʥ"), ("n", "ntdɾzʣʦ")):
        if after and after in followers:
            return place
    return "ɴ"
