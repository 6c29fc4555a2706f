"""The voices of a server, read from whatever it answers when asked for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.tts.engine import Voice
from bot.tts.voices.languages import primary

OPENAI = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
"""The voices that OpenAI has, and that those who speak its API mostly take, too."""

_OPENAI_SPEAKS = """
af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi mk mr ms ne nl no
pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh
"""
EVERYTHING = frozenset(map(primary, _OPENAI_SPEAKS.split()))
"""The languages that OpenAI names for its voices: what is expected of a voice of which nothing is known."""

ANY = "mul"
_MOST = 2000
_NAMES = ("id", "voice_id", "voice", "name", "ShortName", "short_name")
_LANGUAGES = ("language", "languages", "locale", "lang", "Locale")
_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_LOCALE = re.compile(r"([a-z]{2,3}-[A-Z]{2})-\w+")
_KOKORO = re.compile(r"([abefhijpz])([fm])_[a-z0-9]+")
_KOKORO_LANGUAGES = {
    "a": "en-US", "b": "en-GB", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-BR", "z": "zh",
}  # fmt: skip
"""What the first letter of ``af_heart`` and its like stands for."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The voices, and the primary subtags of what they speak."""

    voices: tuple[Voice, ...]
    languages: frozenset[str]

    @classmethod
    def given(cls, engine: str, names: Sequence[str], languages: Sequence[str], revision: str) -> Catalogue:
        """Voices by their names alone, that speak these languages, or everything if those are not known either."""
        spoken = " ".join(languages) or ANY
        return cls._of([Voice(engine, name, spoken, revision=revision) for name in names])

    @classmethod
    def read(cls, engine: str, answer: object, languages: Sequence[str], revision: str) -> Catalogue:
        """The voices of an answer, in any of the shapes seen in the wild. Raises ValueError if there are none in it.

        ``languages`` are believed before what the answer says. Of a Sayso its personas are the voices; what they speak
        is what its engines do.
        """
        said = " ".join(languages)
        voices = list({voice.name: voice for entry in _entries(answer) for voice in _voice(engine, entry)}.values())
        if not voices:
            raise ValueError("no voices in the answer")
        voices = [Voice(engine, v.name, said or v.language or ANY, v.gender, v.description, revision) for v in voices]
        able = frozenset() if languages else _of_engines(answer)
        return cls(tuple(voices), able) if able else cls._of(voices)

    @classmethod
    def _of(cls, voices: Sequence[Voice]) -> Catalogue:
        tags = {tag for voice in voices for tag in voice.language.split()}
        return cls(tuple(voices), frozenset(map(primary, tags - {ANY})) | (EVERYTHING if ANY in tags else frozenset()))


def is_sayso(answer: object) -> bool:
    """Whether an answer of ``/v1/models``, ``/v1/audio/voices`` or ``/health`` is one of a Sayso."""
    match answer:
        case {"data": [{"owned_by": "sayso"}, *_]} | {"voices": list(), "engines": dict()}:
            return True
        case {"status": str(), "version": str(), "engines": list() | dict(), "cache": dict()}:
            return True
    return False


def is_ready(answer: object) -> bool:
    """Whether an answer of ``/ready`` says so; there are servers that answer something to every address."""
    return _mapping(answer).get("ready") is True


def _entries(answer: object) -> Iterator[object]:
    """The list in it: as it is, or under a name, and there also by the model or the name of each voice."""
    match answer:
        case {"voices": {"voices": inner}} | {"data": {"voices": inner}} | {"voices": inner} | {"data": inner}:
            pass
        case _:
            inner = answer if isinstance(answer, list) else []
    if isinstance(inner, list):
        yield from inner[:_MOST]
    for name, value in list(_mapping(inner).items())[:_MOST]:
        yield from value[:_MOST] if isinstance(value, list) else ({"id": name, **_mapping(value)},)


def _voice(engine: str, entry: object) -> Iterator[Voice]:
    """The voice of an entry, if that names one."""
    about = {"id": entry} if isinstance(entry, str) else _mapping(entry)
    name = next((value for key in _NAMES if isinstance(value := about.get(key), str) and value), "")
    if name and len(name) <= _MOST and name.isprintable():
        language, gender = _by_name(name)
        language = _tags(about) or language
        told = str(about.get("gender", about.get("Gender", ""))).casefold()
        yield Voice(engine, name, language, told if told in ("female", "male") else gender, _words(about))


def _by_name(name: str) -> tuple[str, str]:
    """What Kokoro's and Microsoft's names say of language and gender."""
    if kokoro := _KOKORO.fullmatch(name):
        return _KOKORO_LANGUAGES[kokoro[1]], {"f": "female", "m": "male"}[kokoro[2]]
    located = _LOCALE.match(name)
    return (located[1] if located and "Multilingual" not in name else "", "")


def _tags(about: Mapping[str, object]) -> str:
    """The languages that are named by tags; what is named otherwise (``English``) is not understood."""
    found = next((value for key in _LANGUAGES if (value := about.get(key))), "")
    tags = found if isinstance(found, list) else str(found).replace(",", " ").split()
    return " ".join(tag.replace("_", "-") for tag in tags if isinstance(tag, str) and _TAG.fullmatch(tag))


def _words(about: Mapping[str, object]) -> str:
    words = about.get("description")
    return words if isinstance(words, str) and words.isprintable() and len(words) <= 200 else ""


def _of_engines(answer: object) -> frozenset[str]:
    """What the engines of a Sayso speak; nothing if one of them speaks whatever it is given."""
    engines = _mapping(_mapping(answer).get("engines"))
    listed = [_tags(_mapping(voice)) for voices in engines.values() if isinstance(voices, list) for voice in voices]
    tags = {tag for tagged in listed for tag in (tagged.split() or [ANY])}
    return frozenset() if ANY in tags else frozenset(map(primary, tags))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
