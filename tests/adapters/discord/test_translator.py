"""Commands are called in everybody's language what the catalogues say, and a host's own are left to the host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import app_commands
from discord.app_commands import TranslationContext, TranslationContextLocation
from discord.app_commands.translator import OtherTranslationContext

from bot.adapters.discord.translator import Translator, locale_of, t
from bot.speaker import Speaker
from tests.adapters.discord.commands.administered import administered
from tests.doubles.discord import FakeDiscord

NAME = re.compile(r"[-_'\w]{1,32}")
OTHERS = {"ja", "ru", "zh-CN", "zh-TW"}
"""Languages of Discord's clients that there is a catalogue for, besides English."""

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
        (discord.Locale.russian, "Попробуйте ещё раз через минуту."),
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


async def test_what_discord_is_told_is_what_it_takes(speaker: Speaker) -> None:
    """Every name and description of every command, in every language: as long and made of what Discord allows."""
    async with FakeDiscord() as fake, administered(fake, speaker):
        synced = [command for command in fake.commands["global"] if command["type"] == 1]
    assert {"say", "voice", "voice-admin"} <= {command["name"] for command in synced}
    for command in synced:
        for part in parts(command):
            for name in wordings(part, "name"):
                assert NAME.fullmatch(name), f"/{command['name']}: {name!r} is no name"
                assert name == name.lower(), f"/{command['name']}: {name!r} must be in lower case"
            for text in wordings(part, "description"):
                assert 1 <= len(text) <= 100, f"/{command['name']}: {len(text)} characters: {text!r}"
        assert weight(command) <= 8000, f"/{command['name']} has {weight(command)} characters in all"


async def test_commands_are_named_in_every_language(speaker: Speaker) -> None:
    """Nothing that Discord shows is left in English, and no two things beside each other have one name."""
    async with FakeDiscord() as fake, administered(fake, speaker):
        synced = fake.commands["global"]
    for part in (part for command in synced for part in parts(command)):
        missing = OTHERS - (part.get("name_localizations") or {}).keys()
        assert not missing, f"{part['name']} is not named in {missing}"
        for locale in OTHERS:
            names = [below["name_localizations"][locale] for below in part.get("options") or []]
            assert len(set(names)) == len(names), f"{part['name']} in {locale}: {names}"


def parts(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A command, its subcommands and their options."""
    yield command
    for below in command.get("options") or []:
        yield from parts(below)


def wordings(part: dict[str, Any], what: str) -> list[str]:
    """A name or a description in every language."""
    return [part[what], *(part.get(f"{what}_localizations") or {}).values()]


def weight(command: dict[str, Any]) -> int:
    """What Discord counts: names, descriptions and values, each in its longest language."""
    total = 0
    for part in parts(command):
        total += sum(max(map(len, wordings(part, what))) for what in ("name", "description"))
        for choice in part.get("choices") or []:
            total += max(map(len, wordings(choice, "name"))) + len(str(choice["value"]))
    return total


def test_a_person_is_answered_in_the_language_of_their_client() -> None:
    """Not in that of the server."""
    person = cast("discord.Interaction", SimpleNamespace(locale=discord.Locale.taiwan_chinese))
    assert locale_of(person) == "zh-CN"
