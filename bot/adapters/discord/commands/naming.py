"""What a voice is called when people are told of it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.speech import Spoken, Utterance
from bot.tts.voices import Voices


def spoken_by(spoken: Iterable[Spoken], voices: Voices) -> str:
    """Who spoke, each once, in the order in which they were heard."""
    return ", ".join(dict.fromkeys(voice_of(each.utterance, voices) for each in spoken))


def voice_of(utterance: Utterance, voices: Voices) -> str:
    """The persona that has the voice for this language, or the engine's own name for it."""
    for persona in voices.personas():
        if persona.voice(utterance.engine, utterance.language) == utterance.voice:
            return persona.name
    return utterance.voice
