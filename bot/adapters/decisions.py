"""What whoever answers for a guild may decide, and what stands against it: the same on every platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from bot import wishes
from bot.adapters.extra import Kept
from bot.adapters.words import language
from bot.config import SpeakSettings
from bot.queue import Limits
from bot.speaker import Speaker
from bot.speech import Reason, Refusal
from bot.tts.engine import Voice
from bot.tts.voices import Persona, UnknownName, fold
from bot.wishes import EVERY_GUILD

LONGEST = 100
"""Characters of what somebody typed that are repeated to them."""


class Decided(wishes.House, Kept, Protocol):
    """What a guild has decided, as the store gives it."""

    @property
    def blocked_users(self) -> frozenset[str]: ...


Changes = Mapping[str, object]
"""What is to be changed in it, for ``settings.set_guild``; None is back to the default."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why something cannot be decided so: ``key`` names the sentence that says it, ``values`` are what stands in it."""

    key: str
    values: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a guild has decided nothing: what the owner did for all of them, and the configuration."""

    everywhere: Decided
    speak: SpeakSettings
    limits: Limits
    engines: tuple[str, ...]

    @property
    def engine(self) -> str:
        """Which engine."""
        return self.everywhere.engine or self.speak.engine

    @property
    def voice(self) -> str:
        """Who speaks."""
        return self.everywhere.voice or self.speak.voice

    @property
    def rate(self) -> float:
        """How fast."""
        return self.everywhere.rate or self.speak.rate

    def together(self, settings: Decided) -> wishes.Rules:
        """What a guild and the owner allow together."""
        return wishes.Rules.of(settings, self.everywhere, self.engines)


async def defaults_of(speaker: Speaker) -> Defaults:
    """What holds at this moment where a guild has decided nothing."""
    everywhere = await speaker.store.settings.guild(EVERY_GUILD)
    return Defaults(everywhere, speaker.stage.speak, speaker.dispatcher.limits, tuple(speaker.stage.engines))


def engines(held: Decided, changes: Changes, open_to_all: Sequence[str]) -> Changes | Wrong:
    """``changes`` to the engines, if the one that speaks for everybody is among those that may be used."""
    engine = cast("str | None", changes.get("engine", held.engine))
    allowed = cast("frozenset[str] | None", changes.get("allowed_engines", held.allowed_engines))
    left = [name for name in open_to_all if not allowed or name in allowed]
    if left and (engine is None or engine in left):
        return changes
    key = "default_barred" if left and "engine" not in changes else "engine_barred"
    return Wrong(key, {"engine": engine or min(allowed or ("",)), "allowed": left or open_to_all})


def ban(held: Decided, who: Persona | Voice, usual: str) -> Changes | Wrong:
    """Ban a voice, unless the guild itself speaks in it."""
    if wishes.Rules((), frozenset({fold(held.voice or usual)})).bans(who):
        return Wrong("in_use", {"voice": who.name})
    return {"banned_voices": {*held.banned_voices, who.name}}


def unban(held: Decided, name: str) -> Changes | Wrong:
    """Allow a banned voice again."""
    kept = {voice for voice in held.banned_voices if fold(voice) != fold(name)}
    if len(kept) < len(held.banned_voices):
        return {"banned_voices": kept}
    return Wrong("not_banned", {"voice": name, "banned": sorted(held.banned_voices)})


async def who_is(speaker: Speaker, typed: str) -> Persona | Voice | Refusal:
    """The persona or the voice that is meant by what somebody typed."""
    who = speaker.stage.voices.find(typed, await speaker.stage.available())
    if isinstance(who, UnknownName):
        return Refusal(Reason.UNKNOWN_VOICE, "", {"name": typed[:LONGEST], "nearest": who.nearest})
    return who


async def voice_called(speaker: Speaker, typed: str, rules: wishes.Rules) -> str | Refusal | Wrong:
    """The name under which the voice is kept that somebody typed, if it is not banned."""
    who = await who_is(speaker, typed)
    if isinstance(who, Refusal):
        return who
    if rules.bans(who):
        return Wrong("banned", {"voice": who.name})
    # Where several engines have a voice of that name, what was typed names the engine as well.
    return who.name if await who_is(speaker, who.name) == who else typed.strip()


def engine_called(typed: str, known: Sequence[str]) -> str | Refusal:
    """The engine that is meant by what somebody typed."""
    for name in known:
        if fold(name) == fold(typed):
            return name
    return Refusal(Reason.UNKNOWN_ENGINE, "", {"engine": typed[:LONGEST], "engines": known})


def engines_called(typed: str, known: Sequence[str]) -> frozenset[str] | Refusal:
    """The engines that are meant by a list with commas; the first that there is not, if any."""
    found = [engine_called(part, known) for part in parts(typed)]
    wrong = (one for one in found if isinstance(one, Refusal))
    return next(wrong, None) or frozenset(one for one in found if isinstance(one, str))


def language_called(typed: str, known: Iterable[str], locale: str) -> str | None:
    """The code of the language that is meant, by its code or its name in English or in the typist's; None for none."""
    for code in known:
        if fold(typed) in {fold(code), fold(language(code, locale)), fold(language(code, "en"))}:
            return code
    return None


async def languages_spoken(speaker: Speaker) -> Sequence[str]:
    """The codes of the languages that some voice here speaks."""
    available = await speaker.stage.available()
    tags = (tag for voices in available.values() for voice in voices for tag in voice.language.split(","))
    return sorted({tag.strip().partition("-")[0].lower() for tag in tags} - {"", "*", "mul"})


def parts(typed: str) -> list[str]:
    """What stands between commas."""
    return [part for piece in typed.replace("、", ",").replace("，", ",").split(",") if (part := piece.strip())]
