"""What administrators type: which engine, voice or language is meant, and what is offered while they type."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import wraps
from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.adapters.boundary import contained
from bot.adapters.discord.commands.admin_desk import Desk, No
from bot.adapters.discord.commands.admin_shown import Decided
from bot.adapters.discord.commands.admin_values import literal
from bot.adapters.discord.commands.choosing import LONGEST, MOST, voice_choices
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import language, listed, refusal, word
from bot.speech import Reason, Refusal
from bot.tts.engine import Voice
from bot.tts.voices import Persona, UnknownName, fold

DEFAULT, ALL, NONE = "default", "all", "none"
"""What may be typed instead of a name, also in the person's own language (``admin.value.<it>``)."""

Choice = app_commands.Choice[str]
S = TypeVar("S", bound=Desk)
Suggest = Callable[[S, discord.Interaction, str], Coroutine[Any, Any, list[Choice]]]


def suggesting(suggest: Suggest[S]) -> Suggest[S]:
    """Offers nothing to people who may not decide, nor where it fails: what is typed can still be sent as it is."""

    @wraps(suggest)
    async def guarded(self: S, interaction: discord.Interaction, typed: str) -> list[Choice]:
        if not self.may(interaction):
            return []
        return (await contained(suggest(self, interaction, typed), "choices_failed") or [])[:MOST]

    return guarded


class Typed(Desk):
    """A desk that understands names."""

    @suggesting
    async def type_engine(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """One engine, or the default."""
        return offered([_special(DEFAULT, interaction), *map(plain, self.station.speaker.stage.engines)], typed)

    @suggesting
    async def type_engines(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """A list of engines: what stands there already is kept, and another one offered."""
        before, _, last = typed.rpartition(",")
        held = parts(before)
        more = (name for name in self.station.speaker.stage.engines if name not in held and fold(last) in fold(name))
        choices = [plain(", ".join([*held, name])) for name in more]
        return choices if held else [*offered([_special(ALL, interaction)], typed), *choices]

    @suggesting
    async def type_voice(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """A voice, or the default."""
        voices = await voice_choices(self.station.speaker, interaction, typed)
        return [*offered([_special(DEFAULT, interaction)], typed), *voices]

    @suggesting
    async def type_any_voice(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """A voice."""
        return await voice_choices(self.station.speaker, interaction, typed)

    @suggesting
    async def type_banned_voice(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """One of the banned voices."""
        return offered(map(plain, sorted((await self.settings(interaction)).banned_voices)), typed)

    @suggesting
    async def type_language(self, interaction: discord.Interaction, typed: str) -> list[Choice]:
        """A language by its name in the person's own, or the default."""
        locale = locale_of(interaction)
        known = [app_commands.Choice(name=language(code, locale), value=code) for code in await self._languages()]
        return offered([_special(DEFAULT, interaction), *known], typed)

    def engine_named(self, typed: str, locale: str) -> str | No | None:
        """The engine that is meant; None for the default."""
        known = tuple(self.station.speaker.stage.engines)
        return None if means(typed, DEFAULT, locale) else _engine(typed, known, locale)

    def engines_named(self, typed: str, locale: str) -> frozenset[str] | No | None:
        """The engines that are meant; None for all of them."""
        if means(typed, ALL, locale) or means(typed, DEFAULT, locale):
            return None
        known = tuple(self.station.speaker.stage.engines)
        found = [_engine(part, known, locale) for part in parts(typed)]
        wrong = (one for one in found if isinstance(one, No))
        return next(wrong, None) or frozenset(one for one in found if isinstance(one, str)) or None

    async def who(self, typed: str, locale: str) -> Persona | Voice | No:
        """The persona or the voice that is meant."""
        stage = self.station.speaker.stage
        who = stage.voices.find(typed, await stage.available())
        return No(refusal(_unknown(who), locale)) if isinstance(who, UnknownName) else who

    async def voice_named(self, typed: str, settings: Decided, locale: str) -> str | No | None:
        """The voice that is meant, if it is not banned; None for the default."""
        if means(typed, DEFAULT, locale):
            return None
        who = await self.who(typed, locale)
        if isinstance(who, No):
            return who
        if (await self.defaults()).together(settings).bans(who):
            return No(word("admin.refused.banned", locale, voice=literal(who.name)))
        # Where several engines have a voice of that name, what was typed names the engine as well.
        return who.name if await self.who(who.name, locale) == who else typed.strip()

    async def language_named(self, typed: str, locale: str) -> str | No | None:
        """The code of the language that is meant, by its code or its name; None for the default."""
        if means(typed, DEFAULT, locale):
            return None
        known = await self._languages()
        for code in known:
            if fold(typed) in {fold(code), fold(language(code, locale)), fold(language(code, "en"))}:
                return code
        names = listed((language(code, locale) for code in known), locale)
        return No(word("admin.refused.language", locale, language=typed[:LONGEST], languages=names))

    async def _languages(self) -> Sequence[str]:
        """The languages that some voice here speaks."""
        available = await self.station.speaker.stage.available()
        tags = (tag for voices in available.values() for voice in voices for tag in voice.language.split(","))
        return sorted({tag.strip().partition("-")[0].lower() for tag in tags} - {"", "*", "mul"})


def means(typed: str, special: str, locale: str) -> bool:
    """Whether somebody typed a word such as ``none``, in English or in their own language."""
    return fold(typed) in {special, fold(word(f"admin.value.{special}", locale))}


def barred(engine: str, allowed: Iterable[str], locale: str, key: str = "engine_barred") -> No:
    """An engine that may not be used, and those that may."""
    names = listed(map(literal, allowed), locale)
    return No(word(f"admin.refused.{key}", locale, engine=literal(engine), allowed=names))


def parts(typed: str) -> list[str]:
    """What stands between commas."""
    return [part for piece in typed.replace("、", ",").replace("，", ",").split(",") if (part := piece.strip())]


def offered(choices: Iterable[Choice], typed: str) -> list[Choice]:
    """The choices that what was typed stands in."""
    key = fold(typed)
    return [choice for choice in choices if key in fold(choice.name) or key in fold(choice.value)]


def plain(name: str) -> Choice:
    """A choice that is shown as it is."""
    return app_commands.Choice(name=name[:LONGEST], value=name[:LONGEST])


def _special(special: str, interaction: discord.Interaction) -> Choice:
    return app_commands.Choice(name=word(f"admin.value.{special}", locale_of(interaction)), value=special)


def _engine(typed: str, known: Sequence[str], locale: str) -> str | No:
    for name in known:
        if fold(name) == fold(typed):
            return name
    details = {"engine": typed[:LONGEST], "engines": known}
    return No(refusal(Refusal(Reason.UNKNOWN_ENGINE, "", details), locale))


def _unknown(who: UnknownName) -> Refusal:
    return Refusal(Reason.UNKNOWN_VOICE, "", {"name": who.name[:LONGEST], "nearest": who.nearest})
