"""A persona, and how a file of them is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from bot.errors import ConfigError
from bot.tts.voices.names import fold

ANY = "*"
"""The language that stands for all without a voice of their own."""

_RECORDING = re.compile(r".*\.(wav|mp3|flac|ogg|opus|m4a)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_GENDERS = ("female", "male", "")
_TOP = {"default", "casts", "personas"}
_KEYS = {"description", "gender", "aliases", "voices"}


@dataclass(frozen=True, slots=True)
class Persona:
    """One character: ``voices`` says by which voice of each engine it speaks a language.

    Languages are primary BCP-47 subtags, or ``*`` for every other that the voice speaks. ``recordings`` says where
    those of its voices lie that are files.
    """

    name: str
    description: str
    gender: str
    aliases: tuple[str, ...]
    voices: Mapping[str, Mapping[str, str]]
    recordings: Mapping[str, Path] = field(default_factory=dict)

    def voice(self, engine: str, language: str) -> str | None:
        """The voice meant for this language itself, not by way of ``*``."""
        return self.voices.get(engine, {}).get(language)

    def renamed(self, names: Mapping[str, str]) -> Persona:
        """The same character, with other names for its recordings."""
        voices = {
            engine: {tag: names.get(voice, voice) for tag, voice in languages.items()}
            for engine, languages in self.voices.items()
        }
        recordings = {names.get(name, name): path for name, path in self.recordings.items()}
        return replace(self, voices=voices, recordings=recordings)


@dataclass(frozen=True, slots=True)
class Cast:
    """The personas of one file, in its order, and which of them is the default, if it says so."""

    personas: tuple[Persona, ...]
    default: str | None


def read(path: Path) -> Cast:
    """The personas in a file. A recording that a voice names lies beside the file.

    Raises ConfigError that names the place of what is wrong.
    """
    top = _mapping(_parse(path), str(path))
    _known(top, _TOP, str(path))
    described = _mapping(top.get("personas", {}), f"{path}: personas")
    personas = tuple(_persona(name, value, path) for name, value in described.items())
    _distinct(personas, path)
    return Cast(personas, _default(top.get("default"), personas, path))


def _parse(path: Path) -> object:
    import yaml  # 34 ms that nobody pays who only asks for help

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_bytes(), loader)  # noqa: S506 (both are safe loaders)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not YAML ({error}).") from error


def _persona(name: object, value: object, path: Path) -> Persona:
    place = f"{path}: personas.{name}"
    if not isinstance(name, str) or not fold(name):
        raise ConfigError(
            f"{place}: the name of a persona is a word; put it in quotes if it looks like something else."
        )
    fields = _mapping(value, place)
    _known(fields, _KEYS, place)
    gender = _text(fields.get("gender", ""), f"{place}.gender")
    if gender not in _GENDERS:
        raise ConfigError(f"{place}.gender: {gender!r} is none of female, male or empty.")
    voices = _voices(fields.get("voices"), f"{place}.voices", path.parent)
    return Persona(
        name=name,
        description=_text(fields.get("description", ""), f"{place}.description"),
        gender=gender,
        aliases=_aliases(fields.get("aliases", []), f"{place}.aliases"),
        voices=voices,
        recordings=_recordings(voices, path.parent),
    )


def _aliases(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigError(f"{place}: {value!r} is not a list of names.")
    return tuple(_text(alias, place) for alias in value)


def _voices(value: object, place: str, folder: Path) -> Mapping[str, Mapping[str, str]]:
    engines = _mapping(value, place)
    if not engines:
        raise ConfigError(f"{place}: a persona needs a voice on at least one engine.")
    voices = {
        _text(engine, place): _languages(languages, f"{place}.{engine}", folder)
        for engine, languages in engines.items()
    }
    return MappingProxyType(voices)


def _languages(value: object, place: str, folder: Path) -> Mapping[str, str]:
    languages = {ANY: value} if isinstance(value, str) else _mapping(value, place)
    return MappingProxyType({_language(tag, place): _voice(voice, place, folder) for tag, voice in languages.items()})


def _language(tag: object, place: str) -> str:
    if isinstance(tag, bool):
        raise ConfigError(f"{place}: YAML reads `no` and `on` as false and true; put the language in quotes.")
    if not isinstance(tag, str) or (tag != ANY and not _LANGUAGE.fullmatch(tag)):
        raise ConfigError(f"{place}: {tag!r} is not a language of two or three letters such as en, nor '*'.")
    return tag


def _voice(voice: object, place: str, folder: Path) -> str:
    name = _text(voice, place)
    if _RECORDING.fullmatch(name) and not (folder / name).is_file():
        raise ConfigError(f"{place}: there is no recording {name} in {folder}.")
    return name


def _recordings(voices: Mapping[str, Mapping[str, str]], folder: Path) -> Mapping[str, Path]:
    names = {voice for languages in voices.values() for voice in languages.values()}
    return MappingProxyType({name: folder / name for name in sorted(names) if _RECORDING.fullmatch(name)})


def _mapping(value: object, place: str) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place}: {value!r} is not a mapping of names to values.")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{place}: {value!r} is not text; put it in quotes.")
    return value


def _known(fields: Mapping[object, object], allowed: set[str], place: str) -> None:
    for key in fields:
        if key not in allowed:
            raise ConfigError(f"{place}: there is no {key!r} here; allowed are {', '.join(sorted(allowed))}.")


def _distinct(personas: Sequence[Persona], path: Path) -> None:
    owners: dict[str, Persona] = {}
    for persona in personas:
        for name in (persona.name, *persona.aliases):
            owner = owners.setdefault(fold(name), persona)
            if owner is not persona:
                raise ConfigError(f"{path}: {name!r} would be both {owner.name} and {persona.name}.")


def _default(value: object, personas: Sequence[Persona], path: Path) -> str | None:
    if value is None:
        return None
    if value not in [persona.name for persona in personas]:
        raise ConfigError(f"{path}: default: {value!r} is none of the personas in this file.")
    return _text(value, f"{path}: default")
