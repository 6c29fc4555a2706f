"""Who decides the voice: the command > the user's preference > the channel > the guild > the owner > the configuration.

A guild may lock voices (its members' choices do not count) or ban some of them; so may the owner, for all guilds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from bot.config import SpeakSettings
from bot.speech import Reason, Refusal, Request
from bot.tts.engine import Voice
from bot.tts.voices import Persona, UnknownName, fold

T = TypeVar("T")

SLOWEST, FASTEST = 0.5, 2.0
"""The rates that may be asked for."""

Find = Callable[[str], Persona | Voice | UnknownName]
"""Who is meant by a name."""

EVERY_GUILD = "*"
"""The guild under whose name the owner's settings for all are kept."""

COMMAND, USER, CHANNEL, GUILD, EVERYWHERE, CONFIG = range(6)
_BECAUSE = (
    "the command asked for it",
    "the user's preference",
    "the channel's setting",
    "the guild's setting",
    "the owner's setting for all",
    "the configuration's default",
)


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A value and the layer that chose it, 0 (the command) to 5 (the configuration)."""

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
    """What a user, a channel, a guild or the owner may have chosen; None is no choice."""

    @property
    def voice(self) -> str | None: ...
    @property
    def engine(self) -> str | None: ...
    @property
    def rate(self) -> float | None: ...
    @property
    def language(self) -> str | None: ...


class House(Chosen, Protocol):
    """What a guild, or the owner for all of them, has chosen and allows; empty or None is no rule."""

    @property
    def locked(self) -> bool: ...
    @property
    def banned_voices(self) -> frozenset[str]: ...
    @property
    def allowed_engines(self) -> frozenset[str]: ...
    @property
    def max_chars(self) -> int | None: ...
    @property
    def per_user(self) -> int | None: ...
    @property
    def per_guild(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in a guild, by its own word and the owner's: the ``engines`` that may be asked for, in the order of
    the house, and who is ``banned``.

    A persona is banned by any of its names, a voice by its own name or by that with its engine's before it. The three
    limits are None where the configuration decides.
    """

    engines: tuple[str, ...]
    banned: frozenset[str] = frozenset()
    locked: bool = False
    max_chars: int | None = None
    per_user: int | None = None
    per_guild: int | None = None

    @classmethod
    def of(cls, guild: House, everywhere: House, engines: Iterable[str]) -> Self:
        """What the two allow together, where there are these engines: never more than either."""
        lists = [house.allowed_engines for house in (guild, everywhere) if house.allowed_engines]
        return cls(
            tuple(engine for engine in engines if all(engine in allowed for allowed in lists)),
            frozenset(map(fold, guild.banned_voices | everywhere.banned_voices)),
            guild.locked or everywhere.locked,
            _least(guild.max_chars, everywhere.max_chars),
            _least(guild.per_user, everywhere.per_user),
            _least(guild.per_guild, everywhere.per_guild),
        )

    def bans(self, who: Persona | Voice | UnknownName) -> bool:
        """Whether nobody may speak like that."""
        if not self.banned:
            return False
        match who:
            case Persona():
                names = (who.name, *who.aliases)
            case Voice():
                names = (who.name, who.engine + who.name)
            case _:
                names = (who.name,)
        return not self.banned.isdisjoint(map(fold, names))


def decide(
    request: Request, below: Sequence[Chosen], rules: Rules, config: SpeakSettings, find: Find
) -> Wishes | Refusal:
    """Settle engine, voice, rate and language, or say why the asker may not have them so.

    ``below`` are the layers from the user's down to the owner's. What they chose and is banned or not allowed does not
    count: it was not chosen for this guild.
    """
    if request.rate is not None and not SLOWEST <= request.rate <= FASTEST:
        message = f"A rate of {request.rate:g} is outside {SLOWEST} to {FASTEST}; choose one within."
        return Refusal(Reason.INVALID, message, {"rate": request.rate, "low": SLOWEST, "high": FASTEST})
    if rules.locked and (request.voice or request.engine):
        message = "The voice is locked here; leave voice and engine out."
        return Refusal(Reason.NOT_ALLOWED, message, {"cause": "locked"})
    layers: list[Chosen] = [request, *below, config]
    voices = [None if layer.voice and _banned(layer.voice, rules, find) else layer.voice for layer in layers]
    if request.voice and voices[COMMAND] is None:
        return banned_voice(request.voice)
    engines = [layer.engine if layer.engine in rules.engines else None for layer in layers]
    if rules.locked:
        voices[USER] = engines[USER] = None
    # Where a guild bans even the configured default there is nothing below it to fall back on.
    voices[CONFIG] = config.voice
    return Wishes(
        engine=_first(engines, next(iter(rules.engines), config.engine)),
        voice=_first(voices, config.voice),
        rate=_first([layer.rate for layer in layers], config.rate),
        language=_first([layer.language for layer in layers], None),
    )


def _banned(name: str, rules: Rules, find: Find) -> bool:
    """Whether a name is banned, or whoever goes by it."""
    return bool(rules.banned) and (fold(name) in rules.banned or rules.bans(find(name)))


def _first(values: Iterable[T | None], default: T) -> Choice[T]:
    for layer, value in enumerate(values):
        if value is not None:
            return Choice(value, layer)
    return Choice(default, CONFIG)


def banned_voice(name: str) -> Refusal:
    """The answer to who asks for a voice that the guild bans."""
    message = f"The voice {name} is not allowed here; choose another."
    return Refusal(Reason.NOT_ALLOWED, message, {"voice": name})


def engine_not_allowed(name: str, rules: Rules) -> Refusal:
    """The answer to who asks for an engine that the guild does not allow."""
    allowed = ", ".join(rules.engines)
    message = f"The engine {name} is not allowed here; choose {allowed}."
    return Refusal(Reason.NOT_ALLOWED, message, {"engine": name, "allowed": list(rules.engines)})


def no_engine() -> Refusal:
    """The answer where nothing that is allowed is installed."""
    message = "None of the engines that are allowed here is installed; ask an administrator to allow another."
    return Refusal(Reason.NOT_ALLOWED, message, {"cause": "no_engine"})


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
