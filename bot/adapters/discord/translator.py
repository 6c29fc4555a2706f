"""Names and descriptions of commands in the languages of Discord's clients (skeleton; signatures are contracts)."""

from __future__ import annotations

import discord
from discord import app_commands


def t(key: str) -> app_commands.locale_str:
    """The phrase ``section.key`` of :mod:`bot.adapters.words`, in English until Discord asks for another language."""
    raise NotImplementedError


def locale_of(interaction: discord.Interaction) -> str:
    """The catalogue to answer this person from."""
    raise NotImplementedError


class Translator(app_commands.Translator):
    """Answers for Sayso's own phrases (those from :func:`t`) and asks ``other`` for everybody else's."""

    def __init__(self, other: app_commands.Translator | None = None) -> None:
        self.other = other

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        raise NotImplementedError
