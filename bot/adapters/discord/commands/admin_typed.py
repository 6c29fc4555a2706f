"""What administrators type: which engine, voice or language is meant, and what is offered while they type."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.adapters.boundary import contained
from bot.adapters.decisions import (
    Decided,
    engine_called,
    engines_called,
    language_called,
    languages_spoken,
    parts,
    voice_called,
    who_is,
)
from bot.adapters.discord.commands.admin_desk import Desk, No, no
from bot.adapters.discord.commands.choosing import LONGEST, MOST, voice_choices
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import language, listed, word
from bot.speech import Refusal
from bot.tts.engine import Voice
from bot.tts.voices import Persona, fold

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
        known = [
            app_commands.Choice(name=language(code, locale), value=code)
            for code in await languages_spoken(self.station.speaker)
        ]
        return offered([_special(DEFAULT, interaction), *known], typed)

    def engine_named(self, typed: str, locale: str) -> str | No | None:
        """The engine that is meant; None for the default."""
        if means(typed, DEFAULT, locale):
            return None
        found = engine_called(typed, tuple(self.station.speaker.stage.engines))
        return no(found, locale) if isinstance(found, Refusal) else found

    def engines_named(self, typed: str, locale: str) -> frozenset[str] | No | None:
        """The engines that are meant; None for all of them."""
        if means(typed, ALL, locale) or means(typed, DEFAULT, locale):
            return None
        found = engines_called(typed, tuple(self.station.speaker.stage.engines))
        return no(found, locale) if isinstance(found, Refusal) else found or None

    async def who(self, typed: str, locale: str) -> Persona | Voice | No:
        """The persona or the voice that is meant."""
        found = await who_is(self.station.speaker, typed)
        return no(found, locale) if isinstance(found, Refusal) else found

    async def voice_named(self, typed: str, settings: Decided, locale: str) -> str | No | None:
        """The voice that is meant, if it is not banned; None for the default."""
        if means(typed, DEFAULT, locale):
            return None
        found = await voice_called(self.station.speaker, typed, (await self.defaults()).together(settings))
        return found if isinstance(found, str) else no(found, locale)

    async def language_named(self, typed: str, locale: str) -> str | No | None:
        """The code of the language that is meant, by its code or its name; None for the default."""
        if means(typed, DEFAULT, locale):
            return None
        known = await languages_spoken(self.station.speaker)
        if (code := language_called(typed, known, locale)) is not None:
            return code
        names = listed((language(code, locale) for code in known), locale)
        return No(word("admin.refused.language", locale, language=typed[:LONGEST], languages=names))


def means(typed: str, special: str, locale: str) -> bool:
    """Whether somebody typed a word such as ``none``, in English or in their own language."""
    return fold(typed) in {special, fold(word(f"admin.value.{special}", locale))}


def offered(choices: Iterable[Choice], typed: str) -> list[Choice]:
    """The choices that what was typed stands in."""
    key = fold(typed)
    return [choice for choice in choices if key in fold(choice.name) or key in fold(choice.value)]


def plain(name: str) -> Choice:
    """A choice that is shown as it is."""
    return app_commands.Choice(name=name[:LONGEST], value=name[:LONGEST])


def _special(special: str, interaction: discord.Interaction) -> Choice:
    return app_commands.Choice(name=word(f"admin.value.{special}", locale_of(interaction)), value=special)
