"""Who decides the voice: what the command says > the user's preference > the channel > the guild > the configuration.

A guild may lock voices (its members' choices do not count) or ban some of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from bot.config import SpeakSettings
from bot.speech import Reason, Refusal, Request
from bot.tts.engine import Voice
from bot.tts.voices import Persona, fold

T = TypeVar("T")

COMMAND, USER, CHANNEL, GUILD, CONFIG = range(5)
_BECAUSE = (
    "the command asked for it",
    "the user's preference",
    "the channel's setting",
    "the guild's setting",
    "the configuration's default",
)


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A value and the layer that chose it, 0 (the command) to 4 (the configuration)."""

    value: T
    layer: int

    @property
    def why(self) -> str:
        """The layer in words."""
        return _BECAUSE[self.layer]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a request is to be spoken, each with who chose it."""

    engine: Choice[str]
    voice: Choice[str]
    rate: Choice[float]
    language: Choice[str | None]


class Chosen(Protocol):
    """What a user, a channel or a guild may have chosen; None is no choice."""

    @property
    def voice(self) -> str | None: ...
    @property
    def engine(self) -> str | None: ...
    @property
    def rate(self) -> float | None: ...
    @property
    def language(self) -> str | None: ...


class House(Chosen, Protocol):
    """What a guild has chosen, and what it allows; empty or None is no rule."""

    @property
    def locked(self) -> bool: ...
    @property
    def banned_voices(self) -> frozenset[str]: ...
    @property
    def allowed_engines(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in a guild: the ``engines`` that may be asked for, in the order of the house, and who is ``banned``.

    A persona is banned by any of its names, a voice by its own name or by that with its engine's before it.
    """

    engines: tuple[str, ...]
    banned: frozenset[str] = frozenset()

    @classmethod
    def of(cls, guild: House, engines: Iterable[str]) -> Self:
        """The rules of a guild, where there are these engines."""
        allowed = guild.allowed_engines
        return cls(
            tuple(engine for engine in engines if not allowed or engine in allowed),
            frozenset(map(fold, guild.banned_voices)),
        )

    def bans(self, who: Persona | Voice) -> bool:
        """Whether nobody may speak like that."""
        if not self.banned:
            return False
        names = (who.name, *who.aliases) if isinstance(who, Persona) else (who.name, who.engine + who.name)
        return not self.banned.isdisjoint(map(fold, names))


def decide(request: Request, user: Chosen, channel: Chosen, guild: House, config: SpeakSettings) -> Wishes | Refusal:
    """Settle engine, voice, rate and language, or say why the asker may not have them so."""
    banned = frozenset(fold(name) for name in guild.banned_voices)
    if request.rate is not None and not 0.5 <= request.rate <= 2.0:
        return Refusal(Reason.INVALID, f"A rate of {request.rate:g} is outside 0.5 to 2.0; choose one within.")
    if guild.locked and (request.voice or request.engine):
        return Refusal(Reason.NOT_ALLOWED, "This server has locked its voice; leave voice and engine out.")
    if request.voice and fold(request.voice) in banned:
        return banned_voice(request.voice)
    layers: list[Chosen] = [request, user, channel, guild, config]
    voices = [None if layer.voice and fold(layer.voice) in banned else layer.voice for layer in layers]
    engines = [layer.engine for layer in layers]
    if guild.locked:
        voices[USER] = engines[USER] = None
    # Where a guild bans even the configured default there is nothing below it to fall back on.
    voices[CONFIG] = config.voice
    return Wishes(
        engine=_first(engines, config.engine),
        voice=_first(voices, config.voice),
        rate=_first([layer.rate for layer in layers], config.rate),
        language=_first([layer.language for layer in layers], None),
    )


def _first(values: Iterable[T | None], default: T) -> Choice[T]:
    for layer, value in enumerate(values):
        if value is not None:
            return Choice(value, layer)
    return Choice(default, CONFIG)


def banned_voice(name: str) -> Refusal:
    """The answer to who asks for a voice that the guild bans."""
    return Refusal(Reason.NOT_ALLOWED, f"This server does not allow the voice {name}; choose another.")
