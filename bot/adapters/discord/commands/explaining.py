"""How somebody is spoken and who decided it, in words."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.adapters.discord.commands.naming import voice_of
from bot.adapters.words import language, word
from bot.script import Explanation, Line
from bot.tts.voices import Voices
from bot.wishes import CHANNEL, COMMAND, CONFIG, EVERYWHERE, GUILD, USER, Choice, Wishes

LINES = 12
"""Sentences that are told one by one."""

LENGTH = 60
"""Characters of each."""

_LAYERS = {
    COMMAND: "command",
    USER: "user",
    CHANNEL: "channel",
    GUILD: "guild",
    EVERYWHERE: "everywhere",
    CONFIG: "config",
}
"""How the layers of :mod:`bot.wishes` are called in the catalogues."""


def in_force(wishes: Wishes, locale: str) -> str:
    """Voice, engine, rate and language, each with who decided it."""
    spoken = wishes.language.value
    tongue = word("voice_command.show.any_language", locale) if spoken is None else language(spoken, locale)
    return "\n".join(
        [
            _decided("voice", wishes.voice.value, wishes.voice, locale),
            _decided("engine", wishes.engine.value, wishes.engine, locale),
            _decided("rate", f"{wishes.rate.value:g}", wishes.rate, locale),
            _decided("language", tongue, wishes.language, locale),
        ]
    )


def explained(explanation: Explanation, voices: Voices, locale: str) -> str:
    """Who says which sentence, how long it takes, and who decided it."""
    cached = word("voice_command.explain.cached", locale) if explanation.cached else ""
    title = word("voice_command.explain.title", locale, seconds=f"{explanation.seconds:.1f}", cached=cached)
    lines = [title, *_lines(explanation, voices, locale), in_force(explanation.script.wishes, locale)]
    return "\n".join(lines)


def _decided(name: str, value: str, choice: Choice[str] | Choice[float] | Choice[str | None], locale: str) -> str:
    why = word(f"voice_command.why.{_LAYERS[choice.layer]}", locale)
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
