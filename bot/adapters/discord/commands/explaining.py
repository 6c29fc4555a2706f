"""How somebody is spoken and who decided it, in words."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.adapters.discord.commands.naming import voice_of
from bot.adapters.standing import standing
from bot.adapters.words import language, word
from bot.script import Explanation, Line
from bot.tts.voices import Voices
from bot.wishes import Wishes

LINES = 12
"""Sentences that are told one by one."""

LENGTH = 60
"""Characters of each."""


def in_force(wishes: Wishes, locale: str) -> str:
    """Voice, engine, rate and language, each with who decided it."""
    decided = standing(wishes, word("voice_command.show.any_language", locale), locale)
    return "\n".join(_decided(name, value, layer, locale) for name, value, layer in decided)


def explained(explanation: Explanation, voices: Voices, locale: str) -> str:
    """Who says which sentence, how long it takes, and who decided it."""
    cached = word("voice_command.explain.cached", locale) if explanation.cached else ""
    title = word("voice_command.explain.title", locale, seconds=f"{explanation.seconds:.1f}", cached=cached)
    lines = [title, *_lines(explanation, voices, locale), in_force(explanation.script.wishes, locale)]
    return "\n".join(lines)


def _decided(name: str, value: str, layer: str, locale: str) -> str:
    why = word(f"voice_command.why.{layer}", locale)
    return word(f"voice_command.show.{name}", locale, value=discord.utils.escape_markdown(value), why=why)


def _lines(explanation: Explanation, voices: Voices, locale: str) -> Iterator[str]:
    for number, line in enumerate(explanation.lines[:LINES], 1):
        yield _line(number, line, voices, locale)
    if len(explanation.lines) > LINES:
        yield word("voice_command.explain.more", locale, count=len(explanation.lines) - LINES)


def _line(number: int, line: Line, voices: Voices, locale: str) -> str:
    said = line.utterance
    text = said.text if len(said.text) <= LENGTH else f"{said.text[: LENGTH - 1]}…"
    return word(
        "voice_command.explain.line",
        locale,
        number=number,
        text=discord.utils.escape_markdown(text),
        voice=voice_of(said, voices),
        engine=said.engine,
        language=language(said.language, locale),
    )
