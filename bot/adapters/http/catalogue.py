"""What there is to choose from: models and voices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from bot.adapters.http.answers import Answer
from bot.script import Stage
from bot.tts.engine import Voice
from bot.tts.voices import Persona, fold

OPENAI = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""OpenAI's model names, which mean the configured engine."""

DATED = re.compile(rf"({'|'.join(OPENAI)})(-\d{{4}}){{0,1}}(-\d\d){{0,2}}")
"""The same with the day that they are of."""

VERSIONS = {"indextts-1.5": "indextts"}
"""Engines that are also asked for by the model in them."""

CLONING = "indextts"
"""The engine that a persona with a recording is spoken by, where a persona is what is asked for as a model."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What a model means: an engine and a persona's name, None where the request, or the settings, decide."""

    engine: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model, as OpenAI lists them; ``created`` is Unix time."""

    id: str
    created: int
    object: Literal["model"] = "model"
    owned_by: str = "sayso"


@dataclass(frozen=True, slots=True)
class Models:
    """All of them."""

    data: list[Model]
    object: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class ModelsOfAudio:
    """All of them, as Open WebUI asks for them."""

    models: list[Model]


@dataclass(frozen=True, slots=True)
class PersonaListed:
    """A persona: ``id`` and ``name`` are what `voice` or `model` takes, and so are the aliases."""

    id: str
    name: str
    description: str
    gender: str
    aliases: list[str]


@dataclass(frozen=True, slots=True)
class VoiceListed:
    """An engine's own voice."""

    name: str
    language: str
    gender: str


@dataclass(frozen=True, slots=True)
class VoicesListed:
    """The personas, and the voices of each engine that can be used here and now."""

    voices: list[PersonaListed]
    engines: dict[str, list[VoiceListed]]


class Catalogue:
    """The models and voices of a stage; ``created`` is what the models say of themselves, in Unix time."""

    def __init__(self, stage: Stage, created: float) -> None:
        self._stage = stage
        self._created = int(created)
        engines = {name: Cast(engine=name) for name in stage.engines}
        engines |= {name: Cast(engine=engine) for name, engine in VERSIONS.items() if engine in stage.engines}
        personas = {one.name: self._persona(one) for one in stage.voices.personas()}
        # Where two have one name, the engine is meant: a persona has `voice` to be asked for by.
        self._listed = personas | dict.fromkeys(OPENAI, Cast()) | engines
        aliases = {fold(alias): personas[one.name] for one in stage.voices.personas() for alias in one.aliases}
        self._known: Mapping[str, Cast] = aliases | {fold(name): cast for name, cast in self._listed.items()}

    def cast(self, model: str | None) -> Cast:
        """What a model means. Raises an Answer that names those that are like it."""
        if not model or DATED.fullmatch(model):
            return Cast()
        if (cast := self._known.get(fold(model))) is not None:
            return cast
        raise self._unknown(model)

    def models(self) -> Models:
        """All that there are: OpenAI's names, engines, personas."""
        first = [name for name, cast in self._listed.items() if cast.voice is None]
        return Models([self._model(name) for name in sorted(self._listed, key=lambda name: name not in first)])

    def model(self, name: str) -> Model:
        """One of them, by any of its names. Raises an Answer."""
        if not name:
            raise self._unknown(name)
        self.cast(name)
        return self._model(name)

    async def voices(self) -> VoicesListed:
        """Who may be asked for as a voice."""
        available = await self._stage.available()
        personas = [
            PersonaListed(one.name, one.name, one.description, one.gender, list(one.aliases))
            for one in self._stage.voices.personas()
        ]
        return VoicesListed(personas, {engine: _listed(voices) for engine, voices in available.items()})

    def _persona(self, persona: Persona) -> Cast:
        cloned = CLONING in self._stage.engines and CLONING in persona.voices
        return Cast(CLONING if cloned else None, persona.name)

    def _model(self, name: str) -> Model:
        return Model(name, self._created)

    def _unknown(self, model: str) -> Answer:
        near = get_close_matches(fold(model)[:40], self._known, n=3, cutoff=0.5)
        names = {fold(name): name for name in self._listed}
        like = list(dict.fromkeys(names[key] for key in near if key in names))
        nearest = f"the nearest are {', '.join(like)}; " if like else ""
        there = ", ".join(name for name, cast in self._listed.items() if cast.voice is None)
        message = (
            f"There is no model {model[:60]!r} here; {nearest}there are {there}, and each persona "
            "(GET /v1/models lists all)."
        )
        return Answer(404, message, "model_not_found", param="model")


def _listed(voices: Sequence[Voice]) -> list[VoiceListed]:
    return [VoiceListed(voice.name, voice.language, voice.gender) for voice in voices]
