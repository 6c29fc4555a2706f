"""Which languages there is somebody to speak."""

from __future__ import annotations

from bot.speaker import Speaker
from bot.tts.engine import Voice
from bot.tts.voices import Persona
from bot.tts.voices.languages import primary
from bot.tts.voices.persona import ANY


def languages(speaker: Speaker) -> frozenset[str]:
    """The primary subtags of all languages that some engine speaks."""
    return frozenset(tag for engine in speaker.stage.engines.values() for tag in engine.capabilities.languages)


def spoken(who: Persona | Voice) -> list[str]:
    """What is known of the languages of ``who``, as primary subtags; nothing if they speak whatever they are given."""
    if isinstance(who, Voice):
        tags = who.language.replace(",", " ").split()
        return [primary(tag) for tag in tags if tag not in ("mul", "*")]
    return list(dict.fromkeys(tag for voices in who.voices.values() for tag in voices if tag != ANY))
