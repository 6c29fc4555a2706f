"""The catalogues: which languages there are, and how a phrase is found in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from bot.tts.languages import language_names

_HERE = Path(__file__).parent
_ENGLISH = "en"

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Everything is text here: to a loader that knows types, the language ``no`` and the switch ``on`` are booleans."""

LOCALES = tuple(
    sorted((path.name for path in _HERE.iterdir() if (path / "common.yaml").is_file()), key=_ENGLISH.__ne__)
)
"""The languages that there are catalogues for, English first."""


@cache
def closest(locale: str) -> str:
    """The catalogue for a BCP-47 tag: ``ja-JP`` is ``ja``, ``zh-TW`` and ``zh`` are ``zh-CN``, others ``en``."""
    tag = locale.replace("_", "-").lower()
    same = (held for held in LOCALES if held.lower() == tag)
    related = (held for held in LOCALES if _primary(held) == _primary(tag))
    return next(same, None) or next(related, _ENGLISH)


def word(key: str, locale: str, /, **values: object) -> str:
    """The phrase ``section.key`` in the nearest catalogue, its ``{placeholders}`` filled in from ``values``.

    ``{count:день|дня|дней}`` is the word that goes with the number: one of two as in English, of three as in Russian.
    Falls back to English where a catalogue lacks it. Raises KeyError for a key that no catalogue has, and for a
    placeholder without a value.
    """
    phrase = translated(key, locale) or translated(key, _ENGLISH)
    if phrase is None:
        raise KeyError(key)
    return _PHRASES.vformat(phrase, (), values)


def translated(key: str, locale: str) -> str | None:
    """The phrase of the nearest catalogue as it stands there, placeholders and all; None where that one lacks it."""
    section, _, name = key.partition(".")
    return _section(closest(locale), section).get(name)


def language(code: str, locale: str) -> str:
    """What people call a language: ``language("ja", "zh-CN")`` is ``日语``.

    One that the catalogue does not name goes by its own name, or in English by its English one; else by its code.
    """
    for name in (code.lower(), _primary(code)):
        if (found := translated(f"languages.{name}", locale)) is not None:
            return found
    english, *own = language_names(_primary(code))
    return english if closest(locale) == _ENGLISH or not own else own[0]


def duration(seconds: float, locale: str) -> str:
    """A time to wait, rounded up to what people count in: ``20 s``, ``3 min``, ``2 h``, ``5 d``."""
    for unit, size, until in (("seconds", 1, 100), ("minutes", 60, 100), ("hours", 3600, 48)):
        if (count := max(1, math.ceil(seconds / size))) < until:
            return word(f"common.{unit}", locale, count=count)
    return word("common.days", locale, count=math.ceil(seconds / 86_400))


def listed(items: Iterable[object], locale: str) -> str:
    """Several things in one phrase, parted as the language parts them."""
    return word("common.comma", locale).join(map(str, items))


@cache
def _section(locale: str, section: str) -> Mapping[str, str]:
    """All phrases of a section by their dotted keys; none where there is no such file."""
    try:
        text = (_HERE / locale / f"{section}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return dict(_flat(yaml.load(text, Loader=_LOADER) or {}))  # noqa: S506 (it makes nothing but text)


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, held in tree.items():
        if isinstance(held, Mapping):
            yield from _flat(held, f"{above}{name}.")
        else:
            yield above + name, held


class _Phrases(Formatter):
    """Fills phrases in, and chooses among the forms of a word that is counted."""

    def format_field(self, value: Any, format_spec: str) -> str:
        forms = format_spec.split("|")
        return str(super().format_field(value, format_spec)) if len(forms) == 1 else forms[_form(value, len(forms))]


_PHRASES = _Phrases()


def _form(number: float, forms: int) -> int:
    """Which form goes with a number: singular or plural; or as with 1, with 2 to 4, with 5, in each ten but the second.

    What is no whole number goes with the second: ``1.5 characters``, ``1,5 символа``.
    """
    if number != int(number):
        return 1
    if forms == 2:
        return int(number != 1)
    last, teen = number % 10, 10 < number % 100 < 20
    return 2 if teen or not 0 < last < 5 else int(last > 1)


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()
