"""Commands are called in everybody's language what the catalogues say, and a host's own are left to the host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import discord
import pytest
from discord import app_commands
from discord.app_commands import TranslationContext, TranslationContextLocation
from discord.app_commands.translator import OtherTranslationContext

from bot.adapters.discord.translator import Translator, locale_of, t

CONTEXT: OtherTranslationContext = TranslationContext(TranslationContextLocation.other, None)


class Hosts(app_commands.Translator):
    """A host's translator, which notes whether it is loaded."""

    def __init__(self) -> None:
        self.loaded = 0

    async def load(self) -> None:
        self.loaded += 1

    async def unload(self) -> None:
        self.loaded -= 1

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        return f"{locale}:{string.message}"


def test_a_phrase_is_english_until_asked_otherwise() -> None:
    """What Discord shows everybody else is English; a key that nobody has is found out at once."""
    assert t("refusals.soon").message == "Try again in a minute."
    with pytest.raises(KeyError):
        t("refusals.nonsense")


@pytest.mark.parametrize(
    ("locale", "phrase"),
    [
        (discord.Locale.japanese, "1分ほどしてから、もう一度試してください。"),
        (discord.Locale.chinese, "请一分钟后再试。"),
        (discord.Locale.taiwan_chinese, "请一分钟后再试。"),
        (discord.Locale.british_english, None),
        (discord.Locale.german, None),
    ],
)
async def test_a_phrase_is_translated(locale: discord.Locale, phrase: str | None) -> None:
    """Sayso's phrases come from the catalogues; what would be English again is left out."""
    assert await Translator().translate(t("refusals.soon"), locale, CONTEXT) == phrase


async def test_other_peoples_phrases_go_to_their_translator() -> None:
    """The host's translator answers for the host's commands, and for those only."""
    translator = Translator(Hosts())
    theirs = app_commands.locale_str("Try again in a minute.")
    assert await translator.translate(theirs, discord.Locale.german, CONTEXT) == "de:Try again in a minute."
    assert await translator.translate(t("refusals.soon"), discord.Locale.german, CONTEXT) is None
    assert await Translator().translate(theirs, discord.Locale.japanese, CONTEXT) is None


async def test_a_hosts_translator_is_loaded_all_the_time() -> None:
    """Taking its place and giving it back leaves the host's translator loaded exactly once."""
    hosts = Hosts()
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    await tree.set_translator(hosts)
    await tree.set_translator(Translator(hosts))
    assert hosts.loaded == 1
    await tree.set_translator(hosts)
    assert hosts.loaded == 1
    await tree.set_translator(Translator(hosts))
    await tree.set_translator(None)
    assert hosts.loaded == 0


def test_a_person_is_answered_in_the_language_of_their_client() -> None:
    """Not in that of the server."""
    person = cast("discord.Interaction", SimpleNamespace(locale=discord.Locale.taiwan_chinese))
    assert locale_of(person) == "zh-CN"
