"""Who speaks: from the name that somebody typed to the voice of an engine, for this very sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

from bot.errors import ConfigError
from bot.resources import folder as resource
from bot.speech import EngineVoice, Utterance
from bot.tts.engine import Voice
from bot.tts.voices.languages import primary, speaks
from bot.tts.voices.names import fold, nearest, nicknames
from bot.tts.voices.persona import ANY, Cast, Persona, read
from bot.tts.voices.recordings import Recording, Recordings, digest

_FILE = "voices.yaml"

Available = Mapping[str, Sequence[Voice]]
"""The installed voices of each engine, the preferred engine first."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """Nobody goes by this name; ``nearest`` are up to three who nearly do, each good to be typed."""

    name: str
    nearest: tuple[str, ...]


class Voices:
    """The personas, and who of them or of the installed voices is meant and can say what is to be said."""

    def __init__(self, personas: Sequence[Persona], default: Persona) -> None:
        self._personas = tuple(personas)
        self._default = default
        # The name of a persona goes before the alias of another, and a later file before an earlier.
        self._names = {fold(alias): one for one in personas for alias in one.aliases}
        self._names |= {fold(one.name): one for one in personas}

    @classmethod
    def load(cls, folder: Path | None = None, extra: Sequence[Path] = ()) -> Self:
        """The personas in ``folder`` (those shipped, if None) and in each ``extra`` (a file, or a folder with one).

        A later file may replace a persona, take an alias over, and name another default. Of different recordings of one
        name the last keeps it. Raises ConfigError that names the place of an unknown key, a name used twice in one
        file, or a recording that is not there.
        """
        files = [_file(folder or resource("voices")), *(_file(path) for path in extra)]
        casts = [read(path) for path in files]
        personas = {fold(persona.name): persona for cast in casts for persona in cast.personas}
        personas = dict(zip(personas, _told_apart(list(personas.values())), strict=True))
        return cls(tuple(personas.values()), personas[fold(_default(casts, files))])

    def personas(self) -> Sequence[Persona]:
        """All of them, the shipped ones first."""
        return self._personas

    @property
    def default(self) -> Persona:
        """Who speaks if nobody is asked for."""
        return self._default

    def recordings(self, engine: str) -> Recordings:
        """What the personas' voices on a cloning engine are made from."""
        spoken = [
            (persona, name)
            for persona in self._personas
            for name in dict.fromkeys(persona.voices.get(engine, {}).values())
            if name in persona.recordings
        ]
        return Recordings(_recording(name, spoken) for name in dict.fromkeys(name for _, name in spoken))

    def find(self, name: str, available: Available) -> Persona | Voice | UnknownName:
        """Who is meant: a persona, its alias, or an installed voice by its own name or the short of it.

        Case, spaces and dashes do not matter. Where a short name fits several voices, the most literal match wins, then
        the engine that comes first.
        """
        key = fold(name)
        if persona := self._names.get(key):
            return persona
        if voice := _named(key, available):
            return voice
        return UnknownName(name, nearest(name, self._known(available), dear=self._names))

    def cast(self, who: Persona | Voice, engine: str, language: str, available: Available) -> EngineVoice | None:
        """By which voice of the engine ``who`` says a sentence in this language; None if no voice there can.

        The first of these that is installed: what the persona has for the language; what it has for any, if that voice
        speaks it; a voice of the persona's own name; what another persona of the same gender has; any voice of the same
        gender; any voice at all.
        """
        installed = {voice.name: voice for voice in available.get(engine, ())}
        able = [voice for voice in installed.values() if speaks(voice, language)]
        choices = chain(self._wishes(who, engine, language, installed), self._wider(who.gender, engine, language, able))
        voice = next(choices, None)
        return None if voice is None else EngineVoice(engine, voice.name, voice.revision)

    def utterance(
        self,
        who: Persona | Voice,
        engine: str,
        language: str,
        text: str,
        rate: float,
        fallbacks: Sequence[str],
        available: Available,
    ) -> Utterance | None:
        """The sentence with its voice on the engine, and the voices that keep language and character on the fallbacks.

        If the engine has no voice for the language, the first fallback that has one speaks in its stead; None if none.
        """
        able = [
            voice
            for name in dict.fromkeys((engine, *fallbacks))
            if (voice := self.cast(who, name, language, available)) is not None
        ]
        if not able:
            return None
        first, *others = able
        return Utterance(
            text=text,
            engine=first.engine,
            voice=first.voice,
            language=language,
            rate=rate,
            revision=first.revision,
            alternatives=tuple(others),
            instead_of="" if first.engine == engine else engine,
        )

    def _wishes(
        self, who: Persona | Voice, engine: str, language: str, installed: Mapping[str, Voice]
    ) -> Iterator[Voice]:
        """Voices of the engine that ``who`` itself speaks this language by, the dearest first."""
        if isinstance(who, Persona):
            yield from _own(who, engine, language, installed)
        elif who.engine == engine:
            yield from (voice for voice in (installed.get(who.name),) if voice and speaks(voice, language))
        else:
            for persona in self._personas:
                if who.name in persona.voices.get(who.engine, {}).values():
                    yield from _own(persona, engine, language, installed)

    def _wider(self, gender: str, engine: str, language: str, able: Sequence[Voice]) -> Iterator[Voice]:
        """Those who are able, the ones that a persona was given before others, and the same gender before any."""
        wished = (one.voice(engine, tag) for one in self._personas for tag in (language, primary(language)))
        known = [voice for name in dict.fromkeys(wished) for voice in able if voice.name == name]
        for voices in (known, able):
            yield from (voice for voice in voices if not gender or voice.gender == gender)
        yield from known
        yield from able

    def _known(self, available: Available) -> dict[str, str]:
        """Every name that can be typed, folded, and how it is written. Personas hide voices of the same name."""
        known = {key: voice.name for voices in available.values() for voice in voices for key in nicknames(voice.name)}
        known |= {fold(alias): alias for persona in self._personas for alias in persona.aliases}
        return known | {fold(persona.name): persona.name for persona in self._personas}


def _own(persona: Persona, engine: str, language: str, installed: Mapping[str, Voice]) -> Iterator[Voice]:
    for tag in (language, primary(language)):
        if voice := installed.get(persona.voice(engine, tag) or ""):
            yield voice
    # What a persona has for one language is its author's word; what it has for any must speak this one.
    voice = installed.get(persona.voice(engine, ANY) or "")
    if voice and speaks(voice, language):
        yield voice
    # The voices of another Sayso are its personas.
    key = fold(persona.name)
    yield from (voice for voice in installed.values() if nicknames(voice.name)[0] == key and speaks(voice, language))


def _named(key: str, available: Available) -> Voice | None:
    """The voice that goes by this folded name, most literally first, then in the order of engines."""
    matches = (
        (_literalness(key, voice), at, voice)
        for at, (engine, voices) in enumerate(available.items())
        for voice in voices
        if key == fold(engine + voice.name) or key in nicknames(voice.name)
    )
    best = min(matches, key=lambda match: match[:2], default=None)
    return None if best is None else best[2]


def _literalness(key: str, voice: Voice) -> int:
    names = nicknames(voice.name)
    return names.index(key) if key in names else 0


def _file(path: Path) -> Path:
    return path / _FILE if path.is_dir() else path


def _default(casts: Sequence[Cast], files: Sequence[Path]) -> str:
    for cast in reversed(casts):
        if cast.default is not None:
            return cast.default
    raise ConfigError(f"{files[0]}: default: it must say which persona speaks if nobody is asked for.")


def _recording(name: str, spoken: Sequence[tuple[Persona, str]]) -> Recording:
    """The recording that some of these speak by."""
    owners = [persona for persona, spoken_by in spoken if spoken_by == name]
    first, names = owners[0], tuple(persona.name for persona in owners)
    return Recording(name, first.recordings[name], names, first.gender, first.description)


def _told_apart(personas: Sequence[Persona]) -> Sequence[Persona]:
    """The personas, so that no two name different recordings alike: what is in the earlier becomes part of its name."""
    last = {name: path for persona in personas for name, path in persona.recordings.items()}
    return [persona.renamed(names) if (names := _aside(persona, last)) else persona for persona in personas]


def _aside(persona: Persona, last: Mapping[str, Path]) -> Mapping[str, str]:
    """New names for those of its recordings that others of the same name, with something else in them, have taken."""
    clashes = {name: path for name, path in persona.recordings.items() if path != last[name]}
    revisions = {name: (_revision(path), _revision(last[name])) for name, path in clashes.items()}
    return {
        name: f"{clashes[name].stem}.{own}{clashes[name].suffix}"
        for name, (own, other) in revisions.items()
        if own != other
    }


def _revision(path: Path) -> str:
    status = path.stat()
    return digest(path, status.st_mtime_ns, status.st_size)[:8]
