"""Who may be chosen to speak, as a list that somebody types into: from memory, in the time between two keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from bot.tts.engine import Voice
from bot.tts.languages import language_names
from bot.tts.voices import Persona, UnknownName, Voices, fold
from bot.tts.voices.languages import primary
from bot.tts.voices.names import nicknames
from bot.tts.voices.persona import ANY
from bot.wishes import Rules

_folded = lru_cache(maxsize=4096)(fold)
"""For what voices are called and described by, the same words hundreds of times; not for what people type."""

LONGEST = 100
"""Characters of a value or a label that a platform takes."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_A-Za-z]+")
_BETWEEN = re.compile(r"[\s·,/()]+")

_SAME, _IS, _BEGINS, _WORD_BEGINS, _CONTAINS = range(5)
"""How well what was typed fits, best first."""

Available = Mapping[str, Sequence[Voice]]


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """Somebody who may be chosen: ``value`` is what to ask for, ``label`` what to show, each of at most 100 characters.

    A persona has no ``engine``, and no ``language`` if it has more than one. ``named``: what was typed is a name of
    theirs, and means them; ``near``: it only comes near to one, for nobody fits it.
    """

    value: str
    label: str
    engine: str
    language: str
    gender: str
    named: bool = field(default=False, compare=False)
    near: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Taste:
    """What brings a choice to the top: ``favourites`` by name, the dearest first, then a language."""

    favourites: Sequence[str] = ()
    language: str | None = None


class Casting:
    """The personas and the installed voices, ready to be searched; what is installed anew needs a new one."""

    def __init__(self, voices: Voices, available: Available) -> None:
        self._voices = voices
        self._available = available
        self._entries = (*_personas(voices, available), *_installed(voices, available))
        self._by_name = {name: entry for entry in reversed(self._entries) for name in entry.names.split()}

    def shows(self, available: Available) -> bool:
        """Whether these are the voices that it was made of."""
        return self._available == available

    def choices(
        self, typed: str, rules: Rules, taste: Taste, limit: int = 25, engine: str | None = None
    ) -> Sequence[VoiceChoice]:
        """Who may be meant by what was typed, the likeliest first; with ``engine`` only who speaks on it.

        First who fits best: by name; by language, gender or engine; by the beginning of a name, of a word in it or
        about it, by a part. Among those the favourites, who has the language, the personas, the rest. If nobody fits,
        those whose names come near.
        """
        engines = frozenset(rules.engines if engine is None else {engine}.intersection(rules.engines))
        speak = (entry for entry in self._entries if not engines.isdisjoint(entry.engines))
        allowed = [entry for entry in speak if not rules.bans(entry.who)]
        whole, keys = fold(typed), [key for part in _BETWEEN.split(typed) if (key := fold(part))]
        fits = [(fit, entry) for entry in allowed if (fit := _fit(entry, whole, keys)) is not None]
        if not fits:
            return self._near(typed, allowed)[:limit]
        standing = _Standing(taste)
        fits.sort(key=lambda found: (found[0], *standing(found[1])))
        named = self._voices.find(typed, self._available) if keys and fits[0][0] == _SAME else None
        return [
            replace(entry.choice, named=True) if entry.who is named else entry.choice
            for _, entry in islice(fits, limit)
        ]

    def _near(self, typed: str, allowed: Collection[_Entry]) -> Sequence[VoiceChoice]:
        found = self._voices.find(typed, self._available)
        names = found.nearest if isinstance(found, UnknownName) else ()
        near = dict.fromkeys(self._by_name.get(fold(name)) for name in names)
        return [replace(entry.choice, near=True) for entry in near if entry is not None and entry in allowed]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A choice, and what may be typed for it, folded, each word in a line of its own.

    ``names`` it goes by, ``parts`` are the words in them; ``words`` say what it is, and ``also`` what it is among other
    things. ``languages`` are its own, if it has not many; ``engines`` it speaks on. ``key`` is the folded value.
    """

    choice: VoiceChoice
    key: str
    who: Persona | Voice
    engines: Collection[str]
    languages: Collection[str]
    names: str
    parts: str
    words: str
    also: str = ""

    def fit(self, key: str) -> int | None:
        """How well a folded word fits; None if it does not at all. Six hundred of these must take no time to speak of,
        hence long strings instead of many short ones."""
        begins, whole = f"\n{key}", f"\n{key}\n"
        if whole in self.names:
            return _SAME
        if whole in self.words:
            return _IS
        if begins in self.names:
            return _BEGINS
        if begins in self.words or begins in self.parts:
            return _WORD_BEGINS
        return _CONTAINS if key in self.names or begins in self.also else None


class _Standing:
    """Where a choice stands by taste; those who stand equal keep the order of the house."""

    def __init__(self, taste: Taste) -> None:
        self._dear = {fold(name): at for at, name in reversed(list(enumerate(taste.favourites)))}
        self._language = primary(taste.language) if taste.language else None

    def __call__(self, entry: _Entry) -> tuple[int, int]:
        dear = self._dear.get(entry.key)
        if dear is not None:
            return 0, dear
        if self._language in entry.languages:
            return 1, 0
        return (2, 0) if isinstance(entry.who, Persona) else (3, 0)


def _fit(entry: _Entry, whole: str, keys: Sequence[str]) -> int | None:
    """How well what was typed fits: as one name, or as several words of which each must."""
    if not keys:
        return _SAME
    fit = entry.fit(whole)
    if fit is not None or len(keys) == 1:
        return fit
    fits = [fit for key in keys if (fit := entry.fit(key)) is not None]
    return max(fits) if len(fits) == len(keys) else None


def _personas(voices: Voices, available: Available) -> Iterator[_Entry]:
    for persona in voices.personas():
        languages = {tag for engine in available for tag in persona.voices.get(engine, {})} - {ANY}
        own = languages if len(languages) == 1 else set()
        label = _joined(persona.name, persona.gender, persona.description)
        yield _Entry(
            VoiceChoice(persona.name, label, "", "".join(own), persona.gender),
            fold(persona.name),
            persona,
            persona.voices.keys(),
            own,
            _lines((persona.name, *persona.aliases)),
            _lines(_WORD.findall(persona.name)),
            _lines((persona.gender,)),
            _lines(_called(languages)),
        )


def _installed(voices: Voices, available: Available) -> Iterator[_Entry]:
    """The voices that can be asked for by some name, in the order of engines."""
    meant = _meant(voices, available)
    regions = _regions(available)
    labels = [(engine, voice, _label(voice, regions)) for engine, several in available.items() for voice in several]
    seen = Counter(label for _, _, label in labels)
    for engine, voice, label in labels:
        ways = (way for way in (voice.name, f"{engine} {voice.name}") if len(way) <= LONGEST)
        value = next((way for way in ways if meant.get(_folded(way)) is voice), None)
        if value is not None:
            yield _entry(voice, value, label if seen[label] == 1 else _label(voice, regions, in_full=True))


def _entry(voice: Voice, value: str, label: str) -> _Entry:
    languages = {primary(tag) for tag in _tags(voice)}
    regions = (part for tag in _tags(voice) for part in (tag, *tag.split("-")[1:]))
    return _Entry(
        VoiceChoice(value, label, voice.engine, voice.language, voice.gender),
        _folded(value),
        voice,
        (voice.engine,),
        languages,
        _lines((*nicknames(voice.name), voice.engine + voice.name)),
        _lines(_WORD.findall(voice.name)),
        _lines((voice.gender, voice.engine, *regions, *_called(languages))),
    )


def _meant(voices: Voices, available: Available) -> Mapping[str, Voice]:
    """Which voice a folded name means, as :meth:`Voices.find` has it: personas first, then the most literal."""
    hidden = {fold(name) for persona in voices.personas() for name in (persona.name, *persona.aliases)}
    best: dict[str, tuple[int, Voice]] = {}
    for engine, several in available.items():
        for voice in several:
            names = nicknames(voice.name)
            for literalness, key in ((0, _folded(engine + voice.name)), *enumerate(names)):
                if key not in hidden and (key not in best or literalness < best[key][0]):
                    best[key] = literalness, voice
    return {key: voice for key, (_, voice) in best.items()}


def _regions(available: Available) -> Mapping[str, int]:
    """In how many forms each language is to be had."""
    tags = {tag for several in available.values() for voice in several for tag in _tags(voice)}
    return Counter(map(primary, tags))


def _label(voice: Voice, regions: Mapping[str, int], *, in_full: bool = False) -> str:
    name = voice.name if in_full else nicknames(voice.name)[-1]
    tongues = " ".join(dict.fromkeys(_tongue(tag, regions) for tag in _tags(voice)))
    return _joined(name, tongues, voice.gender, voice.engine)


def _tongue(tag: str, regions: Mapping[str, int]) -> str:
    """The language as who speaks it calls it, with what tells it from others of that name."""
    name, rest = language_names(primary(tag))[-1], tag.partition("-")[2]
    return f"{name} ({rest})" if rest and regions[primary(tag)] > 1 else name


def _tags(voice: Voice) -> Sequence[str]:
    return [tag for tag in voice.language.replace(",", " ").split() if tag not in ("mul", "*")]


def _called(languages: Iterable[str]) -> Iterator[str]:
    """What these languages are called."""
    return (name for language in languages for name in (language, *language_names(primary(language))))


def _lines(words: Iterable[str]) -> str:
    """Words folded, each with the end of a line before and behind it."""
    return "\n".join(("", *dict.fromkeys(filter(None, map(_folded, words))), ""))


def _joined(*parts: str) -> str:
    label = " · ".join(filter(None, parts))
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
