"""Names and descriptions of commands in the languages of Discord's clients."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.adapters.words import closest, translated, word

_KEY = "sayso"


def t(key: str) -> app_commands.locale_str:
    """The phrase ``section.key`` of :mod:`bot.adapters.words`, in English until Discord asks for another language."""
    return app_commands.locale_str(word(key, "en"), **{_KEY: key})


def locale_of(interaction: discord.Interaction) -> str:
    """The catalogue to answer this person from."""
    return closest(str(interaction.locale))


class Translator(app_commands.Translator):
    """Answers for Sayso's own phrases (those from :func:`t`) and asks ``other`` for everybody else's.

    A tree unloads the translator that is replaced, so this one loads ``other`` again, and unloads it with itself.
    """

    def __init__(self, other: app_commands.Translator | None = None) -> None:
        self.other = other

    async def load(self) -> None:
        if self.other is not None:
            await self.other.load()

    async def unload(self) -> None:
        if self.other is not None:
            await self.other.unload()

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        if (key := string.extras.get(_KEY)) is not None:
            return _phrase(key, str(locale))
        return None if self.other is None else await self.other.translate(string, locale, context)


def _phrase(key: str, locale: str) -> str | None:
    """What Discord shows in ``locale``; None where that is the English it shows anyway."""
    catalogue = closest(locale)
    return None if catalogue == "en" else translated(key, catalogue)
