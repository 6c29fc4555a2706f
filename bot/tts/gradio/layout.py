"""The order of arguments that a web UI wants: told by itself, by the names of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import EngineBroken
from bot.tts.audio import Reference
from bot.tts.voices.languages import primary

ENDPOINT = "/gen_single"
LANGUAGES = ("zh", "en")
"""What the models before 2.5 speak."""
SLOWEST, FASTEST = 0.5, 2.0
"""Rates that can be asked for: what 2.5 has a slider for."""

_MARKS = {"1.5": {"prompt", "text", "infer_mode"}, "2.0": {"prompt", "text", "emo_control_method"}}
"""The parameters by which a version is told; 2.5 is a 2.0 that is asked for the language as well."""
_LANGUAGE, _DURATION = "lang_choice", "duration_factor"

Parameter = Mapping[str, Any]
"""A parameter as ``/gradio_api/info`` describes it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be said: by which voice, in which language and how fast."""

    text: str
    reference: Reference
    language: str
    rate: float


@dataclass(frozen=True, slots=True)
class Layout:
    """What ``/gen_single`` of one web UI takes; ``version`` is that of the model."""

    version: str
    parameters: tuple[Parameter, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """What can be spoken, as primary BCP-47 subtags."""
        named = self._named(_LANGUAGE)
        return tuple(one.lower() for one in _choices(named)) if named else LANGUAGES

    @property
    def paced(self) -> bool:
        """Whether the web UI itself can speak faster or slower."""
        return self._named(_DURATION) is not None

    def arguments(self, asked: Asked, prompt: object) -> list[object]:
        """The values in their order: what is asked for, and for all else the web UI's own defaults.

        ``prompt`` is the reference as the web UI knows it.
        """
        wanted = {
            "prompt": prompt,
            "text": asked.text,
            _LANGUAGE: primary(asked.language).upper(),
            _DURATION: round(1 / asked.rate, 2),
        }
        return [wanted[name] if (name := _name(one)) in wanted else _default(one) for one in self.parameters]

    def _named(self, name: str) -> Parameter | None:
        return next((one for one in self.parameters if _name(one) == name), None)


def layout(info: Mapping[str, Any], engine: str, place: str) -> Layout:
    """The layout of the web UI that describes itself so.

    Raises EngineBroken that names what is missing, or what is asked for that Sayso does not know.
    """
    endpoints = info["named_endpoints"]
    if ENDPOINT not in endpoints:
        has = ", ".join(sorted(endpoints)) or "nothing"
        raise EngineBroken(
            engine, f"The web UI at {place} is not IndexTTS's: it has no {ENDPOINT} but {has}. Set gradio.url to one."
        )
    parameters = tuple(endpoints[ENDPOINT]["parameters"])
    return Layout(_version(parameters, engine, place), parameters)


def _version(parameters: Sequence[Parameter], engine: str, place: str) -> str:
    names = {_name(one) for one in parameters}
    version = next((version for version, marks in _MARKS.items() if marks <= names), None)
    if version is None:
        raise EngineBroken(engine, f"{_unknown(place)} it lacks {_missing(names)}. {_REMEDY}")
    wanting = [_name(one) for one in parameters if not _answerable(one)]
    if wanting:
        raise EngineBroken(engine, f"{_unknown(place)} it asks for {', '.join(wanting)}. {_REMEDY}")
    return "2.5" if _LANGUAGE in names else version


_REMEDY = "Use IndexTTS 1.5, 2.0 or 2.5, or update Sayso."


def _unknown(place: str) -> str:
    return f"The {ENDPOINT} of the web UI at {place} is of no version that Sayso knows:"


def _missing(names: set[str]) -> str:
    return ", or ".join(
        f"{', '.join(sorted(lacking))} ({version})" for version, marks in _MARKS.items() if (lacking := marks - names)
    )


def _name(parameter: Parameter) -> str:
    return str(parameter.get("parameter_name") or parameter.get("label") or "")


def _answerable(parameter: Parameter) -> bool:
    """Whether we have a value for it: ours, its own, none where a file may be left out, or the first of a choice."""
    return (
        _name(parameter) in {"prompt", "text", _LANGUAGE, _DURATION}
        or bool(parameter.get("parameter_has_default"))
        or _optional(parameter)
        or bool(_choices(parameter))
    )


def _default(parameter: Parameter) -> object:
    if parameter.get("parameter_has_default"):
        return parameter.get("parameter_default")
    return None if _optional(parameter) else _choices(parameter)[0]


def _optional(parameter: Parameter) -> bool:
    """A second recording, of a mood: it is heard only if it is chosen to be."""
    return parameter.get("component") == "Audio"


def _choices(parameter: Parameter) -> Sequence[str]:
    kind = parameter.get("type")
    return tuple(kind.get("enum", ())) if isinstance(kind, Mapping) else ()
