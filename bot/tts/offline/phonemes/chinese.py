"""Mandarin: pinyin of words and phrases, tones as they change beside each other, then Kokoro's phonemes.

The table from pinyin to phonemes is misaki's (Apache-2.0, see ``voices/kokoro/NOTICE``). Latin words inside a Chinese
sentence go through the English reader, whose alphabet is the same, so that a mixed sentence is one utterance.

Third tones stay as the dictionary has them: Kokoro was taught them so and lets the first of two rise by itself. Writing
the change out was measured to be worse (3.5 instead of 2.2 % of syllables misheard, over two voices).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bot.resources import folder
from bot.tts.offline.phonemes import english, marks

_HAN = "㐀-䶿一-鿿豈-﫿〇𠀀-𲎯"
_WORD = "[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’&+#.-]*"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<latin>{_WORD}(?: +{_WORD})*)|(?P<mark>.)", re.DOTALL)

_WRITTEN = str.maketrans("0123456789の", "零一二三四五六七八九的")
_NUMERALS = frozenset("零〇一二三四五六七八九十百千万亿两点")
_ORDERED = frozenset("第期周拜初") | _NUMERALS
"""Before 一 these make it a number, which keeps its own tone (第一, 周一, 二十一)."""
_COUNTED = frozenset("零〇一二三四五六七八九月号点楼")
_CLOSED_BY_ONE = frozenset("统唯万之专单划惟逐")
_MUST = frozenset("我你他她它您咱谁们也还都就总非")
_CHILD = frozenset("女婴幼孤男健宠混胎")
"""After these 儿 is a word of its own (女儿, 婴儿), not a curl of the tongue."""


@dataclass(frozen=True, slots=True)
class Syllable:
    """A character as it is said: pinyin without tone, tone 1 to 5 (5 is neutral), and whether a word begins here."""

    character: str
    pinyin: str
    tone: int
    opens: bool = False

    def __str__(self) -> str:
        return f"{self.pinyin}{self.tone}"


def mandarin(text: str) -> str:
    """Phonemes of Chinese text. Numbers are expected in words; digits that remain are read one by one."""
    words = re.sub(r"(?<![A-Za-z])[0-9の]+", lambda found: found[0].translate(_WRITTEN), marks.plain(text))
    return marks.tidy("".join(_runs(words)))


def syllables(characters: str) -> list[Syllable]:
    """A run of Chinese characters as it is said: readings by phrase, tones after they have changed each other."""
    said = list(_citation(characters))
    for rule in (_curled, _particles, _one_and_not):
        said = rule(said)
    return said


def _runs(text: str) -> Iterator[str]:
    for run in _RUN.finditer(text):
        if run["han"]:
            yield "".join(_sounds(syllables(run["han"])))
        elif run["latin"]:
            yield f" {english.american(run['latin'])} "
        else:
            yield marks.MARKS.get(run["mark"], "")


def _sounds(said: Sequence[Syllable]) -> Iterator[str]:
    table = _table()
    for syllable in said:
        yield (" " if syllable.opens else "") + table.get(str(syllable), "")


def _citation(characters: str) -> Iterator[Syllable]:
    from pypinyin import Style, lazy_pinyin
    from pypinyin.seg import mmseg

    for word in mmseg.seg.cut(characters):
        readings = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore")
        # A character without any reading makes the two differ in length: then it is left out, its neighbours are not.
        readings = readings if len(readings) == len(word) else [_alone(character) for character in word]
        for at, (character, reading) in enumerate(zip(word, readings, strict=True)):
            if reading:
                yield Syllable(character, reading[:-1], int(reading[-1]), opens=at == 0)


def _alone(character: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(character, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"))


def _curled(said: list[Syllable]) -> list[Syllable]:
    """儿 after a noun or verb loses its tone and joins it (玩儿); a child stays a child (女儿)."""
    for at in range(1, len(said)):
        joins = said[at].character in "儿兒" and said[at - 1].character not in _CHILD
        followed = at + 1 < len(said) and said[at + 1].character in "子童女歌科"
        if joins and not followed:
            said[at] = replace(said[at], tone=5, opens=False)
    return said


def _particles(said: list[Syllable]) -> list[Syllable]:
    """得 and 地 as particles are neutral de; 得 after a person is the must of speech, děi."""
    for at in range(1, len(said)):
        here, before = said[at], said[at - 1]
        after = said[at + 1] if at + 1 < len(said) else None
        alone = here.opens and (after is None or after.opens)
        if here.character == "得" and alone and after is not None:
            must = before.character in _MUST
            said[at] = replace(here, pinyin="dei" if must else "de", tone=3 if must else 5)
        elif here.character == "地" and alone and after is not None and _repeated(said[:at]):
            said[at] = replace(here, pinyin="de", tone=5)
    return said


def _repeated(before: Sequence[Syllable]) -> bool:
    written = "".join(syllable.character for syllable in before[-2:])
    return len(written) == 2 and written[0] == written[1]


def _one_and_not(said: list[Syllable]) -> list[Syllable]:
    """一 and 不 take the second tone before a fourth, none between the same word said twice, else a fourth."""
    for at, here in enumerate(said):
        before = said[at - 1].character if at else ""
        after = said[at + 1] if at + 1 < len(said) else None
        if here.character == "不" and here.pinyin == "bu":
            said[at] = replace(here, tone=_before(after, before, 4))
        elif here.character == "一":
            counts = before in _ORDERED or before in _CLOSED_BY_ONE or after is None or after.character in _COUNTED
            said[at] = replace(here, tone=1 if counts else _before(after, before, 4))
    return said


def _before(after: Syllable | None, before: str, otherwise: int) -> int:
    if after is None:
        return otherwise
    if after.character == before:
        return 5
    return 2 if after.tone == 4 or after.character in "个個" else otherwise


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = json.loads((folder("voices") / "kokoro-pinyin.json").read_text("utf-8"))
    return table
